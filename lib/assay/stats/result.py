"""What a method answers: a frozen set of arrays, and a reason wherever a number is undefined.

References:
    DESIGN, decision 5: p-value and interval come from one inversion, in the absolute and the relative form.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import IntFlag

import numpy as np
from numpy.typing import NDArray

from assay.errors import InputError
from assay.stats.tails import Alternative


class Reason(IntFlag):
    """Why a field of an `Effect` is NaN or infinite; several may hold at once.

    `TOO_FEW_UNITS` to `NOT_FINITE` leave no p-value and no interval, as do `NOT_REACHED`, `NOT_CONVERGED`
    and `OUTSIDE_DOMAIN`. `ZERO_CONTROL` and `RELATIVE_UNBOUNDED` concern the relative form only, `UNBOUNDED`
    an end of the interval. `NOT_DEFINED` marks what the method has no notion of: a rank test has no lift, an
    exact test no standard error.
    """

    NONE = 0
    TOO_FEW_UNITS = 1
    NO_VARIANCE = 2
    ZERO_DENOMINATOR = 4
    NOT_FINITE = 8
    ZERO_CONTROL = 16
    RELATIVE_UNBOUNDED = 32
    NOT_DEFINED = 64
    UNBOUNDED = 128
    NOT_REACHED = 256
    NOT_CONVERGED = 512
    OUTSIDE_DOMAIN = 1024


_SENTENCES = {
    Reason.TOO_FEW_UNITS: "an arm has too few units for a standard error",
    Reason.NO_VARIANCE: "no unit differs from another in either arm, so there is no standard error",
    Reason.ZERO_DENOMINATOR: "the denominator's mean is 0, so the ratio does not exist",
    Reason.NOT_FINITE: "the moments hold NaN or infinity, or their arithmetic leaves double precision",
    Reason.ZERO_CONTROL: "lift has no estimate: the control mean is 0; report the difference instead",
    Reason.RELATIVE_UNBOUNDED: "the control mean is too near 0 to bound the lift; report the difference",
    Reason.NOT_DEFINED: "the method has no standard error, no degrees of freedom or no lift",
    Reason.UNBOUNDED: "the data bound the interval on one side only at this level",
    Reason.NOT_REACHED: "the follow-up ends before the curve gets that far",
    Reason.NOT_CONVERGED: "the search for the answer did not converge",
    Reason.OUTSIDE_DOMAIN: "the values are not of the kind that the method is for",
}
_CODES = 2 * int(max(Reason))


def explain(reason: int) -> str:
    """The sentence for one reason code.

    Args:
        reason: An element of `Effect.reason`.

    Returns:
        Sentences joined by `"; "`; empty for 0.

    Raises:
        InputError: No reason has that code.

    Example:
        >>> explain(1)
        'an arm has too few units for a standard error'
    """
    if not 0 <= int(reason) < _CODES:
        raise InputError(f"reason is {reason}; it must be a code of Effect.reason, 0 to {_CODES - 1}")
    return "; ".join(text for flag, text in _SENTENCES.items() if flag & int(reason))


def flagged(*codes: tuple[object, Reason]) -> NDArray[np.uint16]:
    """Reason codes from conditions.

    Args:
        codes: Pairs of a condition (boolean array) and the reason that it stands for; conditions broadcast.

    Returns:
        The codes that hold, added up.
    """
    found = np.zeros((), dtype=np.uint16)
    for condition, code in codes:
        found = found | np.where(np.asarray(condition), np.uint16(code), np.uint16(0))
    return np.asarray(found, dtype=np.uint16)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Effect:
    """Effect of a treatment against a control: arrays of one shape, one element per test.

    A field is NaN or infinite only where `reason` says why, or on the open side of a one-sided interval.

    Attributes:
        estimate: Treatment minus control, in the metric's unit.
        std_error: Standard error of `estimate`, same unit.
        statistic: The test's pivot at no effect; dimensionless.
        df: Degrees of freedom of the pivot; infinite for a normal one.
        p_value: Of no effect, against `alternative`; below `alpha` exactly where the interval leaves out 0.
        lower: Lower end of the 1 - `alpha` interval of the difference.
        upper: Its upper end.
        relative_estimate: Treatment over control, minus 1.
        relative_lower: Lower end of the 1 - `alpha` interval of the lift; -inf if unbounded (a score interval
            of proportions never is below: its least value is -1).
        relative_upper: Its upper end; inf if unbounded. A bounded interval leaves out 0 exactly where
            `p_value` is below `alpha`.
        alpha: The level of the test and of the intervals.
        reason: Codes of `Reason`; 0 where everything is defined.
        alternative: What the test looked for; one for all elements.
    """

    estimate: NDArray[np.float64]
    std_error: NDArray[np.float64]
    statistic: NDArray[np.float64]
    df: NDArray[np.float64]
    p_value: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    relative_estimate: NDArray[np.float64]
    relative_lower: NDArray[np.float64]
    relative_upper: NDArray[np.float64]
    alpha: NDArray[np.float64]
    reason: NDArray[np.uint16]
    alternative: Alternative = "two-sided"

    def __post_init__(self) -> None:
        names = self.names()
        arrays = np.broadcast_arrays(*(getattr(self, name) for name in names))
        for name, array in zip(names, arrays, strict=True):
            object.__setattr__(
                self, name, np.asarray(array, dtype=np.uint16 if name == "reason" else np.float64)
            )
        # Whatever a method overlooked is not finite arithmetic: no NaN goes without a reason.
        unexplained = np.any([np.isnan(getattr(self, name)) for name in names], axis=0) & (self.reason == 0)
        if np.any(unexplained):
            marked = np.where(unexplained, np.uint16(Reason.NOT_FINITE), self.reason)
            object.__setattr__(self, "reason", marked)

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Names of the arrays, in order: every field but `alternative`."""
        return tuple(field.name for field in fields(cls) if field.name != "alternative")

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of every array."""
        return self.estimate.shape


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Posterior(Effect):
    """What is believed of an effect after the data: an `Effect` whose intervals are credible ones.

    It has no p-value, statistic or degrees of freedom (`Reason.NOT_DEFINED`); `std_error` is the posterior
    standard deviation and `estimate` the posterior mean of the difference.

    Attributes:
        probability_better: Posterior probability that the treatment's parameter is the greater.
        loss_treatment: Expected loss, in the metric's unit, of choosing the treatment: E max(control -
            treatment, 0).
        loss_control: The same of staying with the control.
        probability_equivalent: Probability that the difference lies in the region of practical equivalence;
            0 where the region has no width.
    """

    probability_better: NDArray[np.float64]
    loss_treatment: NDArray[np.float64]
    loss_control: NDArray[np.float64]
    probability_equivalent: NDArray[np.float64]
