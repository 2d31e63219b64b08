"""Rates of units that differ by a gamma law: negative binomial score tests with one dispersion for both arms.

A unit with exposure d has the variance r·d + α·(r·d)². An arm's total then behaves as one negative binomial
count of dispersion α·Σd² / (Σd)², exactly so where units have equal exposure. α comes from moments, or from
the likelihood of the units; given α, the test is the score test, and its inversion gives both intervals.

References:
    Breslow (1984), Extra-Poisson Variation in Log-Linear Models. Lawless (1987), Negative Binomial and Mixed
    Poisson Regression. Aban, Cutter and Mavinga (2009), Inferences and Power Analysis Concerning Two Negative
    Binomial Distributions.
"""

from __future__ import annotations

from math import prod

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special

from assay.errors import InputError
from assay.stats.checks import not_negative
from assay.stats.counts.dispersion import excess, spread
from assay.stats.counts.events import Array, Counts, counts, effect
from assay.stats.counts.variance_function import Arm, score
from assay.stats.moments import Moments
from assay.stats.registry import method
from assay.stats.result import Effect, Reason
from assay.stats.samples import Samples
from assay.stats.tails import Alternative, p_value, per_tail

_FEWEST = 3
# Below this product of dispersion and mean, log1p(x) - x is summed as a series: too many digits cancel.
_SMALL = 1e-3
_GREATEST = 1e7
_FINE = 4 * float(np.finfo(np.float64).eps)


@method(
    name="negative_binomial",
    version="1",
    metric_types=("mean", "ratio"),
    summary="Score test of two negative binomial rates, dispersion by moments; intervals of both forms.",
    needs=("y",),
)
def negative_binomial(
    control: Moments,
    treatment: Moments,
    *,
    alpha: Array,
    alternative: Alternative = "two-sided",
    dispersion: ArrayLike | None = None,
) -> Effect:
    """Difference and ratio of two rates of events whose units differ in how active they are.

    Formula: Z = (r_t - r_c) / √(V_t(r) + V_c(r)), V(r) = r / Σd + α·r²·Σd² / (Σd)² and r the rate of both
        arms together; the intervals are where |Z| <= z with the rates restricted to the hypothesis and to the
        events of both arms. α = Σ ((y - r·d)² - r·d) / Σ (r·d)², at least 0, corrected for the estimation of
        r.
    Assumes: Units are independent; activity varies between units by a gamma law with one α for both arms.
    Use when: The metric counts events per unit and the few that are very active make most of the variance.
    Avoid when: The treatment changes α, or arms have fewer than some 30 units: use `welch`, `quasi_poisson`.

    Args:
        control: Moments with y, events per unit; with d, exposure per unit.
        treatment: The same; broadcasts.
        alpha: Level; broadcasts.
        alternative: What the test looks for.
        dispersion: α if known (from history), 0 or greater; 0 is `rate_score`. Estimated if left out.

    Returns:
        The effect. `std_error` is that of the estimate at its own rates; `df` is infinite. An end that no
        hypothesis reaches, in tiny arms, is infinite. Fewer than 3 units in all leave only the estimates.

    Raises:
        InputError: A negative dispersion, or one that is not finite.
    """
    known = None if dispersion is None else not_negative("dispersion", dispersion, finite=True)
    level = alpha if known is None else np.broadcast_arrays(alpha, known)[0]
    data = counts(control, treatment, level)
    sums = spread(control), spread(treatment)
    over = excess(*sums) if known is None else known
    spreads = [arm.squares / arm.exposure**2 for arm in sums]
    if known is None:
        few = (control.n > 0) & (treatment.n > 0) & (control.n + treatment.n < _FEWEST)
        data = data.without((few, Reason.TOO_FEW_UNITS))
    data = data.without((data.usable & ~np.isfinite(over * (spreads[0] + spreads[1])), Reason.NOT_FINITE))
    return _answer(data, over * spreads[0], over * spreads[1], alternative)


@method(
    name="negative_binomial_ml",
    version="1",
    metric_types=("mean",),
    summary="Score test of two negative binomial means, dispersion by maximum likelihood.",
    needs=("y",),
    data=Samples,
)
def negative_binomial_ml(
    control: Samples,
    treatment: Samples,
    *,
    alpha: Array,
    alternative: Alternative = "two-sided",
) -> Effect:
    """Difference and ratio of two means of counts per unit, dispersion by likelihood.

    Formula: as `negative_binomial`, α the maximum of the likelihood of all units with a mean of its own for
        each arm; 0 where units vary no more than Poisson.
    Assumes: Units are independent and of equal exposure; counts are negative binomial with one α.
    Use when: The units themselves are at hand and counts do follow the law: α is more exact than by moments,
        and the numbers agree with a negative binomial regression.
    Avoid when: Units differ in exposure, or outliers follow no such law: `negative_binomial`, `welch`.

    Args:
        control: Samples with y, whole numbers of 0 or greater.
        treatment: The same; batches broadcast.
        alpha: Level; broadcasts.
        alternative: What the test looks for.

    Returns:
        The effect, as of `negative_binomial`. A value that is no count is `OUTSIDE_DOMAIN`.

    Raises:
        InputError: Samples with d.
    """
    for name, arm in (("control", control), ("treatment", treatment)):
        if arm.d is not None:
            raise InputError(f"{name} has d; units must be of equal exposure here: use negative_binomial")
    data = counts(control.moments(), treatment.moments(), alpha)
    few = min(control.n, treatment.n) > 0 and control.n + treatment.n < _FEWEST
    strange = ~(are_counts(control.y) & are_counts(treatment.y))
    data = data.without((few, Reason.TOO_FEW_UNITS), (data.usable & strange, Reason.OUTSIDE_DOMAIN))
    over = likeliest_dispersion(control.y, treatment.y)
    return _answer(data, over / max(control.n, 1), over / max(treatment.n, 1), alternative)


def are_counts(y: Array) -> NDArray[np.bool_]:
    """Whether each row holds whole numbers between 0 and ten million only."""
    return np.asarray(np.all((y >= 0) & (y <= _GREATEST) & (y == np.floor(y)), axis=-1))


def likeliest_dispersion(control: Array, treatment: Array) -> Array:
    """Maximum likelihood of α with a mean of its own for each arm.

    Args:
        control: Counts, units along the last axis.
        treatment: The same; batches broadcast.

    Returns:
        α, 0 where the likelihood falls from 0 on, or where a row holds something else than counts.
    """
    shape = np.broadcast_shapes(control.shape[:-1], treatment.shape[:-1])
    rows = (
        np.broadcast_to(y, (*shape, y.shape[-1])).reshape(prod(shape), y.shape[-1])
        for y in (control, treatment)
    )
    found = [_likeliest(c, t) for c, t in zip(*rows, strict=True)]
    return np.reshape(np.asarray(found, dtype=np.float64), shape)


def _likeliest(control: Array, treatment: Array) -> float:
    if not (are_counts(control) and are_counts(treatment)):
        return 0.0
    y = np.concatenate([control, treatment]).astype(np.int64)
    # The likelihood of a count y has the factors 1 + α·j, j < y: how many units have each of them?
    longer = y.size - np.cumsum(np.bincount(y)) if y.size else np.zeros(1)
    j = np.arange(longer.size, dtype=np.float64)
    arms = [(arm.size, float(np.mean(arm))) for arm in (control, treatment) if arm.size]

    def slope(alpha: float) -> float:
        falls = sum(n * mean**2 * _second_order(alpha * mean) for n, mean in arms)
        return float(np.sum(longer * j / (1 + alpha * j)) + falls)

    if slope(0.0) <= 0:
        return 0.0
    high = 1.0
    while slope(high) > 0:
        high *= 8
    return float(optimize.brentq(slope, 0.0, high, xtol=1e-300, rtol=_FINE))


def _second_order(x: float) -> float:
    """(log(1 + x) - x) / x², which is -1/2 at 0."""
    if x < _SMALL:
        return -1 / 2 + x / 3 - x**2 / 4 + x**3 / 5 - x**4 / 6
    return (float(np.log1p(x)) - x) / x**2


def _answer(data: Counts, shape_c: Array, shape_t: Array, alternative: Alternative) -> Effect:
    z = -special.ndtri(per_tail(data.level, alternative))
    good = data.usable
    control = Arm(data.rate_c, data.exposure_c, np.where(good, shape_c, 0.0))
    treatment = Arm(data.rate_t, data.exposure_t, np.where(good, shape_t, 0.0))
    found = score(variance, control, treatment, z)
    return effect(
        data,
        statistic=found.statistic,
        std_error=found.std_error,
        df=np.full(z.shape, np.inf),
        p_value=p_value(special.ndtr(found.statistic), special.ndtr(-found.statistic), alternative),
        difference=found.difference,
        ratio=found.ratio,
        alternative=alternative,
    )


def variance(rate: Array, exposure: Array, shape: Array) -> Array:
    """Variance of a rate of negative binomial events: rate / exposure + shape·rate²."""
    return np.asarray(rate / exposure + shape * rate**2)
