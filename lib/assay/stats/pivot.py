"""From two independent estimates to an effect: one t pivot, inverted for the difference and for the lift.

The lift L solves treatment = (1 + L) · control. Its pivot

    T(L) = (D - L·c) / sqrt(v_t + (1 + L)²·v_c),    D = t - c,

is at L = 0 the statistic of the difference, and both are referred to one t distribution. So the p-value is
below alpha exactly where the interval of the difference, and a bounded interval of the lift, leaves out 0.

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

from assay.stats.result import Effect, Reason


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
    reason: NDArray[np.uint8]


def t_effect(control: Estimate, treatment: Estimate, *, alpha: NDArray[np.float64]) -> Effect:
    """Difference and lift of two independent estimates by one t pivot.

    Args:
        control: Estimate of the control, any shape.
        treatment: Estimate of the treatment; broadcasts.
        alpha: Level; broadcasts.

    Returns:
        The effect, Welch-Satterthwaite degrees of freedom.
    """
    difference = treatment.value - control.value
    square = control.variance + treatment.variance
    fixed = square <= control.floor + treatment.floor
    reason = control.reason | treatment.reason
    undefined = reason != 0
    reason = reason | np.where(fixed & ~undefined, np.uint8(Reason.NO_VARIANCE), np.uint8(0))
    square = np.where(undefined, np.nan, np.where(fixed, 0.0, square))
    std_error = np.sqrt(square)
    statistic = np.where(fixed, np.nan, difference / std_error)
    # Shares of the variance instead of its squares, which overflow and underflow.
    share = control.variance / square
    df = 1 / (share**2 / control.df + (treatment.variance / square) ** 2 / treatment.df)
    # The lower tail keeps its digits where 1 - alpha/2 would round to 1.
    quantile = -special.stdtrit(df, alpha / 2)
    lift_lower, lift_upper = _fieller(control.value / std_error, statistic, share, quantile)
    reason = reason | np.where(control.value == 0, np.uint8(Reason.ZERO_CONTROL), np.uint8(0))
    reason = reason | np.where(np.isinf(lift_lower), np.uint8(Reason.RELATIVE_UNBOUNDED), np.uint8(0))
    return Effect(
        estimate=difference,
        std_error=std_error,
        statistic=statistic,
        df=df,
        p_value=2 * special.stdtr(df, -np.abs(statistic)),
        lower=difference - quantile * std_error,
        upper=difference + quantile * std_error,
        relative_estimate=np.where(control.value == 0, np.nan, difference / control.value),
        relative_lower=lift_lower,
        relative_upper=lift_upper,
        alpha=alpha,
        reason=reason,
    )


def _fieller(
    control: NDArray[np.float64],
    statistic: NDArray[np.float64],
    share: NDArray[np.float64],
    quantile: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where T(L)² <= quantile², in units of the standard error: a·L² - 2·b·L + c <= 0, bounded if a > 0.

    Written in the lift, not the ratio: the sign of `c` alone says whether 0 is inside.

    Args:
        control: Control's estimate over the standard error.
        statistic: Difference over the standard error.
        share: The control's share of the variance of the difference.
        quantile: Of the t distribution.
    """
    square = quantile**2
    a = control**2 - square * share
    b = statistic * control + square * share
    c = statistic**2 - square
    # b² - a·c, expanded: its largest terms cancel exactly.
    inner = square * ((statistic + control) ** 2 * share + a * (1 - share))
    far = b + np.copysign(np.sqrt(np.maximum(inner, 0.0)), b)
    one, other = far / a, np.where(far == 0, 0.0, c / far)
    undefined = np.isnan(a) | np.isnan(c)
    lower = np.where(a > 0, np.minimum(one, other), -np.inf)
    upper = np.where(a > 0, np.maximum(one, other), np.inf)
    return np.where(undefined, np.nan, lower), np.where(undefined, np.nan, upper)
