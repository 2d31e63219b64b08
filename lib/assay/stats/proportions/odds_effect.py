"""An effect that also has the odds ratio.

References:
    Agresti (1992), A Survey of Exact Inference for Contingency Tables, section 2 (the 2 × 2 table).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay.stats.proportions.arms import Arms, Array
from assay.stats.proportions.fields import Ends, Fields
from assay.stats.proportions.inversion import Tables
from assay.stats.result import Effect, Reason, flagged
from assay.stats.tails import opened


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class OddsEffect(Effect):
    """An `Effect` that also has the odds ratio, treatment's odds over control's.

    A method whose interval is one of the odds ratio only leaves those of the difference and of the lift NaN
    (`NOT_DEFINED`); its `p_value` is below `alpha` exactly where the odds ratio's interval leaves out 1.

    Attributes:
        odds_ratio: The estimate; infinite, 0 or NaN (nobody, or everybody, succeeded) on the table's edge.
        odds_ratio_lower: Lower end of its 1 - `alpha` interval, in [0, inf].
        odds_ratio_upper: Upper end.
    """

    odds_ratio: NDArray[np.float64]
    odds_ratio_lower: NDArray[np.float64]
    odds_ratio_upper: NDArray[np.float64]


def odds_effect(fields: Fields, arms: Arms, ratio: Array, ends: Ends) -> OddsEffect:
    """The effect with the odds ratio and its interval.

    Args:
        fields: Those of an `Effect`.
        arms: The arms.
        ratio: The odds ratio's estimate; NaN where the table has none.
        ends: Two-sided ends of its interval.
    """
    unbounded = arms.usable & (np.isinf(ratio) | np.isinf(ends[1]))
    undefined = arms.usable & np.isnan(ratio)
    lower, upper = opened(*ends, fields["alternative"], least=0.0)
    fields["reason"] = fields["reason"] | flagged(
        (unbounded, Reason.UNBOUNDED), (undefined, Reason.NOT_DEFINED)
    )
    return OddsEffect(
        **fields,
        odds_ratio=arms.known(ratio),
        odds_ratio_lower=arms.known(lower),
        odds_ratio_upper=arms.known(upper),
    )


def cells(tables: Tables) -> tuple[Array, Array, Array, Array]:
    """Successes and failures of the treatment, then of the control."""
    a, c = tables.n_t * tables.p_t, tables.n_c * tables.p_c
    return a, tables.n_t - a, c, tables.n_c - c


def odds_ratio_of(a: Array, b: Array, c: Array, d: Array) -> Array:
    """The odds ratio of the four cells; NaN where both its products are 0."""
    return a * d / (b * c)
