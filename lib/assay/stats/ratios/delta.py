"""Does a ratio of sums differ? Σy / Σd by the delta method with the full covariance; the lift by Fieller.

The ratio of an arm is R = mean(y) / mean(d), units being what was randomised. Its residuals
(y - R·d) / mean(d) have the variance (v_y - 2·R·c_yd + R²·v_d) / mean(d)², of which R's sampling variance is
the n-th part.

References:
    Deng, Knoblich and Lu (2018), Applying the Delta Method in Metric Analytics: A Practical Guide with Novel
    Ideas, eq. 4 and section 3. Cochran (1977), Sampling Techniques, eq. 6.13. Fieller (1954).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.stats.moments import Moments
from assay.stats.pivot import Estimate, t_effect
from assay.stats.registry import method
from assay.stats.result import Effect, Reason, flagged
from assay.stats.tails import Alternative

# A variance smaller than this share of its terms is what their rounding leaves of 0 (y proportional to d).
_ROUNDING = 16 * float(np.finfo(np.float64).eps)


@method(
    name="ratio_delta",
    version="1",
    metric_types=("ratio",),
    summary="Difference of two ratios of sums by the delta method; lift by Fieller from the same pivot.",
    needs=("y", "d"),
)
def ratio_delta(
    control: Moments,
    treatment: Moments,
    *,
    alpha: NDArray[np.float64],
    alternative: Alternative = "two-sided",
) -> Effect:
    """Difference and lift of ratios of sums; with a denominator of 1 for every unit it is Welch's test.

    Formula: R = Σy / Σd per arm, var(R) = (v_y - 2·R·c_yd + R²·v_d) / (n·mean(d)²); T = (R_t - R_c) /
        √(var(R_t) + var(R_c)), Student's t with Welch-Satterthwaite degrees of freedom.
    Assumes: Units are independent; numerators and denominators of one unit may depend on each other in any
        way; the denominator's mean is well away from 0.
    Use when: Events (sessions, orders) are finer than what was randomised, as in revenue per order.
    Avoid when: The treatment moves the denominator itself and that is what matters: then report both sums.

    Args:
        control: Moments with y and d.
        treatment: Moments with y and d; broadcasts.
        alpha: Level; broadcasts.
        alternative: What the test looks for.

    Returns:
        The effect, Welch-Satterthwaite degrees of freedom on the residuals. A denominator of mean 0 leaves
        nothing defined; fewer than 2 units in an arm, or no variance, leave only the estimate.
    """
    return t_effect(ratio(control), ratio(treatment), alpha=alpha, alternative=alternative)


def ratio(moments: Moments) -> Estimate:
    """An arm's ratio of sums with its sampling variance, degrees of freedom and reasons."""
    n = moments.n
    mean_d = np.asarray(moments.mean_d)  # present: the method's door asked for it
    value = np.where(mean_d == 0, np.nan, moments.mean_y / mean_d)
    plain = moments.var_y + value**2 * moments.var_d
    mixed = 2 * value * moments.cov_yd
    scale = n * mean_d**2
    return Estimate(
        value=np.where(n > 0, value, np.nan),
        variance=np.maximum(plain - mixed, 0.0) / scale,
        floor=_ROUNDING * plain / scale,
        df=n - 1,
        reason=_reason(moments, mean_d),
    )


def _reason(moments: Moments, mean_d: NDArray[np.float64]) -> NDArray[np.uint16]:
    parts = (moments.mean_y, moments.m2_y, mean_d, moments.m2_d, moments.c_yd)
    return flagged(
        (moments.n < 2, Reason.TOO_FEW_UNITS),  # noqa: PLR2004 - a variance needs two units
        (~np.isfinite(sum(np.abs(np.asarray(p)) for p in parts)), Reason.NOT_FINITE),
        ((mean_d == 0) & (moments.n > 0), Reason.ZERO_DENOMINATOR),
    )
