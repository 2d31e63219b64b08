"""By how many per cent does the mean differ? The lift's own tests, by the delta method and on the log scale.

Fieller's interval, which Welch's test brings along, is the default. These two are what other tools report:
the delta method treats the lift as normal, the log ratio its logarithm.

References:
    Deng, Knoblich and Lu (2018), Applying the Delta Method in Metric Analytics: A Practical Guide with Novel
    Ideas, eq. 3. Hedges, Gurevitch and Curtis (1999), The Meta-Analysis of Response Ratios in Experimental
    Ecology, eq. 1. Satterthwaite (1946).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import special

from assay.stats.means.welch import mean
from assay.stats.moments import Moments
from assay.stats.pivot import Estimate, t_p_value
from assay.stats.registry import method
from assay.stats.result import Effect, Reason, flagged
from assay.stats.tails import Alternative, opened, per_tail

Array = NDArray[np.float64]


@method(
    name="lift_delta",
    version="1",
    metric_types=("mean",),
    summary="z-test of the lift by the delta method: the customary default that fails on skewed data.",
    needs=("y",),
)
def lift_delta(
    control: Moments, treatment: Moments, *, alpha: Array, alternative: Alternative = "two-sided"
) -> Effect:
    """The lift, treated as normal.

    Formula: L = mean_t / mean_c - 1, se = √(s_t² / n_t + (1 + L)²·s_c² / n_c) / |mean_c|; Z = L / se, normal.
    Assumes: Arms so large that the control's mean has hardly any relative error.
    Use when: Figures of a tool that reports delta-method lifts are to be repeated.
    Avoid when: The metric is skewed: with 5 % payers and 200 users per arm it rejects a true null in 20 % of
        cases instead of 5 %, because the lift's estimate and its standard error are correlated.

    Args:
        control: Moments with y, of positive mean.
        treatment: Moments with y; broadcasts.
        alpha: Level; broadcasts.
        alternative: What the test looks for.

    Returns:
        The effect; p-value and interval are the lift's, the difference has an estimate and a standard error
        only. A control mean of 0 or less is outside the method's domain.
    """
    c, t = mean(control), mean(treatment)
    ratio = t.value / c.value
    error = np.sqrt(t.variance + ratio**2 * c.variance) / np.abs(c.value)
    outside = c.value <= 0
    return _lift_effect(
        (c, t), ratio - 1, error, np.full(np.shape(error), np.inf), lambda x: x, outside, alpha, alternative
    )


@method(
    name="lift_log",
    version="1",
    metric_types=("mean",),
    summary="t-test of the log of the ratio of means; the interval of the lift is never below -100 %.",
    needs=("y",),
)
def lift_log(
    control: Moments, treatment: Moments, *, alpha: Array, alternative: Alternative = "two-sided"
) -> Effect:
    """The lift on the scale of its logarithm.

    Formula: T = log(mean_t / mean_c) / √(v_t + v_c), v = s² / (n·mean²), Student's t with Welch-Satterthwaite
        degrees of freedom; the interval is exponentiated, minus 1.
    Assumes: Means are positive and their logarithms nearly normal.
    Use when: A positive metric is skewed and effects multiply; the interval stays above -100 % and mirrors
        when arms are swapped.
    Avoid when: The metric can be negative, or a mean is within two standard errors of 0.

    Args:
        control: Moments with y, of positive mean.
        treatment: Moments with y, of positive mean; broadcasts.
        alpha: Level; broadcasts.
        alternative: What the test looks for.

    Returns:
        The effect; p-value and interval are the lift's, the difference has an estimate and a standard error
        only. A mean of 0 or less is outside the method's domain.
    """
    c, t = mean(control), mean(treatment)
    v_c, v_t = c.variance / c.value**2, t.variance / t.value**2
    share = v_c / (v_c + v_t)
    df = 1 / (share**2 / c.df + (1 - share) ** 2 / t.df)
    outside = (c.value <= 0) | (t.value <= 0)
    logarithm = np.log1p((t.value - c.value) / c.value)
    return _lift_effect((c, t), logarithm, np.sqrt(v_c + v_t), df, np.expm1, outside, alpha, alternative)


def _lift_effect(
    arms: tuple[Estimate, Estimate],
    centre: Array,
    error: Array,
    df: Array,
    back: Callable[[Array], Array],
    outside: NDArray[np.bool_],
    alpha: Array,
    alternative: Alternative,
) -> Effect:
    """The effect from a pivot of the lift, on a scale that `back` leads back from."""
    c, t = arms
    square = c.variance + t.variance
    fixed = square <= c.floor + t.floor
    reason = c.reason | t.reason
    reason = reason | flagged((outside & (reason == 0), Reason.OUTSIDE_DOMAIN))
    reason = reason | flagged((fixed & (reason == 0), Reason.NO_VARIANCE))
    usable = reason == 0
    statistic = np.where(usable, centre / error, np.nan)
    df = np.where(usable, df, np.nan)
    reach = -special.stdtrit(df, per_tail(alpha, alternative)) * error
    lower, upper = opened(back(centre - reach), back(centre + reach), alternative, least=-1.0)
    none = np.full(np.broadcast_shapes(reach.shape), np.nan)
    return Effect(
        estimate=t.value - c.value,
        std_error=np.where(usable, np.sqrt(square), np.nan),
        statistic=statistic,
        df=df,
        p_value=t_p_value(statistic, df, alternative),
        lower=none,
        upper=none,
        relative_estimate=np.where(c.value == 0, np.nan, (t.value - c.value) / c.value),
        relative_lower=lower,
        relative_upper=upper,
        alpha=alpha,
        reason=reason | flagged((True, Reason.NOT_DEFINED), (c.value == 0, Reason.ZERO_CONTROL)),
        alternative=alternative,
    )
