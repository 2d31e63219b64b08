"""Where does a quantile of one population lie? The exact interval between two order statistics.

The number of units at or below the quantile is binomial whatever the distribution, so that an interval
between two order statistics has a known probability of holding the quantile: equal to the one stated for
continuous data, and at least that one for data with ties.

References:
    Thompson (1936), On Confidence Ranges for the Median and Other Expectation Distributions. Conover (1999),
    Practical Nonparametric Statistics, section 3.2. David and Nagaraja (2003), Order Statistics, eq. 7.1.2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.errors import InputError
from assay.stats.checks import numbers, open_unit, shared_shape
from assay.stats.quantiles.empirical import (
    not_ranked,
    order_statistic,
    rank_law,
    sample_quantile,
)
from assay.stats.result import Reason, flagged
from assay.stats.tails import Alternative, checked, per_tail

# What the recurrence of the probabilities leaves in a sum that should equal the level.
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class QuantileInterval:
    """A quantile and its interval, as arrays of one shape.

    Attributes:
        estimate: Sample quantile, type 7 of Hyndman and Fan, in the metric's unit.
        lower: Lower end, an order statistic; -inf where the data or `alternative` set none.
        upper: Upper end; inf likewise.
        lower_rank: Rank of `lower`, counted from 1; 0 where there is none.
        upper_rank: Rank of `upper`; n + 1 where there is none.
        coverage: Probability that such an interval holds the quantile of a continuous distribution; a lower
            bound for other ones.
        alpha: The level asked for: `coverage` is at least 1 - `alpha`.
        reason: Codes of `Reason`; `UNBOUNDED` where an end that was asked for is infinite.
        alternative: `greater` leaves the upper side open, `less` the lower.
    """

    estimate: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    lower_rank: NDArray[np.float64]
    upper_rank: NDArray[np.float64]
    coverage: NDArray[np.float64]
    alpha: NDArray[np.float64]
    reason: NDArray[np.uint16]
    alternative: Alternative = "two-sided"


def quantile_interval(
    y: ArrayLike,
    *,
    q: ArrayLike = 0.5,
    alpha: ArrayLike = 0.05,
    alternative: Alternative = "two-sided",
) -> QuantileInterval:
    """The distribution-free interval of a quantile: from x(l) to x(u).

    l is the greatest rank with P(B <= l - 1) <= tail and u the least with P(B >= u) <= tail, B binomial with
    n trials and probability q; the tail is alpha / 2, or alpha for a one-sided interval. It is the inversion
    of the sign test of the quantile.

    Args:
        y: Independent units on the last axis, in the metric's unit; the axes before it are a batch.
        q: Order of the quantile, strictly between 0 and 1; broadcasts with the batch.
        alpha: 1 minus the confidence asked for; broadcasts.
        alternative: `greater` for a lower end only, `less` for an upper end only.

    Returns:
        The interval. With few units or an extreme `q` no unit is far enough out, and the end is infinite
        (`Reason.UNBOUNDED`). NaN or infinity among the units leave nothing defined (`Reason.NOT_FINITE`).

    Raises:
        InputError: A `q` or `alpha` outside (0, 1), an unknown alternative, or a single number for `y`.

    Example:
        >>> found = quantile_interval([66, 71.2, 83, 83.6, 101, 107.6, 122, 143, 160, 177, 414])
        >>> float(found.lower), float(found.estimate), float(found.upper)
        (71.2, 107.6, 177.0)
    """
    units, order, level = numbers("y", y), open_unit("q", q), open_unit("alpha", alpha)
    side = checked(alternative)
    if not units.shape:
        raise InputError("y is a single number; a sample needs an axis of units")
    shape = shared_shape(y=np.empty(units.shape[:-1]), q=order, alpha=level)
    ascending, n = np.sort(units, axis=-1), units.shape[-1]
    reason = np.broadcast_to(not_ranked(ascending), shape)
    usable = reason == 0
    order, level = np.broadcast_to(order, shape), np.broadcast_to(level, shape)
    lower_rank, upper_rank, coverage = _ranks(n, order, per_tail(level, side), side)
    with np.errstate(invalid="ignore"):  # infinite units have a reason, not a quantile
        estimate = np.where(usable, sample_quantile(ascending, order), np.nan)
    ends = [order_statistic(ascending, rank) for rank in (lower_rank, upper_rank)]
    open_end = ((lower_rank == 0) & (side != "less")) | ((upper_rank == n + 1) & (side != "greater"))
    lower, upper, lower_rank, upper_rank, coverage = (
        np.where(usable, a, np.nan) for a in (*ends, lower_rank, upper_rank, coverage)
    )
    return QuantileInterval(
        estimate=estimate,
        lower=lower,
        upper=upper,
        lower_rank=lower_rank,
        upper_rank=upper_rank,
        coverage=coverage,
        alpha=level,
        reason=np.asarray(reason | flagged((usable & open_end, Reason.UNBOUNDED))),
        alternative=side,
    )


def _ranks(
    n: int, q: NDArray[np.float64], tail: NDArray[np.float64], side: Alternative
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Lower rank, upper rank and exact coverage, element by element."""
    found = np.array(
        [_rank_pair(n, float(o), float(t), side) for o, t in zip(q.flat, tail.flat, strict=True)]
    )
    lower, upper, coverage = found.reshape(*q.shape, 3).transpose(-1, *range(q.ndim))
    return lower, upper, coverage


def _rank_pair(n: int, q: float, tail: float, side: Alternative) -> tuple[float, float, float]:
    first, weights = rank_law(n, q)
    most = tail * (1 + _ROUNDING)
    below, above = np.cumsum(weights), np.cumsum(weights[::-1])
    # Tails of probability 0 in double precision lie outside the law's window and are always small enough.
    lower = 0 if side == "less" else first + int(np.searchsorted(below, most, side="right"))
    upper = first + len(weights) - int(np.searchsorted(above, most, side="right"))
    upper = n + 1 if side == "greater" else upper
    inside = weights[max(lower - first, 0) : max(upper - first, 0)]
    return lower, upper, float(np.sum(inside))
