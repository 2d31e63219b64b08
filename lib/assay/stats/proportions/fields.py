"""The fields of an effect on proportions: from a normal pivot, or from an exact p-value.

References:
    DESIGN, decision 5: p-value and interval come from one inversion, in the absolute and the relative form.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray
from scipy import special

from assay.stats.proportions.arms import Arms, Array
from assay.stats.result import Reason, flagged
from assay.stats.tails import Alternative, opened, p_value, per_tail

Ends = tuple[Array, Array]


class Fields(TypedDict):
    """The fields of an `Effect`."""

    estimate: Array
    std_error: Array
    statistic: Array
    df: Array
    p_value: Array
    lower: Array
    upper: Array
    relative_estimate: Array
    relative_lower: Array
    relative_upper: Array
    alpha: Array
    reason: NDArray[np.uint16]
    alternative: Alternative


@dataclass(frozen=True, slots=True, eq=False)
class Pivot:
    """The normal quantile of a level.

    Attributes:
        z: Its size, above 0.
        beyond: Where a one-sided level above one half puts the end on the far side of the estimate.
        alternative: What the test looks for.
    """

    z: Array
    beyond: NDArray[np.bool_]
    alternative: Alternative

    @classmethod
    def of(cls, alpha: Array, alternative: Alternative) -> Pivot:
        """The quantile that leaves `alpha`, or half of it, in a tail."""
        z = -special.ndtri(per_tail(alpha, alternative))
        return cls(np.abs(z), z < 0, alternative)

    def turned(self, ends: Ends) -> Ends:
        """The ends at `z`, in the order that the level asks for."""
        return np.where(self.beyond, ends[1], ends[0]), np.where(self.beyond, ends[0], ends[1])


def z_fields(arms: Arms, statistic: Array, difference: Ends, ratio: Ends, pivot: Pivot) -> Fields:
    """The fields of the effect whose statistic is referred to the normal distribution.

    Args:
        arms: The arms.
        statistic: The pivot at no effect.
        difference: Both ends of p_t - p_c at the quantile `pivot.z`, in [-1, 1].
        ratio: The same of p_t / p_c, in [0, inf].
        pivot: The quantile and what the test looks for.

    Returns:
        The fields, NaN where there is no answer.
    """
    alternative = pivot.alternative
    lower, upper = opened(*pivot.turned(difference), alternative, least=-1.0, greatest=1.0)
    ratio_lower, ratio_upper = opened(*pivot.turned(ratio), alternative, least=0.0)
    unbounded = arms.usable & np.isinf(ratio[1])
    return {
        "estimate": arms.difference,
        "std_error": arms.known(arms.wald_error),
        "statistic": arms.known(statistic),
        "df": np.asarray(np.inf),
        "p_value": arms.known(p_value(special.ndtr(statistic), special.ndtr(-statistic), alternative)),
        "lower": arms.known(lower),
        "upper": arms.known(upper),
        "relative_estimate": arms.lift,
        "relative_lower": arms.known(ratio_lower - 1),
        "relative_upper": arms.known(ratio_upper - 1),
        "alpha": arms.alpha,
        "reason": arms.reason | flagged((unbounded, Reason.RELATIVE_UNBOUNDED)),
        "alternative": alternative,
    }


def counts_fields(arms: Arms, p: Array, alternative: Alternative) -> Fields:
    """The fields of a method that has neither a pivot nor an interval of the difference: exact tests.

    Args:
        arms: The arms.
        p: The p-value.
        alternative: What the test looks for.
    """
    none = np.asarray(np.nan)
    return {
        "estimate": arms.difference,
        "std_error": none,
        "statistic": none,
        "df": none,
        "p_value": arms.known(p),
        "lower": none,
        "upper": none,
        "relative_estimate": arms.lift,
        "relative_lower": none,
        "relative_upper": none,
        "alpha": arms.alpha,
        "reason": arms.reason | flagged((True, Reason.NOT_DEFINED)),
        "alternative": alternative,
    }
