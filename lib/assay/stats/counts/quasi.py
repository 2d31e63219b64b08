"""Rates of units that differ: quasi-Poisson and compound Poisson-gamma score tests.

The variance of a unit with exposure d is φ·rate^power·d, φ estimated by Pearson's X² from both arms. Power 1
is overdispersed counts. A power between 1 and 2 is the Tweedie law of a total: a Poisson number of purchases,
each of gamma size with shape (2 - power) / (power - 1), so that units with nothing are part of the law.

References:
    McCullagh and Nelder (1989), Generalized Linear Models, sections 6.2 and 9.2. Breslow (1990), Tests of
    Hypotheses in Overdispersed Poisson Regression. Jørgensen and Paes de Souza (1994), Fitting Tweedie's
    Compound Poisson Model to Insurance Claims Data, section 2.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from assay.errors import InputError
from assay.stats.checks import numbers
from assay.stats.counts.dispersion import pearson, spread
from assay.stats.counts.events import Array, Counts, counts, effect
from assay.stats.counts.score import difference_interval, ratio_interval
from assay.stats.counts.score import score as poisson_score
from assay.stats.counts.variance_function import Arm, score
from assay.stats.moments import Moments
from assay.stats.pivot import t_p_value
from assay.stats.registry import method
from assay.stats.result import Effect, Reason
from assay.stats.tails import Alternative, per_tail

_FEWEST = 3


@method(
    name="quasi_poisson",
    version="1",
    metric_types=("mean", "ratio"),
    summary="Score test of two rates of overdispersed counts, quasi-Poisson; score intervals of both forms.",
    needs=("y",),
)
def quasi_poisson(
    control: Moments,
    treatment: Moments,
    *,
    alpha: Array,
    alternative: Alternative = "two-sided",
) -> Effect:
    """Difference and ratio of two rates whose units vary more, or less, than Poisson.

    Formula: T = Z / √φ, Z of `rate_score`, φ = Σ (y - r·d)² / (r·d̄) over both arms' units by n_c + n_t - 2,
        Student's t with that many degrees of freedom; both intervals are those of `rate_score` with t·√φ for
        z.
    Assumes: Units are independent; the variance is φ times the mean, with one φ for both arms.
    Use when: The metric counts events per unit and units differ in how active they are.
    Avoid when: The treatment changes how much units differ: `welch` gives each arm its own variance.

    Args:
        control: Moments with y, events per unit; with d, exposure per unit.
        treatment: The same; broadcasts.
        alpha: Level; broadcasts.
        alternative: What the test looks for.

    Returns:
        The effect. `std_error` is √(φ·(r_c / e_c + r_t / e_t)). Fewer than 3 units in all, or units that do
        not vary within either arm, leave only the estimates.
    """
    data, dispersion = _dispersed(control, treatment, alpha, np.asarray(1.0))
    df = control.n + treatment.n - 2
    statistic = poisson_score(data) / np.sqrt(dispersion)
    reach = -special.stdtrit(df, per_tail(data.level, alternative)) * np.sqrt(dispersion)
    reach = np.where(data.usable, reach, 1.0)
    variance = data.rate_c / data.exposure_c + data.rate_t / data.exposure_t
    return effect(
        data,
        statistic=statistic,
        std_error=np.sqrt(dispersion * variance),
        df=df,
        p_value=t_p_value(statistic, df, alternative),
        difference=difference_interval(data, reach),
        ratio=ratio_interval(data, reach),
        alternative=alternative,
    )


@method(
    name="compound_poisson_gamma",
    version="1",
    metric_types=("mean", "ratio"),
    summary="Score test of two means of totals with many zeros, Tweedie's compound Poisson-gamma law.",
    needs=("y",),
)
def compound_poisson_gamma(
    control: Moments,
    treatment: Moments,
    *,
    alpha: Array,
    alternative: Alternative = "two-sided",
    power: ArrayLike = 1.5,
) -> Effect:
    """Difference and ratio of two means of totals: a Poisson number of purchases, each of gamma size.

    Formula: T = (m_t - m_c) / √(φ·m^power·(1 / e_t + 1 / e_c)), m the mean of both arms, φ = Σ (y - m·d)² /
        (m^power·d̄) by n_c + n_t - 2 over both arms' units, each with its own mean, Student's t with that many
        degrees of freedom. The intervals are where |T| <= t with the means restricted to the hypothesis and
        to the total of both arms.
    Assumes: Units are independent; the variance is φ·mean^power with one φ for both arms. Only the mean and
        that relation are used, so sizes need not be gamma.
    Use when: The metric is a total per unit, mostly 0 (spend, watch time): an effect on how many buy moves
        the variance with the mean to the power 1, one on how much they buy to the power 2, and 1.5 lies
        between.
    Avoid when: Totals may be negative (refunds), or the treatment changes the spread otherwise than through
        the mean: use `welch`.

    Args:
        control: Moments with y, the total per unit, 0 or greater; with d, exposure per unit.
        treatment: The same; broadcasts.
        alpha: Level; broadcasts.
        alternative: What the test looks for.
        power: Of the variance function, from 1 (counts) to 2 (sizes without zeros); broadcasts to the level.

    Returns:
        The effect, with the edges of `quasi_poisson`; at power 1 p-value and lift are
        those of `quasi_poisson`.

    Raises:
        InputError: A power outside [1, 2].
    """
    exponent = _power(power)
    data, dispersion = _dispersed(control, treatment, alpha, exponent)
    df = control.n + treatment.n - 2
    quantile = np.where(data.usable, -special.stdtrit(df, per_tail(data.level, alternative)), 1.0)
    exponent = np.broadcast_to(exponent, quantile.shape)
    arms = (
        Arm(data.rate_c, data.exposure_c / dispersion, exponent),
        Arm(data.rate_t, data.exposure_t / dispersion, exponent),
    )
    found = score(tweedie, *arms, quantile)
    return effect(
        data,
        statistic=found.statistic,
        std_error=found.std_error,
        df=df,
        p_value=t_p_value(found.statistic, df, alternative),
        difference=found.difference,
        ratio=found.ratio,
        alternative=alternative,
    )


def tweedie(rate: Array, weight: Array, power: Array) -> Array:
    """Variance of a mean of totals: rate^power / weight."""
    return np.asarray(rate**power / weight)


def _power(power: ArrayLike) -> Array:
    exponent = numbers("power", power)
    outside = ~((exponent >= 1) & (exponent <= 2))  # noqa: PLR2004 - from Poisson to gamma
    if np.any(outside):
        first = float(exponent[outside].ravel()[0])
        raise InputError(f"power is {first:g}; it must lie between 1 (Poisson) and 2 (gamma)")
    return exponent


def _dispersed(control: Moments, treatment: Moments, alpha: Array, power: Array) -> tuple[Counts, Array]:
    """The counts with the dispersion φ, which is 1 where there is no answer."""
    level, _ = np.broadcast_arrays(alpha, power)
    data = counts(control, treatment, level)
    dispersion = pearson(spread(control), spread(treatment), power)
    few = (control.n > 0) & (treatment.n > 0) & (control.n + treatment.n < _FEWEST)
    good = data.usable & ~few
    data = data.without(
        (few, Reason.TOO_FEW_UNITS),
        (good & ~np.isfinite(dispersion), Reason.NOT_FINITE),
        (good & (dispersion <= 0), Reason.NO_VARIANCE),
    )
    return data, np.where(data.usable, dispersion, 1.0)
