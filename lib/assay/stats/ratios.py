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
from assay.stats.result import Effect, Reason

# A variance smaller than this share of its terms is what their rounding leaves of 0 (y proportional to d).
_ROUNDING = 16 * float(np.finfo(np.float64).eps)


@method(
    name="ratio_delta",
    version="1",
    metric_types=("ratio",),
    summary="Difference of two ratios of sums by the delta method; lift by Fieller from the same pivot.",
    needs=("y", "d"),
)
def ratio_delta(control: Moments, treatment: Moments, *, alpha: NDArray[np.float64]) -> Effect:
    """Difference and lift of ratios of sums.

    With a denominator of 1 for every unit it is Welch's test.

    Args:
        control: Moments with y and d.
        treatment: Moments with y and d; broadcasts.
        alpha: Level; broadcasts.

    Returns:
        The effect, Welch-Satterthwaite degrees of freedom on the residuals. A denominator of mean 0 leaves
        nothing defined; fewer than 2 units in an arm, or no variance, leave only the estimate.
    """
    return t_effect(_ratio(control), _ratio(treatment), alpha=alpha)


def _ratio(moments: Moments) -> Estimate:
    n = moments.n
    mean_d = np.asarray(moments.mean_d)  # present: the method's door asked for it
    ratio = np.where(mean_d == 0, np.nan, moments.mean_y / mean_d)
    plain = moments.var_y + ratio**2 * moments.var_d
    mixed = 2 * ratio * moments.cov_yd
    scale = n * mean_d**2
    return Estimate(
        value=np.where(n > 0, ratio, np.nan),
        variance=np.maximum(plain - mixed, 0.0) / scale,
        floor=_ROUNDING * plain / scale,
        df=n - 1,
        reason=_reason(moments, mean_d),
    )


def _reason(moments: Moments, mean_d: NDArray[np.float64]) -> NDArray[np.uint8]:
    few = moments.n < 2  # noqa: PLR2004 - a variance needs two units
    parts = (moments.mean_y, moments.m2_y, mean_d, moments.m2_d, moments.c_yd)
    bad = ~np.isfinite(sum(np.abs(np.asarray(p)) for p in parts))
    zero = (mean_d == 0) & (moments.n > 0)
    codes = ((few, Reason.TOO_FEW_UNITS), (bad, Reason.NOT_FINITE), (zero, Reason.ZERO_DENOMINATOR))
    reason = np.zeros(moments.shape, dtype=np.uint8)
    for where, code in codes:
        reason |= np.where(where, np.uint8(code), np.uint8(0))
    return reason
