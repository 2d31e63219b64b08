"""From two estimates to an effect: one t pivot, inverted for the difference and for the lift.

The lift L solves treatment = (1 + L) · control. With D = t - c the difference and c the control, its pivot

    T(L) = (D - L·c) / √(var(D) - 2·L·cov(D, c) + L²·var(c))

is at L = 0 the statistic of the difference, and both are referred to one t distribution. So the p-value is
below alpha exactly where the interval of the difference, and a bounded interval of the lift, leaves out 0.
Independent arms have cov(D, c) = -var(c); adjusted means and shared clusters have another.

References:
    Fieller (1954), Some Problems in Interval Estimation, eq. 5. Welch (1947), The Generalization of
    "Student's" Problem when Several Different Population Variances are Involved. Satterthwaite (1946), An
    Approximate Distribution of Estimates of Variance Components, eq. 17.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from assay.stats.result import Effect, Reason, flagged
from assay.stats.tails import Alternative, opened, p_value, per_tail


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """One arm's estimate.

    Attributes:
        value: The estimate, in the metric's unit.
        variance: Its sampling variance, unit squared; below `floor` it counts as 0.
        floor: What rounding alone can make of a variance of 0.
        df: Degrees of freedom of `variance`.
        reason: Codes of `Reason` known so far.
    """

    value: NDArray[np.float64]
    variance: NDArray[np.float64]
    floor: NDArray[np.float64]
    df: NDArray[np.float64]
    reason: NDArray[np.uint16]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Joint:
    """Estimates of both arms with the covariance of control and difference.

    Attributes:
        control: The control's estimate, in the metric's unit.
        difference: Treatment minus control.
        variance: Sampling variance of the difference; at or below `floor` it counts as 0.
        control_variance: Sampling variance of the control's estimate.
        covariance: Covariance of the difference and the control's estimate.
        floor: What rounding alone can make of a variance of 0.
        df: Degrees of freedom of `variance`.
        reason: Codes of `Reason` known so far.
    """

    control: NDArray[np.float64]
    difference: NDArray[np.float64]
    variance: NDArray[np.float64]
    control_variance: NDArray[np.float64]
    covariance: NDArray[np.float64]
    floor: NDArray[np.float64]
    df: NDArray[np.float64]
    reason: NDArray[np.uint16]


def t_effect(
    control: Estimate,
    treatment: Estimate,
    *,
    alpha: NDArray[np.float64],
    alternative: Alternative = "two-sided",
) -> Effect:
    """Difference and lift of two independent estimates by one t pivot, variances not assumed equal.

    Args:
        control: Estimate of the control, any shape.
        treatment: Estimate of the treatment; broadcasts.
        alpha: Level; broadcasts.
        alternative: What the test looks for.

    Returns:
        The effect, Welch-Satterthwaite degrees of freedom.
    """
    square = control.variance + treatment.variance
    # Shares of the variance instead of its squares, which overflow and underflow.
    share = control.variance / square
    df = 1 / (share**2 / control.df + (treatment.variance / square) ** 2 / treatment.df)
    return pivotal_effect(control, treatment, df=df, alpha=alpha, alternative=alternative)


def pivotal_effect(
    control: Estimate,
    treatment: Estimate,
    *,
    df: NDArray[np.float64],
    alpha: NDArray[np.float64],
    alternative: Alternative = "two-sided",
) -> Effect:
    """Difference and lift by the same pivot, with given degrees of freedom.

    Args:
        control: Estimate of the control; its own `df` is not read.
        treatment: Estimate of the treatment; broadcasts.
        df: Degrees of freedom of the pivot, above 0; infinite for a normal one.
        alpha: Level; broadcasts.
        alternative: What the test looks for.

    Returns:
        The effect. No variance in both arms leaves only the estimates.
    """
    return joint_effect(
        Joint(
            control=control.value,
            difference=treatment.value - control.value,
            variance=control.variance + treatment.variance,
            control_variance=control.variance,
            covariance=-control.variance,
            floor=control.floor + treatment.floor,
            df=df,
            reason=control.reason | treatment.reason,
        ),
        alpha=alpha,
        alternative=alternative,
    )


def joint_effect(
    joint: Joint, *, alpha: NDArray[np.float64], alternative: Alternative = "two-sided"
) -> Effect:
    """Difference and lift by the same pivot.

    Args:
        joint: The estimates.
        alpha: Level; broadcasts.
        alternative: What the test looks for.

    Returns:
        The effect. No variance of the difference leaves only the estimates.
    """
    undefined = joint.reason != 0
    fixed = joint.variance <= joint.floor
    square = np.where(undefined, np.nan, np.where(fixed, 0.0, joint.variance))
    std_error = np.sqrt(square)
    statistic = np.where(fixed, np.nan, joint.difference / std_error)
    df = np.where(undefined | fixed, np.nan, joint.df)
    # The lower tail keeps its digits where 1 - alpha/2 would round to 1.
    quantile = -special.stdtrit(df, per_tail(alpha, alternative))
    half = quantile * std_error
    lower, upper = opened(joint.difference - half, joint.difference + half, alternative)
    lifts = _fieller(joint, std_error, statistic, quantile)
    lift_lower, lift_upper = lift_sides(*lifts, joint.control, alternative)
    return Effect(
        estimate=joint.difference,
        std_error=std_error,
        statistic=statistic,
        df=df,
        p_value=t_p_value(statistic, df, alternative),
        lower=lower,
        upper=upper,
        relative_estimate=np.where(joint.control == 0, np.nan, joint.difference / joint.control),
        relative_lower=lift_lower,
        relative_upper=lift_upper,
        alpha=alpha,
        reason=joint.reason
        | flagged(
            (fixed & ~undefined, Reason.NO_VARIANCE),
            (joint.control == 0, Reason.ZERO_CONTROL),
            (np.isinf(lifts[0]), Reason.RELATIVE_UNBOUNDED),
        ),
        alternative=alternative,
    )


def t_p_value(
    statistic: NDArray[np.float64], df: NDArray[np.float64], alternative: Alternative
) -> NDArray[np.float64]:
    """The p-value of a t statistic, to the last digit in either tail.

    Args:
        statistic: Of any sign.
        df: Degrees of freedom, above 0; infinite for a normal statistic.
        alternative: What the test looks for.

    Returns:
        p-values; shapes broadcast.
    """
    if alternative == "two-sided":  # one tail is enough, and half the work
        return np.asarray(2 * special.stdtr(df, -np.abs(statistic)))
    return p_value(special.stdtr(df, statistic), special.stdtr(df, -statistic), alternative)


def satterthwaite(variances: NDArray[np.float64], df: NDArray[np.float64]) -> NDArray[np.float64]:
    """Degrees of freedom of a sum of independent variances, each with its own.

    Args:
        variances: The parts, along the last axis; a part of 0 plays no role.
        df: Degrees of freedom of each.
    """
    # Shares of the sum instead of squares, which overflow and underflow.
    share = variances / np.sum(variances, axis=-1, keepdims=True)
    return np.asarray(1 / np.sum(np.where(variances > 0, share**2 / df, 0.0), axis=-1))


def side_by_side(*parts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Arrays that broadcast, along a new last axis."""
    return np.stack(np.broadcast_arrays(*parts), axis=-1)


def lift_sides(
    lower: NDArray[np.float64],
    upper: NDArray[np.float64],
    control: NDArray[np.float64],
    alternative: Alternative,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The interval of the lift, opened on the side that a one-sided test of the difference leaves open.

    Args:
        lower: Lower end of the lift.
        upper: Upper end.
        control: The control's estimate; where it is negative, a greater treatment is a lesser lift.
        alternative: What the test of the difference looks for.

    Returns:
        Both ends.
    """
    if alternative == "two-sided":
        return lower, upper
    mirrored: Alternative = "less" if alternative == "greater" else "greater"
    straight, turned = opened(lower, upper, alternative), opened(lower, upper, mirrored)
    return np.where(control < 0, turned[0], straight[0]), np.where(control < 0, turned[1], straight[1])


def _fieller(
    joint: Joint,
    std_error: NDArray[np.float64],
    statistic: NDArray[np.float64],
    quantile: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where T(L)² <= quantile², in units of the standard error: a·L² - 2·b·L + c <= 0, bounded if a > 0.

    Written in the lift, not the ratio: the sign of `c` alone says whether 0 is inside.
    """
    control = joint.control / std_error
    share = joint.control_variance / std_error**2
    mixed = joint.covariance / std_error**2
    square = quantile**2
    a = control**2 - square * share
    b = statistic * control - square * mixed
    c = statistic**2 - square
    # b² - a·c as a sum of terms of one sign each: where 0 is outside, b² and a·c would cancel.
    apart = np.maximum(share - mixed**2, 0.0)
    outside = square * ((control - statistic * mixed) ** 2 + c * apart)
    far = b + np.copysign(np.sqrt(np.maximum(np.where(c < 0, b**2 - a * c, outside), 0.0)), b)
    one, other = far / a, np.where(far == 0, 0.0, c / far)
    undefined = np.isnan(a) | np.isnan(c)
    ends = np.minimum(one, other), np.maximum(one, other)
    # One-sided at a level above 1/2 the end lies beyond the estimate.
    lower = np.where(a > 0, np.where(quantile < 0, ends[1], ends[0]), -np.inf)
    upper = np.where(a > 0, np.where(quantile < 0, ends[0], ends[1]), np.inf)
    return np.where(undefined, np.nan, lower), np.where(undefined, np.nan, upper)
