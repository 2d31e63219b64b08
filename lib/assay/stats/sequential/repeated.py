"""What may be said while the experiment goes on? Repeated confidence intervals and p-values.

They hold at all looks at once, whatever the rule by which the experiment ends, also if it does not follow its
design. The price is their width: after a stop by the design, `stagewise` says more.

References:
    Jennison and Turnbull (1989), Interim Analyses: The Repeated Confidence Interval Approach. Jennison and
    Turnbull (2000), Group Sequential Methods, chapter 9.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special

from assay.errors import InputError
from assay.stats.checks import not_negative, numbers, shared_shape
from assay.stats.sequential.boundary import Boundary, looks
from assay.stats.sequential.bounds import DEFAULT_SPENDING, solve
from assay.stats.sequential.spending import Spending, spent
from assay.stats.tails import Alternative, checked

# The strictest and the laxest level of one side that are tried, as normal quantiles.
_STRICTEST, _LAXEST = 37.0, -5.0
_PRECISE = 1e-12
_FINITE = 1e3


@dataclass(frozen=True, slots=True, eq=False)
class Repeated:
    """Intervals that hold at all looks at once, looks along the last axis.

    Attributes:
        lower: Lower ends, in the unit of the estimates; -inf for `less` and where a look spends nothing.
        upper: Upper ends; inf for `greater` and where a look spends nothing.
    """

    lower: NDArray[np.float64]
    upper: NDArray[np.float64]


def repeated_intervals(design: Boundary, estimate: ArrayLike, std_error: ArrayLike) -> Repeated:
    """Confidence intervals at every look that hold together with probability 1 - alpha.

    Formula: estimate ± b_k std_error, b_k the efficacy bound of look k.
    Assumes: What the bounds assume.
    Use when: Intervals are shown while the experiment goes on.
    Avoid when: It has stopped by its design: `stagewise` is narrower and its estimate unbiased in the median.

    Args:
        design: The design at the looks that took place.
        estimate: Estimated effects, looks along the last axis.
        std_error: Their standard errors, 0 or greater; broadcasts.

    Returns:
        Both ends; NaN where an argument is NaN. An interval leaves out 0 exactly where z is beyond its bound.

    Raises:
        InputError: Shapes that do not broadcast or do not end in the number of looks, or a negative
            standard error.

    Example:
        >>> from assay.stats.sequential import spending_bounds
        >>> found = repeated_intervals(spending_bounds([0.5, 1.0]), [0.3, 0.2], [0.1, 0.07])
        >>> found.lower.round(4).tolist()
        [0.0037, 0.0622]
    """
    centre, error = numbers("estimate", estimate), not_negative("std_error", std_error)
    shape = shared_shape(estimate=centre, std_error=error)
    if shape[-1:] != (design.size,):
        raise InputError(f"estimate has shape {shape}; its last axis must be the {design.size} looks")
    with np.errstate(invalid="ignore"):
        return Repeated(
            lower=np.where(np.isinf(design.upper), centre * 0 - np.inf, centre - design.upper * error),
            upper=np.where(np.isinf(design.lower), centre * 0 + np.inf, centre - design.lower * error),
        )


def repeated_p_values(
    statistic: ArrayLike,
    fraction: ArrayLike,
    *,
    spending: Spending = DEFAULT_SPENDING,
    alternative: Alternative = "two-sided",
) -> NDArray[np.float64]:
    """Repeated p-values: at each look the least alpha at which the design would stop there.

    Formula: p_k = min{alpha : z_k beyond the bound of look k at level alpha}.
    Assumes: What the bounds assume.
    Use when: p-values are shown while the experiment goes on. The least so far holds as well.
    Avoid when: The experiment has stopped by its design: `stagewise` gives the smaller p-value.

    Args:
        statistic: z at each look, looks along the last axis.
        fraction: Rising information at the looks, as a fraction of the planned maximum.
        spending: The spending function.
        alternative: What the design looks for.

    Returns:
        p-values of the shape of `statistic`; NaN where it is NaN. Below alpha exactly where the design of
        that alpha stops; not below 1e-299. A look takes about ten solutions of its bounds.

    Raises:
        InputError: Looks that do not rise, a shape that does not end in their number, an unknown
            alternative, or a spending function that is none.

    Example:
        >>> repeated_p_values([2.1, 2.1], [0.5, 1.0]).round(4).tolist()
        [0.188, 0.0363]
    """
    time, side = looks(fraction), checked(alternative)
    z = numbers("statistic", statistic)
    if z.shape[-1:] != time.shape:
        raise InputError(f"statistic has shape {z.shape}; its last axis must be the {time.size} looks")
    toward = {"two-sided": np.abs(z), "greater": z, "less": -z}[side]
    quantile = np.full(z.shape, np.nan)
    for index in np.argwhere(~np.isnan(z)):
        upto = time[: index[-1] + 1]
        quantile[*index] = _quantile(float(toward[*index]), upto, spending, symmetric=side == "two-sided")
    sides = 2 if side == "two-sided" else 1
    return np.asarray(np.where(quantile <= _LAXEST, 1.0, sides * special.ndtr(-quantile)))


def _quantile(z: float, time: NDArray[np.float64], spending: Spending, *, symmetric: bool) -> float:
    """Normal quantile of the level of one side at which the bound of the last look is `z`."""
    none = np.zeros(0)

    def excess(quantile: float) -> float:
        level = float(special.ndtr(-quantile))
        high, _ = solve(time, spent(spending, time, level), symmetric=symmetric, used=none)
        return float(np.clip(high[-1] - z, -_FINITE, _FINITE))

    # A bound is never below the one of a single look.
    least, most = 0.0 if symmetric else _LAXEST, min(z, _STRICTEST)
    if most <= least or excess(least) >= 0:
        return least
    if excess(most) <= 0:
        return most
    return float(optimize.brentq(excess, least, most, xtol=_PRECISE, rtol=_PRECISE))
