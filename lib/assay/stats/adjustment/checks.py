"""What to look at before an adjusted estimate is believed.

An adjustment is right if the treatment could not touch its covariate. These checks ask whether the data
contradict that, and what the adjustment did. None of them proves it: a covariate from after the exposure that
the treatment moves a little passes, and still biases the adjusted estimate by the slope times that move.

References:
    Deng, Xu, Kohavi and Walker (2013), Improving the Sensitivity of Online Controlled Experiments by
    Utilizing Pre-Experiment Data. Rosenbaum (1984), The Consequences of Adjustment for a Concomitant Variable
    That Has Been Affected by the Treatment. Welch (1947), The Generalization of "Student's" Problem when
    Several Different Population Variances are Involved.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from assay.errors import InputError
from assay.stats.adjustment.comoments import Comoments, refuse_unlike
from assay.stats.adjustment.pooled import pooled_slope
from assay.stats.adjustment.slopes import Side, dot, mean_side, ratio_side
from assay.stats.checks import open_unit, shared_shape
from assay.stats.means import welch
from assay.stats.moments import Moments
from assay.stats.result import Effect, Reason, flagged

CHECK_LEVEL = 0.001
"""Level of the checks: they run for every metric of every experiment, where 5 % would cry wolf daily."""

_Kind = TypeVar("_Kind", bound=np.generic)
_LIFT = Reason.ZERO_CONTROL | Reason.RELATIVE_UNBOUNDED


@dataclass(frozen=True, slots=True, eq=False)
class Imbalance:
    """A covariate's difference between arms; for `Comoments` with a last axis of covariates.

    Attributes:
        difference: Treatment minus control, in the covariate's unit.
        standardised: The difference over the root of the mean of both arms' variances.
        p_value: Of no difference, two-sided, Welch's; 1 for a covariate that is one constant in both arms.
        alarm: True where `p_value` is below the level, and where the check cannot run.
        reason: Codes of `Reason`; 0 where the check could run.
    """

    difference: NDArray[np.float64]
    standardised: NDArray[np.float64]
    p_value: NDArray[np.float64]
    alarm: NDArray[np.bool_]
    reason: NDArray[np.uint16]


@dataclass(frozen=True, slots=True, eq=False)
class SignFlip:
    """Whether adjustment turned the sign of an estimate.

    Attributes:
        flipped: True where both estimates exist, neither is 0, and their signs differ.
        alarm: True where besides one of the two has a p-value below its alpha: they tell opposite stories.
        shift: Adjusted minus raw estimate, in the metric's unit.
    """

    flipped: NDArray[np.bool_]
    alarm: NDArray[np.bool_]
    shift: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Saving:
    """What an adjustment with the pooled slope saves.

    Attributes:
        slope: θ, metric units per covariate unit; for `Comoments` with a last axis of covariates. 0 for a
            covariate that does not vary.
        correlation: Correlation of metric and covariate pooled within arms; of several covariates, and
            then 0 or greater, the multiple correlation.
        saved: Share of the metric's variance within arms that the covariate explains, the correlation's
            square: an adjusted experiment needs 1 - `saved` times the units.
        reason: Codes of `Reason` where a field is NaN.
    """

    slope: NDArray[np.float64]
    correlation: NDArray[np.float64]
    saved: NDArray[np.float64]
    reason: NDArray[np.uint16]


def imbalance(
    control: Moments | Comoments, treatment: Moments | Comoments, *, alpha: float = CHECK_LEVEL
) -> Imbalance:
    """Does a covariate from before the exposure differ between the arms?

    Randomised arms differ by chance only. Adjustment takes a chance difference out of the estimate; one that
    chance does not explain points to a broken assignment or a broken pre-period, which it does not repair.

    Args:
        control: With x.
        treatment: With x; broadcasts.
        alpha: Level of the alarm, strictly between 0 and 1.

    Returns:
        The comparison.

    Raises:
        InputError: No covariate, unlike data, shapes that do not broadcast, or alpha outside (0, 1).

    Example:
        >>> arm = Moments.of([3.0, 4.0, 8.0], x=[1.0, 2.0, 4.0])
        >>> float(imbalance(arm, arm).p_value)
        1.0
    """
    level = open_unit("alpha", alpha)
    one, other = (_metrics(arm) for arm in _comoments(control, treatment))
    effect = welch(one, other)
    reason = effect.reason & ~np.uint16(_LIFT)
    same = (reason == Reason.NO_VARIANCE) & (effect.estimate == 0)
    with np.errstate(all="ignore"):
        spread = np.sqrt((one.var_y + other.var_y) / 2)
        p_value = np.where(same, 1.0, effect.p_value)
        return Imbalance(
            difference=_as_given(effect.estimate, control),
            standardised=_as_given(np.where(same, 0.0, effect.estimate / spread), control),
            p_value=_as_given(p_value, control),
            alarm=_as_given(~(p_value >= level), control),
            reason=_as_given(np.where(same, np.uint16(0), reason), control),
        )


def moved_covariate(
    control: Moments | Comoments, treatment: Moments | Comoments, *, alpha: float = CHECK_LEVEL
) -> Imbalance:
    """Did the treatment move a covariate that was measured, in whole or in part, after the exposure?

    The arithmetic is that of `imbalance`. An alarm here says that the adjusted estimate is invalid: it is off
    by about slope × difference. No alarm does not make it valid, as a move too small to see biases it too:
    prefer a covariate from before the exposure.

    Args:
        control: With x, the covariate as it was used.
        treatment: With x; broadcasts.
        alpha: Level of the alarm, strictly between 0 and 1.

    Returns:
        The comparison.

    Raises:
        InputError: No covariate, unlike data, shapes that do not broadcast, or alpha outside (0, 1).
    """
    return imbalance(control, treatment, alpha=alpha)


def sign_flip(raw: Effect, adjusted: Effect) -> SignFlip:
    """Do the raw and the adjusted estimate disagree in sign?

    Without an alarm a flip is noise around 0. With one, look at `imbalance` before either is reported.

    Args:
        raw: Effect without adjustment, `welch` or `ratio_delta`.
        adjusted: Effect of the same units with adjustment; broadcasts.

    Returns:
        The comparison; an estimate that is NaN has no sign.

    Raises:
        InputError: The shapes do not broadcast.
    """
    shared_shape(raw=raw.estimate, adjusted=adjusted.estimate)
    with np.errstate(all="ignore"):
        flipped = np.sign(raw.estimate) * np.sign(adjusted.estimate) < 0
        found = (raw.p_value < raw.alpha) | (adjusted.p_value < adjusted.alpha)
        return SignFlip(flipped=flipped, alarm=flipped & found, shift=adjusted.estimate - raw.estimate)


def variance_saved(
    control: Moments | Comoments, treatment: Moments | Comoments, *, ratio: bool = False
) -> Saving:
    """How much of the metric's variance does the covariate explain?

    Args:
        control: With y and x; d too for a ratio.
        treatment: The same series; broadcasts.
        ratio: True for the ratio of y to d, by its linearisation.

    Returns:
        Slope, correlation and saving, pooled within arms.

    Raises:
        InputError: A needed series is missing, unlike data, or shapes that do not broadcast.

    Example:
        >>> arm = Moments.of([1.0, 2.0, 3.0, 5.0], x=[0.0, 2.0, 1.0, 3.0])
        >>> round(float(variance_saved(arm, arm).saved), 4)
        0.6914
    """
    arms = _comoments(control, treatment)
    with np.errstate(all="ignore"):
        one, other = (_side(arm, ratio=ratio) for arm in arms)
        slope, _ = pooled_slope(one, other)
        cross = one.cross + other.cross
        square = one.square + other.square
        # Rounding may carry the share a little over 1 where the covariate explains everything.
        saved = np.clip(dot(slope, cross) / square, 0.0, 1.0)
        sign = np.sign(slope[..., 0]) if slope.shape[-1] == 1 else np.ones(saved.shape)
        reason = one.reason | other.reason | flagged((square == 0, Reason.NO_VARIANCE))
        return Saving(
            slope=_as_given(np.where((reason != 0)[..., None], np.nan, slope), control),
            correlation=np.where(reason != 0, np.nan, sign * np.sqrt(saved)),
            saved=np.where(reason != 0, np.nan, saved),
            reason=reason,
        )


def _comoments(control: Moments | Comoments, treatment: Moments | Comoments) -> tuple[Comoments, Comoments]:
    one, other = (a if isinstance(a, Comoments) else Comoments.of_moments(a) for a in (control, treatment))
    refuse_unlike(one, other)
    if not one.covariates:
        raise InputError(f"control has the series {', '.join(one.names)} only; a covariate x is needed")
    shared_shape(control=one.n, treatment=other.n)
    return one, other


def _metrics(arm: Comoments) -> Moments:
    """The covariates as metrics, along a last axis."""
    first = len(arm.names) - len(arm.covariates)
    square = np.diagonal(arm.m2, axis1=-2, axis2=-1)
    return Moments(n=arm.n[..., None], mean_y=arm.mean[..., first:], m2_y=square[..., first:])


def _side(arm: Comoments, *, ratio: bool) -> Side:
    if not ratio:
        return mean_side(arm)
    if "d" not in arm.series:
        raise InputError(f"control has the series {', '.join(arm.names)} only; a ratio needs d")
    return ratio_side(arm)


def _as_given(values: NDArray[_Kind], arm: Moments | Comoments) -> NDArray[_Kind]:
    """Values by covariate; of `Moments`, which have one, without that axis."""
    return values if isinstance(arm, Comoments) else values[..., 0]
