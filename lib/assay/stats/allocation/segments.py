"""Which segments carry a sample ratio mismatch? The same plan, tested country by country, browser by browser.

References:
    Fabijan et al. (2019), Diagnosing Sample Ratio Mismatch in Online Controlled Experiments, section 5
    (segments as the way to the cause). Holm (1979). Sokal and Rohlf (2012), Biometry, section 17.3
    (heterogeneity chi-square). Haberman (1973), The Analysis of Residuals in Cross-Classified Tables.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.stats.allocation.plan import Plan, checked_plan, chi_square_tail
from assay.stats.allocation.srm import SRM_LEVEL
from assay.stats.checks import numbers, open_unit
from assay.stats.multiplicity import holm


@dataclass(frozen=True, slots=True, eq=False)
class SegmentMismatch:
    """Answer of `srm_segments`; segments along the last axis, arms behind it where there are any.

    Attributes:
        p_value: Of each segment alone.
        p_corrected: The same, corrected for the number of segments by Holm's procedure.
        mismatch: True where `p_corrected` is below the level: the segments that carry the mismatch.
        residual: (units - expected) / standard deviation, per segment and arm; about normal under the plan.
            Infinite for a unit in an arm without a share.
        p_value_total: Of all segments together: the ordinary check.
        p_value_uneven: Of every segment being off by the same shares, if at all. Small: the cause sits in
            some of the segments. Not small, though `p_value_total` is: it acts on all alike.
    """

    p_value: NDArray[np.float64]
    p_corrected: NDArray[np.float64]
    mismatch: NDArray[np.bool_]
    residual: NDArray[np.float64]
    p_value_total: NDArray[np.float64]
    p_value_uneven: NDArray[np.float64]


def srm_segments(
    observed: ArrayLike, expected_shares: ArrayLike, *, alpha: float = SRM_LEVEL
) -> SegmentMismatch:
    """Where a sample ratio mismatch sits.

    Segments must be known before the exposure (country, device), or a mismatch may be the treatment's work.

    Args:
        observed: Units, segments along the last axis but one, arms along the last; disjoint segments.
        expected_shares: Planned shares or weights along the last axis, the same for all segments; batches
            broadcast with those of `observed`.
        alpha: Level of the corrected decision, strictly between 0 and 1.

    Returns:
        p-values, decisions and residuals.

    Raises:
        InputError: As for `srm`, `observed` without an axis of segments, or alpha outside (0, 1).

    Example:
        >>> found = srm_segments([[500, 510], [800, 600]], [0.5, 0.5])
        >>> found.mismatch.tolist()
        [False, True]
    """
    level = float(open_unit("alpha", alpha))
    shares = numbers("expected_shares", expected_shares)
    plan = checked_plan(observed, shares[..., None, :] if shares.ndim else shares, axes=2)
    total = Plan(np.sum(plan.units, axis=-2), plan.shares[..., 0, :])
    uneven = np.maximum(np.sum(plan.distance, axis=-1) - total.distance, 0.0)
    # A segment without units says nothing, and has no degrees of freedom either.
    filled = np.sum(np.sum(plan.units, axis=-1) > 0, axis=-1)
    df = np.maximum(filled - 1, 0) * total.df
    p_value = plan.p_value()
    corrected = holm(p_value, alpha=level).p_value
    return SegmentMismatch(
        p_value=p_value,
        p_corrected=corrected,
        mismatch=corrected < level,
        residual=_residual(plan),
        p_value_total=total.p_value(),
        p_value_uneven=chi_square_tail(uneven, df),
    )


def _residual(plan: Plan) -> NDArray[np.float64]:
    excess = plan.units - plan.expected
    spread = np.sqrt(plan.expected * (1 - plan.shares))
    stray = np.where((plan.units > 0) & (plan.shares == 0), np.inf, 0.0)
    return np.asarray(np.divide(excess, spread, out=stray, where=spread > 0))
