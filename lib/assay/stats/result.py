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


class Reason(IntFlag):
    """Why a field of an `Effect` is NaN or infinite; several may hold at once.

    The first four leave no p-value and no interval. The last two concern the relative form only.
    """

    NONE = 0
    TOO_FEW_UNITS = 1
    NO_VARIANCE = 2
    ZERO_DENOMINATOR = 4
    NOT_FINITE = 8
    ZERO_CONTROL = 16
    RELATIVE_UNBOUNDED = 32


_SENTENCES = {
    Reason.TOO_FEW_UNITS: "an arm has too few units for a standard error",
    Reason.NO_VARIANCE: "no unit differs from another in either arm, so there is no standard error",
    Reason.ZERO_DENOMINATOR: "the denominator's mean is 0, so the ratio does not exist",
    Reason.NOT_FINITE: "the moments hold NaN or infinity, or their arithmetic leaves double precision",
    Reason.ZERO_CONTROL: "lift has no estimate: the control mean is 0; report the difference instead",
    Reason.RELATIVE_UNBOUNDED: "the control mean is too near 0 to bound the lift; report the difference",
}


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
    if not 0 <= int(reason) < 2 * int(Reason.RELATIVE_UNBOUNDED):
        raise InputError(f"reason is {reason}; it must be a code of Effect.reason, 0 to 63")
    return "; ".join(text for flag, text in _SENTENCES.items() if flag & int(reason))


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Effect:
    """Effect of a treatment against a control: arrays of one shape, one element per test.

    A field is NaN or infinite only where `reason` says why.

    Attributes:
        estimate: Treatment minus control, in the metric's unit.
        std_error: Standard error of `estimate`, same unit.
        statistic: The test's pivot at no effect; dimensionless.
        df: Degrees of freedom of the pivot; infinite for a normal one.
        p_value: Two-sided, of no effect; below `alpha` exactly where the interval leaves out 0.
        lower: Lower end of the 1 - `alpha` interval of the difference.
        upper: Its upper end.
        relative_estimate: Treatment over control, minus 1.
        relative_lower: Lower end of the 1 - `alpha` interval of the lift; -inf if unbounded (a score interval
            of proportions never is below: its least value is -1).
        relative_upper: Its upper end; inf if unbounded. A bounded interval leaves out 0 exactly where
            `p_value` is below `alpha`.
        alpha: The level of the intervals.
        reason: Codes of `Reason`; 0 where everything is defined.
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
    reason: NDArray[np.uint8]

    def __post_init__(self) -> None:
        names = [field.name for field in fields(self)]
        arrays = np.broadcast_arrays(*(getattr(self, name) for name in names))
        for name, array in zip(names, arrays, strict=True):
            object.__setattr__(
                self, name, np.asarray(array, dtype=np.uint8 if name == "reason" else np.float64)
            )
        # Whatever a method overlooked is not finite arithmetic: no NaN goes without a reason.
        unexplained = np.any([np.isnan(getattr(self, name)) for name in names], axis=0) & (self.reason == 0)
        if np.any(unexplained):
            flagged = np.where(unexplained, np.uint8(Reason.NOT_FINITE), self.reason)
            object.__setattr__(self, "reason", flagged)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of every array."""
        return self.estimate.shape
