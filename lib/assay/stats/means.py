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
from assay.stats.result import Effect, Reason

_EPS = float(np.finfo(np.float64).eps)


@method(
    name="welch",
    version="1",
    metric_types=("mean", "proportion"),
    summary="Welch's t-test of two means; lift by Fieller from the same pivot.",
    needs=("y",),
)
def welch(control: Moments, treatment: Moments, *, alpha: NDArray[np.float64]) -> Effect:
    """Difference and lift of means, variances not assumed equal.

    The lift's interval keeps its error rate on skewed data, where a delta-method lift rejects a true null
    up to four times too often: the estimate of the lift and its delta-method standard error are correlated.

    Args:
        control: Moments with y.
        treatment: Moments with y; broadcasts.
        alpha: Level; broadcasts.

    Returns:
        The effect. Fewer than 2 units in an arm, or no variance in both, leave only the estimate.
    """
    return t_effect(_mean(control), _mean(treatment), alpha=alpha)


def _mean(moments: Moments) -> Estimate:
    n = moments.n
    few = np.where(n < 2, np.uint8(Reason.TOO_FEW_UNITS), np.uint8(0))  # noqa: PLR2004 - a variance needs two
    bad = ~np.isfinite(moments.mean_y) | ~np.isfinite(moments.m2_y)
    return Estimate(
        value=np.where(n > 0, moments.mean_y, np.nan),
        variance=moments.var_y / n,
        floor=(_EPS * moments.mean_y) ** 2 / n,
        df=n - 1,
        reason=few | np.where(bad, np.uint8(Reason.NOT_FINITE), np.uint8(0)),
    )
