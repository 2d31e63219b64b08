"""Adjusted means with one slope for both arms, and their covariance.

With S the covariates' sums of products, s those with the metric, Δ the difference of the covariates' means
and u = S⁻¹Δ:

    f_a = n_a - 1 - tr(S_a·S⁻¹)                     the slope's degrees of freedom, shared out over the arms
    v_a = Σ(residual - its mean)² / f_a             unbiased where an arm's residual variance is constant
    var(D) = Σ_a v_a·(1 / n_a + u'·S_a·u)           the second term is the noise of θ
    df = Satterthwaite's over both terms

Where the residual variances are equal, this estimates the standard error of the analysis of covariance.

References:
    Yang and Tsiatis (2001), Efficiency Study of Estimators for a Treatment Effect in a Pretest-Posttest Trial
    (ANCOVA I). Satterthwaite (1946), An Approximate Distribution of Estimates of Variance Components, eq. 17.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay.stats.adjustment.slopes import (
    LEAST_DF,
    Side,
    dot,
    inverse,
    quadratic,
    raw_length,
    residual_square,
    times,
    trace_of_product,
)
from assay.stats.pivot import Joint, joint_effect, satterthwaite, side_by_side
from assay.stats.result import Effect, Reason, flagged
from assay.stats.tails import Alternative


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """What an arm adds to the covariance of the adjusted means.

    One divisor, `df`, for all of it keeps the whole a covariance matrix.

    Attributes:
        residual: Variance of the mean of its residuals.
        noise: Variance that its residuals give to slope·Δ.
        df: Degrees of freedom of both.
        floor: What rounding can make of a `residual` of 0.
        mixed: Covariance of residual and fitted value of a unit.
        fitted: Variance of the fitted value of a unit.
    """

    residual: NDArray[np.float64]
    noise: NDArray[np.float64]
    df: NDArray[np.float64]
    floor: NDArray[np.float64]
    mixed: NDArray[np.float64]
    fitted: NDArray[np.float64]


def pooled_slope(control: Side, treatment: Side) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The slope pooled within arms, shape (..., k), and the inverse of the covariates' sums of products."""
    length = np.hypot(raw_length(control), raw_length(treatment))
    inverted = inverse(control.square_x + treatment.square_x, length)
    return times(inverted, control.cross + treatment.cross), inverted


def pooled_effect(
    control: Side, treatment: Side, *, alpha: NDArray[np.float64], alternative: Alternative
) -> Effect:
    """Difference and lift of both arms' estimates, moved to the pooled means of the covariates.

    Args:
        control: The control's estimate and products.
        treatment: The treatment's; shapes broadcast.
        alpha: Level; broadcasts.
        alternative: What the test looks for.

    Returns:
        The effect.
    """
    slope, inverted = pooled_slope(control, treatment)
    apart = treatment.mean_x - control.mean_x
    lean = times(inverted, apart)
    one, other = (_part(side, slope, inverted, lean) for side in (control, treatment))
    units = control.n + treatment.n
    share = treatment.n / units
    moved = dot(slope, apart)
    noise = one.noise + other.noise
    centre = (control.n * one.fitted + treatment.n * other.fitted) / units**2
    few = (one.df < LEAST_DF) | (other.df < LEAST_DF)
    joint = Joint(
        control=control.value + share * moved + 0 * treatment.value,  # no treatment, no pooled mean
        difference=treatment.value - control.value - moved,
        variance=one.residual + other.residual + noise,
        control_variance=one.residual + share**2 * noise + centre + 2 * one.mixed / units,
        covariance=(other.mixed - one.mixed) / units - one.residual - share * noise,
        floor=one.floor + other.floor,
        df=satterthwaite(
            side_by_side(one.residual + one.noise, other.residual + other.noise),
            side_by_side(one.df, other.df),
        ),
        reason=control.reason | treatment.reason | flagged((few, Reason.TOO_FEW_UNITS)),
    )
    return joint_effect(joint, alpha=alpha, alternative=alternative)


def _part(
    side: Side, slope: NDArray[np.float64], inverted: NDArray[np.float64], lean: NDArray[np.float64]
) -> _Part:
    df = side.n - 1 - trace_of_product(side.square_x, inverted)
    square, floor = residual_square(side, slope)
    fitted = quadratic(slope, side.square_x)
    return _Part(
        residual=square / df / side.n,
        noise=square / df * quadratic(lean, side.square_x),
        df=df,
        floor=floor / df / side.n,
        mixed=(dot(slope, side.cross) - fitted) / df,
        fitted=fitted / df,
    )
