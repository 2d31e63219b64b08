"""Quantiles of events when customers were randomised: the variance of the share of events, by customer.

A quantile of events moves when the share of events at or below it does. That share is a ratio of two sums
over customers, whose variance the delta method gives; two order statistics at that share, plus and minus its
sampling error, translate it into the metric's unit without a density.

References:
    Deng, Knoblich and Lu (2018), Applying the Delta Method in Metric Analytics: A Practical Guide with Novel
    Ideas, section 4 (outer confidence interval). Woodruff (1952), Confidence Intervals for Medians and Other
    Position Measures.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from assay.errors import InputError
from assay.stats.checks import open_unit, shared_shape
from assay.stats.pivot import Estimate, t_effect
from assay.stats.quantiles.empirical import not_ranked, order_statistic, ordered, sample_quantile
from assay.stats.quantiles.interval import QuantileInterval
from assay.stats.registry import method
from assay.stats.result import Effect, Reason, flagged
from assay.stats.samples import Samples
from assay.stats.tails import Alternative, checked, per_tail

# Standard errors of the share at which order statistics are read: those of a 95 % interval.
_REACH = float(-special.ndtri(0.025))


@method(
    name="quantile_clustered",
    version="1",
    metric_types=(),
    summary="t-test of quantiles of events whose unit is the customer, by Deng, Knoblich and Lu.",
    needs=("y", "cluster"),
    data=Samples,
)
def quantile_clustered(
    control: Samples,
    treatment: Samples,
    *,
    alpha: NDArray[np.float64],
    alternative: Alternative = "two-sided",
    q: ArrayLike = 0.5,
) -> Effect:
    """Difference and lift of a quantile of events, clustered by customer.

    Formula: T = (x̂_t - x̂_c) / √(s_t² + s_c²), Welch-Satterthwaite degrees of freedom from G - 1 customers;
        s = (x(u) - x(l)) / (2·1.96), l = ⌊n·(q - 1.96·σ)⌋, u = ⌊n·(q + 1.96·σ)⌋ + 1, n events; σ² = G / (G -
        1)·Σ_g (S_g - p̂·N_g)² / n², S_g of the N_g events of customer g at or below x̂, p̂ = ΣS_g / n. The lift
        is Fieller's.
    Assumes: Customers are independent, arms have some dozens of them, and the density is positive at the
        quantile. Events of a customer may depend on each other in any way.
    Use when: Rows are events (page loads, orders, trades), `cluster` names the customer, and customers were
        randomised.
    Avoid when: An arm has fewer than about 30 customers, or events tie near the quantile. One value per
        customer: use `quantile_melded`.

    Args:
        control: Samples with y, one per event, and cluster.
        treatment: The same; broadcasts.
        alpha: Level; broadcasts.
        alternative: What the test looks for.
        q: Order of the quantile, strictly between 0 and 1; broadcasts.

    Returns:
        The effect. Fewer than 2 customers in an arm, or order statistics beyond its events, are too few
        units (`Reason.TOO_FEW_UNITS`); ties around the quantile in both arms leave no variance.

    Raises:
        InputError: A `q` outside (0, 1).
    """
    order = open_unit("q", q)
    shared_shape(control=np.empty(control.shape), treatment=np.empty(treatment.shape), q=order, alpha=alpha)
    arms = (_estimate(arm, order) for arm in (control, treatment))
    return t_effect(*arms, alpha=alpha, alternative=alternative)


def clustered_quantile_interval(
    samples: Samples,
    *,
    q: ArrayLike = 0.5,
    alpha: ArrayLike = 0.05,
    alternative: Alternative = "two-sided",
) -> QuantileInterval:
    """The outer confidence interval of a quantile of events, clustered by customer.

    Its ends are x(l) and x(u) with l = ⌊n·(q - t·σ)⌋ and u = ⌊n·(q + t·σ)⌋ + 1, t of Student's distribution
    with G - 1 degrees of freedom for G customers.

    Args:
        samples: Samples with y, one per event, and cluster.
        q: Order of the quantile, strictly between 0 and 1; broadcasts with the batch.
        alpha: 1 minus the confidence; broadcasts.
        alternative: `greater` for a lower end only, `less` for an upper end only.

    Returns:
        The interval; its exact coverage is not defined. Fewer than 2 customers leave no interval.

    Raises:
        InputError: A `q` or `alpha` outside (0, 1), an unknown alternative, or samples without `cluster`.
    """
    order, level, side = open_unit("q", q), open_unit("alpha", alpha), checked(alternative)
    shape = shared_shape(samples=np.empty(samples.shape), q=order, alpha=level)
    ascending, n = ordered(samples), samples.n
    with np.errstate(all="ignore"):
        value, sigma, customers, codes = _share(samples, ascending, order)
        reason = np.broadcast_to(codes, shape)
        usable = reason == 0
        reach = -special.stdtrit(customers - 1, per_tail(level, side)) * sigma
        low, high = _outer(n, order, np.where(usable, reach, 0.0))
    lower_rank = np.zeros(shape) if side == "less" else low
    upper_rank = np.full(shape, n + 1.0) if side == "greater" else high
    endless = ((lower_rank == 0) & (side != "less")) | ((upper_rank == n + 1) & (side != "greater"))
    lower, upper = (order_statistic(ascending, rank) for rank in (lower_rank, upper_rank))
    return QuantileInterval(
        estimate=np.broadcast_to(value, shape),
        lower=np.where(usable, lower, np.nan),
        upper=np.where(usable, upper, np.nan),
        lower_rank=np.where(usable, lower_rank, np.nan),
        upper_rank=np.where(usable, upper_rank, np.nan),
        coverage=np.full(shape, np.nan),
        alpha=np.broadcast_to(level, shape),
        reason=reason | flagged((usable, Reason.NOT_DEFINED), (usable & endless, Reason.UNBOUNDED)),
        alternative=side,
    )


def _estimate(samples: Samples, q: NDArray[np.float64]) -> Estimate:
    ascending, n = ordered(samples), samples.n
    value, sigma, customers, reason = _share(samples, ascending, q)
    lower, upper = _outer(n, q, np.where(reason == 0, _REACH * sigma, 0.0))
    outside = (reason == 0) & ((lower < 1) | (upper > n))
    width = order_statistic(ascending, upper) - order_statistic(ascending, lower)
    return Estimate(
        value=value,
        variance=(width / (2 * _REACH)) ** 2,
        floor=np.asarray(0.0),
        df=customers - 1,
        reason=reason | flagged((outside, Reason.TOO_FEW_UNITS)),
    )


def _outer(
    n: int, q: NDArray[np.float64], reach: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Ranks just outside the quantile's order ∓ reach, held within 0 and n + 1."""
    return np.clip(np.floor(n * (q - reach)), 0, n + 1), np.clip(np.floor(n * (q + reach)) + 1, 0, n + 1)


def _share(
    samples: Samples, ascending: NDArray[np.float64], q: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.uint16]]:
    """The quantile, the standard error of the share of events at or below it, customers and reasons."""
    cluster = samples.cluster
    if cluster is None:
        raise InputError("samples has no series cluster; it must name the customer of each event")
    shape = np.broadcast_shapes(samples.shape, q.shape)
    bad = ~np.all(np.isfinite(cluster), axis=-1)
    reason = np.broadcast_to(not_ranked(ascending) | flagged((bad, Reason.NOT_FINITE)), shape)
    value = np.where(reason == 0, sample_quantile(ascending, q), np.nan)
    y, names = (np.broadcast_to(a, (*shape, samples.n)) for a in (samples.y, cluster))
    sigma, customers = np.full(shape, np.nan), np.zeros(shape)
    for at in map(tuple, np.argwhere(reason == 0)):
        sigma[at], customers[at] = _share_error(y[at] <= value[at], names[at])
    few = (customers < 2) & (reason == 0)  # noqa: PLR2004 - a variance needs two
    return value, sigma, customers, reason | flagged((few, Reason.TOO_FEW_UNITS))


def _share_error(below: NDArray[np.bool_], names: NDArray[np.float64]) -> tuple[float, int]:
    """Standard error of a share of events, customers being independent, and how many customers there are."""
    _, customer = np.unique(names, return_inverse=True)
    events = np.bincount(customer)
    residuals = np.bincount(customer, weights=below) - np.mean(below) * events
    groups = len(events)
    return float(
        np.sqrt(groups / (groups - 1) * np.sum(residuals**2)) / len(below)
    ) if groups > 1 else np.nan, groups
