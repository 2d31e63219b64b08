"""Regression adjustment with a slope per arm: never less precise than no adjustment in large samples.

Each arm is regressed on the covariates by itself, and both lines are read at the pooled covariate mean x̄. The
variance of a line there is that of a prediction, v_a·(1/n_a + (x̄ - x̄_a)'·S_a⁻¹·(x̄ - x̄_a)).

That variance is about the effect on the units of the experiment (`target="sample"`, what regression software
reports). Where slopes differ between arms, the effect depends on the covariate, and a statement about all
users (`target="population"`) must add what x̄ itself varies, (β_t - β_c)'·var(x̄)·(β_t - β_c).

References:
    Lin (2013), Agnostic Notes on Regression Adjustments to Experimental Data: Reexamining Freedman's
    Critique. MacKinnon and White (1985), Some Heteroskedasticity-Consistent Covariance Matrix
    Estimators, HC2. Negi and Wooldridge (2021), Revisiting Regression Adjustment in Experiments with
    Heterogeneous Treatment Effects (the term of the pooled mean). Fieller (1954), eq. 5.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.stats.adjustment.comoments import Comoments, refuse_unlike
from assay.stats.adjustment.lines import Target, lines_effect
from assay.stats.adjustment.slopes import mean_side
from assay.stats.moments import Moments
from assay.stats.registry import method
from assay.stats.result import Effect
from assay.stats.samples import Samples
from assay.stats.tails import Alternative


@method(
    name="lin",
    version="1",
    metric_types=("mean", "proportion"),
    summary="Means adjusted by a regression per arm (Lin); lift by Fieller.",
    needs=("y", "x"),
)
def lin(
    control: Moments,
    treatment: Moments,
    *,
    alpha: NDArray[np.float64],
    alternative: Alternative = "two-sided",
    target: Target = "population",
) -> Effect:
    """Difference and lift of both arms' regression lines at the pooled covariate mean.

    An arm whose covariate does not vary keeps its mean.

    Formula: mean_a - β_a·(x̄_a - x̄), β_a = c_yx / m2_x; var = v_a·(1/n_a + (x̄ - x̄_a)² / m2_x) per arm with
        v_a on n_a - 2 degrees of freedom, plus (β_t - β_c)²·var(x̄) for the population; Student's t with
        Satterthwaite's degrees of freedom.
    Assumes: Units are independent; the covariate is untouched by the treatment; the residual variance of an
        arm does not depend on the covariate (else, with the units at hand, `lin_hc2`).
    Use when: The allocation is uneven, or the treatment may change the slope, and arms are large.
    Avoid when: Arms are small or the covariate has a heavy tail: a slope from one arm's few large users is
        noisy, and in the smaller arm the test rejects too often; `cuped` pools its slope and holds better.

    Args:
        control: Moments with y and x.
        treatment: Moments with y and x; broadcasts.
        alpha: Level; broadcasts.
        alternative: What the test looks for.
        target: `population` for the effect on all users like these, `sample` for that on the units at hand.

    Returns:
        The effect. An arm that its slope fits without a rest leaves only the estimate.

    Raises:
        InputError: An unknown target.
    """
    sides = (mean_side(Comoments.of_moments(arm)) for arm in (control, treatment))
    return lines_effect(*sides, alpha=alpha, alternative=alternative, target=target)


@method(
    name="lin_many",
    version="1",
    metric_types=(),
    summary="Means adjusted by a regression per arm on several covariates (Lin); lift by Fieller.",
    needs=("y", "x"),
    data=Comoments,
)
def lin_many(
    control: Comoments,
    treatment: Comoments,
    *,
    alpha: NDArray[np.float64],
    alternative: Alternative = "two-sided",
    target: Target = "population",
) -> Effect:
    """Difference and lift of both arms' regressions at the pooled means of several covariates.

    Covariates that do not vary in an arm, or that others determine there, drop out of its regression.

    Formula: That of `lin` with β_a = S_a⁻¹·s_a, and n_a - 1 - rank(S_a) degrees of freedom per arm.
    Assumes: What `lin` assumes, and many more units than covariates in each arm.
    Use when: Several covariates are known, or strata: an indicator for each stratum but one.
    Avoid when: Arms are small.

    Args:
        control: Comoments of y and covariates.
        treatment: The same series; shapes broadcast.
        alpha: Level; broadcasts.
        alternative: What the test looks for.
        target: `population` for the effect on all users like these, `sample` for that on the units at hand.

    Returns:
        The effect.

    Raises:
        InputError: An unknown target, or the arms' series differ.
    """
    refuse_unlike(control, treatment)
    return lines_effect(
        mean_side(control), mean_side(treatment), alpha=alpha, alternative=alternative, target=target
    )


@method(
    name="lin_hc2",
    version="1",
    metric_types=("mean", "proportion"),
    summary="Means adjusted by a regression per arm (Lin), variance HC2 from the units; lift by Fieller.",
    needs=("y", "x"),
    data=Samples,
)
def lin_hc2(
    control: Samples,
    treatment: Samples,
    *,
    alpha: NDArray[np.float64],
    alternative: Alternative = "two-sided",
    target: Target = "population",
) -> Effect:
    """Difference and lift of both arms' regression lines, with a variance that needs no equal residuals.

    Formula: The estimate of `lin`; its variance per arm is HC2's, Σ w_i²·e_i² / (1 - h_i), with w_i the
        weight of unit i in the line at x̄, e_i its residual and h_i its leverage.
    Assumes: Units are independent; the covariate is untouched by the treatment.
    Use when: The residual's variance grows with the covariate, as with money, and the units are at hand.
    Avoid when: A handful of units hold most of the covariate: their leverage rules the variance.

    Args:
        control: Samples with y and x.
        treatment: Samples with y and x; shapes broadcast.
        alpha: Level; broadcasts.
        alternative: What the test looks for.
        target: `population` for the effect on all users like these, `sample` for that on the units at hand.

    Returns:
        The effect. An arm in which one unit alone determines the slope leaves only the estimate.

    Raises:
        InputError: An unknown target.
    """
    sides = (mean_side(Comoments.of_moments(Moments.of(arm.y, x=arm.x))) for arm in (control, treatment))
    return lines_effect(
        *sides, alpha=alpha, alternative=alternative, target=target, samples=(control, treatment)
    )
