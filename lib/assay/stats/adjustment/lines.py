"""A regression line per arm, read at the pooled means of the covariates.

References:
    Lin (2013), Agnostic Notes on Regression Adjustments to Experimental Data: Reexamining Freedman's
    Critique. MacKinnon and White (1985), Some Heteroskedasticity-Consistent Covariance Matrix Estimators,
    HC2.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from assay.errors import InputError, did_you_mean
from assay.stats.adjustment.comoments import Comoments
from assay.stats.adjustment.slopes import (
    EPS,
    LEAST_DF,
    Side,
    dot,
    inverse,
    mean_side,
    quadratic,
    raw_length,
    residual_square,
    times,
    trace_of_product,
)
from assay.stats.moments import Moments
from assay.stats.pivot import Joint, joint_effect, satterthwaite, side_by_side
from assay.stats.result import Effect, Reason, flagged
from assay.stats.samples import Samples
from assay.stats.tails import Alternative

Target = Literal["population", "sample"]
"""Whose effect: that on all users like these, or that on the units of the experiment."""


@dataclass(frozen=True, slots=True, eq=False)
class _Line:
    """An arm's regression, read at the pooled means of the covariates.

    Attributes:
        value: The line there.
        variance: Its sampling variance, the place taken as fixed.
        floor: What rounding can make of a variance of 0.
        df: Degrees of freedom.
        slope: Shape (..., k).
    """

    value: NDArray[np.float64]
    variance: NDArray[np.float64]
    floor: NDArray[np.float64]
    df: NDArray[np.float64]
    slope: NDArray[np.float64]


def lines_effect(
    control: Side,
    treatment: Side,
    *,
    alpha: NDArray[np.float64],
    alternative: Alternative,
    target: Target,
    samples: tuple[Samples, Samples] | None = None,
) -> Effect:
    """Difference and lift of both arms' lines at the pooled means of the covariates.

    Args:
        control: The control's mean and products.
        treatment: The treatment's; shapes broadcast.
        alpha: Level; broadcasts.
        alternative: What the test looks for.
        target: Whose effect.
        samples: Both arms' units, for HC2's variance of one covariate's line; left out, that of constant
            residual variance per arm.

    Returns:
        The effect.

    Raises:
        InputError: An unknown target.
    """
    if target not in get_args(Target):
        raise InputError(f"target is {target!r}; {did_you_mean(str(target), get_args(Target))}")
    units = control.n + treatment.n
    share = (treatment.n / units)[..., None]
    centre = control.mean_x + share * (treatment.mean_x - control.mean_x)
    one, other = (_line(side, centre) for side in (control, treatment))
    if samples is not None:
        one, other = (_hc2(line, arm, centre) for line, arm in zip((one, other), samples, strict=True))
    between = _variance_of_centre(control, treatment) * (1.0 if target == "population" else 0.0)
    steeper = other.slope - one.slope
    pooled = quadratic(steeper, between)
    few = (one.df < LEAST_DF) | (other.df < LEAST_DF)
    joint = Joint(
        control=one.value + 0 * treatment.value,  # no treatment, no pooled mean
        difference=other.value - one.value,
        variance=one.variance + other.variance + pooled,
        control_variance=one.variance + quadratic(one.slope, between),
        covariance=dot(one.slope, times(between, steeper)) - one.variance,
        floor=one.floor + other.floor,
        df=satterthwaite(
            side_by_side(one.variance, other.variance, pooled), side_by_side(one.df, other.df, units - 2)
        ),
        reason=control.reason | treatment.reason | flagged((few, Reason.TOO_FEW_UNITS)),
    )
    return joint_effect(joint, alpha=alpha, alternative=alternative)


def _line(side: Side, centre: NDArray[np.float64]) -> _Line:
    inverted = inverse(side.square_x, raw_length(side))
    slope = times(inverted, side.cross)
    off = centre - side.mean_x
    df = side.n - 1 - trace_of_product(side.square_x, inverted)
    square, floor = residual_square(side, slope)
    spread = 1 / side.n + quadratic(off, inverted)
    return _Line(
        value=side.value + dot(slope, off),
        variance=square / df * spread,
        floor=floor / df * spread,
        df=df,
        slope=slope,
    )


def _variance_of_centre(control: Side, treatment: Side) -> NDArray[np.float64]:
    """Sampling covariance of the pooled covariate means, shape (..., k, k)."""
    units = control.n + treatment.n
    of_control, of_treatment = (
        (side.n / (side.n - 1) / units**2)[..., None, None] * side.square_x for side in (control, treatment)
    )
    return of_control + of_treatment


def _hc2(line: _Line, arm: Samples, centre: NDArray[np.float64]) -> _Line:
    """The same line with HC2's variance of its value at the centre."""
    moments = Moments.of(arm.y, x=arm.x)
    n, mean_x = moments.n[..., None], np.asarray(moments.mean_x)[..., None]
    x, y = np.asarray(arm.x) - mean_x, arm.y - moments.mean_y[..., None]
    side = mean_side(Comoments.of_moments(moments))
    pull = inverse(side.square_x, raw_length(side))[..., 0] * x
    weight = 1 / n + (centre - mean_x) * pull
    rest = 1 - 1 / n - pull * x  # one minus the leverage
    residual = y - line.slope * x
    alone = np.any(rest < np.sqrt(EPS), axis=-1)
    return replace(
        line,
        variance=np.sum(weight**2 * residual**2 / rest, axis=-1),
        df=np.where(alone, 0.0, line.df),
    )
