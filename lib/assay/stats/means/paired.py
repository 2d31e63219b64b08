"""Does the mean differ between two measurements of the same units? The paired t-test.

References:
    Student (1908), The Probable Error of a Mean. Fieller (1954), Some Problems in Interval Estimation, eq. 5
    (correlated estimates).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.errors import InputError
from assay.stats.moments import Moments
from assay.stats.pivot import Joint, joint_effect
from assay.stats.registry import method
from assay.stats.result import Effect, Reason, flagged
from assay.stats.samples import Samples
from assay.stats.tails import Alternative

_EPS = float(np.finfo(np.float64).eps)


@method(
    name="paired",
    version="1",
    metric_types=(),
    summary="Paired t-test of two measurements of the same units; lift by Fieller with their covariance.",
    needs=("y",),
    data=Samples,
)
def paired(
    control: Samples,
    treatment: Samples,
    *,
    alpha: NDArray[np.float64],
    alternative: Alternative = "two-sided",
) -> Effect:
    """Mean difference and lift within pairs.

    Formula: T = mean(t - c) / √(var(t - c) / n), Student's t with n - 1 degrees of freedom; the lift L
        likewise from t - (1 + L)·c.
    Assumes: Pairs are independent; the i-th unit of both arms is one pair.
    Use when: Each unit was measured under both, as in a crossover or matched pairs, or two methods judged the
        same replicates.
    Avoid when: Arms are different units: nothing pairs them.

    Args:
        control: Samples with y, pairs along the last axis.
        treatment: Samples with y, as many units; broadcasts.
        alpha: Level; broadcasts.
        alternative: What the test looks for.

    Returns:
        The effect. Fewer than 2 pairs, or differences that are all the same, leave only the estimates.

    Raises:
        InputError: The arms differ in units.
    """
    if control.n != treatment.n:
        raise InputError(
            f"control has {control.n} units and treatment {treatment.n}; pairs need one of each per unit"
        )
    before, after = np.broadcast_arrays(control.y, treatment.y)
    both = Moments.of(after - before, x=before)
    n, mean_x, m2_x = both.n, np.asarray(both.mean_x), np.asarray(both.m2_x)
    return joint_effect(
        Joint(
            control=np.where(n > 0, mean_x, np.nan),
            difference=np.where(n > 0, both.mean_y, np.nan),
            variance=both.var_y / n,
            control_variance=both.var_x / n,
            covariance=both.cov_yx / n,
            floor=(_EPS * (np.abs(mean_x) + np.abs(both.mean_y))) ** 2 / n,
            df=n - 1,
            reason=flagged(
                (n < 2, Reason.TOO_FEW_UNITS),  # noqa: PLR2004 - a variance needs two
                (~np.isfinite(both.m2_y + m2_x), Reason.NOT_FINITE),
            ),
        ),
        alpha=alpha,
        alternative=alternative,
    )
