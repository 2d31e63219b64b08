"""CUPED: less noise by a covariate from before the exposure, with one slope for both arms.

Both arms' estimates are moved to the pooled mean of the covariate, with the slope θ that is pooled within the
arms (so that an effect on the metric is no part of it). The adjusted means share that pooled mean and θ. The
difference is free of the pooled mean's noise, the level of the control is not: the lift therefore needs the
covariance of both. Relative forms that treat the adjusted means as independent with reduced variances cover
too rarely; those that leave the covariate uncentred have the wrong denominator altogether.

References:
    Deng, Xu, Kohavi and Walker (2013), Improving the Sensitivity of Online Controlled Experiments by
    Utilizing Pre-Experiment Data, eq. 4 (the slope). Fieller (1954), Some Problems in Interval Estimation,
    eq. 5. Yang and Tsiatis (2001), Efficiency Study of Estimators for a Treatment Effect in a
    Pretest-Posttest Trial (ANCOVA I). Satterthwaite (1946), An Approximate Distribution of Estimates of
    Variance Components, eq. 17.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.stats.adjustment.comoments import Comoments, refuse_unlike
from assay.stats.adjustment.pooled import pooled_effect
from assay.stats.adjustment.slopes import mean_side, ratio_side
from assay.stats.moments import Moments
from assay.stats.registry import method
from assay.stats.result import Effect
from assay.stats.tails import Alternative


@method(
    name="cuped",
    version="1",
    metric_types=("mean", "proportion"),
    summary="Means adjusted by a covariate from before the exposure (CUPED); lift by Fieller.",
    needs=("y", "x"),
)
def cuped(
    control: Moments,
    treatment: Moments,
    *,
    alpha: NDArray[np.float64],
    alternative: Alternative = "two-sided",
) -> Effect:
    """Difference and lift of means at the same covariate mean.

    A covariate without variance leaves the unadjusted estimate: the answer then is Welch's.

    Formula: mean_a - θ·(x̄_a - x̄), θ = Σ_arms c_yx / Σ_arms m2_x, x̄ pooled over both arms; T = D / √var(D)
        with var(D) = Σ_a v_a·(1/n_a + S_a·(Δ/S)²), Student's t with Satterthwaite's degrees of freedom; the
        lift by Fieller with the covariance of the adjusted means.
    Assumes: Units are independent; the covariate is untouched by the treatment; arms are large enough for
        their residual means to be nearly normal. The relation need not be linear.
    Use when: A covariate that correlates with the metric is known for all units from before the exposure:
        the same metric of the weeks before is the best.
    Avoid when: The covariate was measured after the exposure (check `moved_covariate`). With arms small or
        very unequal and a heavy tail it inherits Welch's troubles, a little softened; with large unequal arms
        and slopes that differ `lin` is more precise.

    Args:
        control: Moments with y and x.
        treatment: Moments with y and x; broadcasts.
        alpha: Level; broadcasts.
        alternative: What the test looks for.

    Returns:
        The effect. Fewer than 2 units in an arm, or an arm whose 2 units alone determine the slope, leave
        only the estimate.
    """
    sides = (mean_side(Comoments.of_moments(arm)) for arm in (control, treatment))
    return pooled_effect(*sides, alpha=alpha, alternative=alternative)


@method(
    name="cuped_ratio",
    version="1",
    metric_types=("ratio",),
    summary="Ratios of sums adjusted by a covariate from before the exposure (CUPED); lift by Fieller.",
    needs=("y", "d", "x"),
)
def cuped_ratio(
    control: Moments,
    treatment: Moments,
    *,
    alpha: NDArray[np.float64],
    alternative: Alternative = "two-sided",
) -> Effect:
    """Difference and lift of ratios of sums at the same covariate mean.

    Formula: That of `cuped` for the linearised metric z = R_a + (y - R_a·d) / mean(d), whose mean is R_a =
        Σy / Σd: numerator and denominator are both adjusted, to first order.
    Assumes: Units are independent; numerator, denominator and covariate of one unit may depend on each other
        in any way; the covariate is untouched by the treatment; the denominator's mean is well away from 0.
    Use when: The metric is a ratio of sums over units, as revenue per order, and a covariate from before is
        known: for a ratio its own value before, per unit, or its numerator or denominator before.
    Avoid when: The covariate was measured after the exposure.

    Args:
        control: Moments with y, d and x.
        treatment: Moments with y, d and x; broadcasts.
        alpha: Level; broadcasts.
        alternative: What the test looks for.

    Returns:
        The effect. A denominator of mean 0 leaves nothing defined.
    """
    sides = (ratio_side(Comoments.of_moments(arm)) for arm in (control, treatment))
    return pooled_effect(*sides, alpha=alpha, alternative=alternative)


@method(
    name="cuped_many",
    version="1",
    metric_types=(),
    summary="Means adjusted by several covariates from before the exposure (CUPED); lift by Fieller.",
    needs=("y", "x"),
    data=Comoments,
)
def cuped_many(
    control: Comoments,
    treatment: Comoments,
    *,
    alpha: NDArray[np.float64],
    alternative: Alternative = "two-sided",
) -> Effect:
    """Difference and lift of means at the same means of several covariates.

    Covariates that do not vary, or that others determine, drop out.

    Formula: That of `cuped` with θ = S⁻¹·s, S the covariates' sums of products within arms and s those with
        the metric.
    Assumes: What `cuped` assumes, and many more units than covariates.
    Use when: Several covariates are known, or one that some units lack: `missing_indicator` makes two of it.
    Avoid when: A covariate was measured after the exposure.

    Args:
        control: Comoments of y and covariates.
        treatment: The same series; shapes broadcast.
        alpha: Level; broadcasts.
        alternative: What the test looks for.

    Returns:
        The effect.

    Raises:
        InputError: The arms' series differ.
    """
    refuse_unlike(control, treatment)
    return pooled_effect(mean_side(control), mean_side(treatment), alpha=alpha, alternative=alternative)


@method(
    name="cuped_ratio_many",
    version="1",
    metric_types=(),
    summary="Ratios of sums adjusted by several covariates from before the exposure; lift by Fieller.",
    needs=("y", "d", "x"),
    data=Comoments,
)
def cuped_ratio_many(
    control: Comoments,
    treatment: Comoments,
    *,
    alpha: NDArray[np.float64],
    alternative: Alternative = "two-sided",
) -> Effect:
    """Difference and lift of ratios of sums at the same means of several covariates.

    Formula: That of `cuped_many` for the linearised metric of `cuped_ratio`.
    Assumes: What `cuped_ratio` assumes, and many more units than covariates.
    Use when: A ratio's numerator and denominator are both known from before: give both as covariates.
    Avoid when: A covariate was measured after the exposure.

    Args:
        control: Comoments of y, d and covariates.
        treatment: The same series; shapes broadcast.
        alpha: Level; broadcasts.
        alternative: What the test looks for.

    Returns:
        The effect.

    Raises:
        InputError: The arms' series differ.
    """
    refuse_unlike(control, treatment)
    return pooled_effect(ratio_side(control), ratio_side(treatment), alpha=alpha, alternative=alternative)
