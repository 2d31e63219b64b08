"""Does the mean differ, if both arms vary alike, or if their variances are known? Student's t and the z test.

References:
    Student (1908), The Probable Error of a Mean. Fieller (1954), Some Problems in Interval Estimation.
    Lehmann and Romano (2005), Testing Statistical Hypotheses, section 5.3.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from assay.stats.means.welch import mean
from assay.stats.moments import Moments
from assay.stats.pivot import pivotal_effect
from assay.stats.registry import method
from assay.stats.result import Effect, Reason, flagged
from assay.stats.tails import Alternative


@method(
    name="student",
    version="1",
    metric_types=("mean",),
    summary="Student's t-test of two means with a pooled variance; lift by Fieller from the same pivot.",
    needs=("y",),
)
def student(
    control: Moments,
    treatment: Moments,
    *,
    alpha: NDArray[np.float64],
    alternative: Alternative = "two-sided",
) -> Effect:
    """Difference and lift of means, variances assumed equal.

    Formula: s² = (M2_c + M2_t) / (n_c + n_t - 2); T = (mean_t - mean_c) / √(s²·(1 / n_c + 1 / n_t)),
        Student's t with n_c + n_t - 2 degrees of freedom.
    Assumes: Units are independent, means nearly normal, and the treatment leaves the variance as it was.
    Use when: A design promises equal variances, or an analysis with this test is to be repeated.
    Avoid when: Arms are of unequal size: a treatment that moves the variance then makes the level wrong,
        which Welch's test keeps.

    Args:
        control: Moments with y.
        treatment: Moments with y; broadcasts.
        alpha: Level; broadcasts.
        alternative: What the test looks for.

    Returns:
        The effect. Fewer than 3 units in both arms together, an empty arm, or no variance leave only the
        estimates.
    """
    df = control.n + treatment.n - 2
    pooled = (control.m2_y + treatment.m2_y) / np.where(df > 0, df, np.nan)
    arms = []
    for arm in (control, treatment):
        plain = mean(arm)
        lone = arm.n == 1  # a single unit has no variance of its own, but the pooled one
        reason = np.where(lone, plain.reason & ~np.uint16(Reason.TOO_FEW_UNITS), plain.reason)
        reason = reason | flagged((df <= 0, Reason.TOO_FEW_UNITS))
        arms.append(replace(plain, variance=pooled / arm.n, reason=reason))
    return pivotal_effect(*arms, df=df, alpha=alpha, alternative=alternative)


@method(
    name="z_means",
    version="1",
    metric_types=("mean", "proportion"),
    summary="z-test of two means: Welch's statistic held against the normal law.",
    needs=("y",),
)
def z_means(
    control: Moments,
    treatment: Moments,
    *,
    alpha: NDArray[np.float64],
    alternative: Alternative = "two-sided",
) -> Effect:
    """Difference and lift of means, the variances taken as known.

    Formula: Z = (mean_t - mean_c) / √(s_t² / n_t + s_c² / n_c), standard normal.
    Assumes: Units are independent and arms so large that the variances carry no error worth mention.
    Use when: Arms have thousands of units and figures must match a tool that uses z.
    Avoid when: An arm has fewer than some hundred units: the level is then above what it says. Welch's test
        costs nothing more.

    Args:
        control: Moments with y.
        treatment: Moments with y; broadcasts.
        alpha: Level; broadcasts.
        alternative: What the test looks for.

    Returns:
        The effect, `df` infinite. Fewer than 2 units in an arm, or no variance in both, leave only the
        estimates.
    """
    shape = np.broadcast_shapes(control.shape, treatment.shape)
    df = np.full(shape, np.inf)
    return pivotal_effect(mean(control), mean(treatment), df=df, alpha=alpha, alternative=alternative)
