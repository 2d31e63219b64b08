"""What the moments of an arm say of counts: events, exposure, and the rate of one per the other.

Every method of this package reads its data here and answers here, so that edges are treated alike.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from assay.stats.moments import Moments
from assay.stats.result import Effect, Reason, flagged
from assay.stats.tails import Alternative, opened

Array = NDArray[np.float64]
Ends = tuple[Array, Array]

# How far rounding may carry a total of whole numbers away from a whole number, against its size.
_ROUNDING = 1e-9
_LIFT_ONLY = ~np.uint16(Reason.ZERO_CONTROL)


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """Two arms' events and exposures, arrays of one shape.

    Elements that no method can answer hold one event per exposure, so that arithmetic goes on around them.

    Attributes:
        events_c: Events of the control, 0 or greater.
        exposure_c: Its exposure (units, or the sum of their denominators), above 0.
        events_t: Events of the treatment.
        exposure_t: Its exposure.
        level: The level of the test.
        difference: Rate of the treatment minus that of the control; NaN where there is none.
        relative: Their ratio minus 1.
        reason: Codes of `Reason`.
    """

    events_c: Array
    exposure_c: Array
    events_t: Array
    exposure_t: Array
    level: Array
    difference: Array
    relative: Array
    reason: NDArray[np.uint16]

    @property
    def usable(self) -> NDArray[np.bool_]:
        """Where there is an answer."""
        return np.asarray((self.reason & _LIFT_ONLY) == 0)

    @property
    def rate_c(self) -> Array:
        """Events per exposure in the control."""
        return self.events_c / self.exposure_c

    @property
    def rate_t(self) -> Array:
        """Events per exposure in the treatment."""
        return self.events_t / self.exposure_t

    @property
    def total(self) -> Array:
        """Events of both arms."""
        return self.events_c + self.events_t

    def without(self, *codes: tuple[object, Reason]) -> Counts:
        """The same where more elements are found to have no answer."""
        return replace(self, reason=self.reason | flagged(*codes))


def counts(control: Moments, treatment: Moments, level: Array, *, whole: bool = False) -> Counts:
    """Events and exposures of two arms.

    Args:
        control: Moments with y, events per unit, and d, exposure per unit, if units differ in it.
        treatment: The same; broadcasts.
        level: Level of the test; broadcasts.
        whole: Whether the totals must be whole numbers; they are then rounded to them.

    Returns:
        The counts. A negative total or exposure, and a broken one where `whole`, is `OUTSIDE_DOMAIN`.
    """
    k_c, e_c, why_c = _arm(control, whole=whole)
    k_t, e_t, why_t = _arm(treatment, whole=whole)
    k_c, e_c, k_t, e_t, level = np.broadcast_arrays(k_c, e_c, k_t, e_t, level)
    reason = why_c | why_t
    usable = reason == 0
    rate_c, rate_t = k_c / e_c, k_t / e_t
    difference = np.where(np.isfinite(e_c) & np.isfinite(e_t), rate_t - rate_c, np.nan)

    def held(values: Array) -> Array:
        return np.where(usable, values, 1.0)

    return Counts(
        events_c=held(k_c),
        exposure_c=held(e_c),
        events_t=held(k_t),
        exposure_t=held(e_t),
        level=level,
        difference=difference,
        relative=np.where(rate_c == 0, np.nan, difference / rate_c),
        reason=reason | flagged((rate_c == 0, Reason.ZERO_CONTROL)),
    )


def effect(
    data: Counts,
    *,
    p_value: Array,
    difference: Ends,
    ratio: Ends,
    alternative: Alternative,
    statistic: Array | None = None,
    std_error: Array | None = None,
    df: Array | None = None,
) -> Effect:
    """The effect of two-sided ends: opened for one side, blank where there is no answer.

    Args:
        data: The counts.
        p_value: Of no effect.
        difference: Ends of the difference's interval, -inf or inf where there is none on a side.
        ratio: Ends of the interval of the rate ratio minus 1.
        alternative: What the test looked for.
        statistic: The pivot; a method without one, or without one of the next two, has `NOT_DEFINED`.
        std_error: Standard error of the difference.
        df: Degrees of freedom.

    Returns:
        The effect.
    """
    usable = data.usable
    parts = (statistic, std_error, df)
    undefined = any(part is None for part in parts)
    open_ends = np.isinf(difference[0]) | np.isinf(difference[1])
    lower, upper = opened(*difference, alternative)
    lift_lower, lift_upper = opened(*ratio, alternative, least=-1.0)

    def known(values: Array | None) -> Array:
        return np.where(usable, np.nan if values is None else values, np.nan)

    return Effect(
        estimate=data.difference,
        std_error=known(std_error),
        statistic=known(statistic),
        df=known(df),
        p_value=known(p_value),
        lower=known(lower),
        upper=known(upper),
        relative_estimate=data.relative,
        relative_lower=known(lift_lower),
        relative_upper=known(lift_upper),
        alpha=data.level,
        reason=data.reason
        | flagged(
            (usable & undefined, Reason.NOT_DEFINED),
            (usable & open_ends, Reason.UNBOUNDED),
            (usable & np.isinf(ratio[1]), Reason.RELATIVE_UNBOUNDED),
        ),
        alternative=alternative,
    )


def _arm(moments: Moments, *, whole: bool) -> tuple[Array, Array, NDArray[np.uint16]]:
    n = moments.n
    events = n * moments.mean_y
    exposure = n if moments.mean_d is None else n * moments.mean_d
    finite = np.isfinite(events) & np.isfinite(exposure)
    nearest = np.round(events)
    broken = whole & (np.abs(events - nearest) > _ROUNDING * np.maximum(1.0, nearest))
    reason = flagged(
        (n == 0, Reason.TOO_FEW_UNITS),
        (~finite, Reason.NOT_FINITE),
        ((n > 0) & (exposure == 0), Reason.ZERO_DENOMINATOR),
        (finite & ((events < 0) | (exposure < 0) | broken), Reason.OUTSIDE_DOMAIN),
    )
    return (nearest if whole else events), np.where(exposure == 0, np.nan, exposure), reason
