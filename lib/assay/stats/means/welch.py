"""Does the mean differ? Welch's test for a mean per unit, with the lift by Fieller.

References:
    Welch (1947), The Generalization of "Student's" Problem when Several Different Population Variances are
    Involved. Fieller (1954), Some Problems in Interval Estimation.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.stats.moments import Moments
from assay.stats.pivot import Estimate, t_effect
from assay.stats.registry import method
from assay.stats.result import Effect, Reason, flagged
from assay.stats.tails import Alternative

_EPS = float(np.finfo(np.float64).eps)


@method(
    name="welch",
    version="1",
    metric_types=("mean", "proportion"),
    summary="Welch's t-test of two means; lift by Fieller from the same pivot.",
    needs=("y",),
)
def welch(
    control: Moments,
    treatment: Moments,
    *,
    alpha: NDArray[np.float64],
    alternative: Alternative = "two-sided",
) -> Effect:
    """Difference and lift of means, variances not assumed equal.

    Formula: T = (mean_t - mean_c) / √(s_t² / n_t + s_c² / n_c), Student's t with Welch-Satterthwaite degrees
        of freedom.
    Assumes: Units are independent and arms are large enough for their means to be nearly normal.
    Use when: The metric is a mean per unit. The lift's interval keeps its error rate on skewed data, where a
        delta-method lift rejects a true null up to four times too often, because the lift's estimate and its
        delta-method standard error are correlated.
    Avoid when: Arms are small or very unequal and the metric has a heavy tail: read the certificate, or use
        a bootstrap-t or a skew-corrected test.

    Args:
        control: Moments with y.
        treatment: Moments with y; broadcasts.
        alpha: Level; broadcasts.
        alternative: What the test looks for.

    Returns:
        The effect. Fewer than 2 units in an arm, or no variance in both, leave only the estimate.
    """
    return t_effect(mean(control), mean(treatment), alpha=alpha, alternative=alternative)


def mean(moments: Moments) -> Estimate:
    """An arm's mean with its sampling variance, degrees of freedom and reasons."""
    n = moments.n
    bad = ~np.isfinite(moments.mean_y) | ~np.isfinite(moments.m2_y)
    few = n < 2  # noqa: PLR2004 - a variance needs two
    return Estimate(
        value=np.where(n > 0, moments.mean_y, np.nan),
        variance=moments.var_y / n,
        floor=(_EPS * moments.mean_y) ** 2 / n,
        df=n - 1,
        reason=flagged((few, Reason.TOO_FEW_UNITS), (bad, Reason.NOT_FINITE)),
    )
