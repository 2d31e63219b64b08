"""Did users arrive in the planned shares when the plan changed on the way? Ramps and phases of allocation.

An experiment that starts at 100/0 and goes on at 50/50 has no single planned share: pooled counts against
the last shares, or against average ones by calendar, raise false alarms. Given the units of each phase, the
counts of different phases are independent, and each phase has its own plan.

References:
    Pearson (1900). Fabijan et al. (2019), Diagnosing Sample Ratio Mismatch in Online Controlled Experiments,
    section 4.2 (ramps). Mantel and Haenszel (1959) for totals over strata given the margins.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.stats.allocation.plan import checked_plan, chi_square_tail

# A direction that carries less of the correlation matrix than this is one that the totals cannot move in.
_FLAT = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class PhasedMismatch:
    """Answer of `srm_phases`.

    Attributes:
        p_value: Of the plan in every phase: Pearson's distances added over phases.
        p_value_totals: Of each arm's total against the sum of its expected units: one number per arm instead
            of one per arm and phase, hence sharper against a loss that is alike in all phases.
        p_value_phase: Of each phase alone, along the last axis.
        expected: Expected units per phase and arm.
    """

    p_value: NDArray[np.float64]
    p_value_totals: NDArray[np.float64]
    p_value_phase: NDArray[np.float64]
    expected: NDArray[np.float64]


def srm_phases(observed: ArrayLike, expected_shares: ArrayLike) -> PhasedMismatch:
    """Whether the units of each phase arrived in that phase's shares.

    A phase in which one arm had all the traffic can only be contradicted by a unit in another arm (p = 0).

    Args:
        observed: Units, phases along the last axis but one, arms along the last. A unit counts once, in the
            phase of its first exposure.
        expected_shares: Planned shares or weights per phase, of the same layout; broadcasts.

    Returns:
        p-values, of the shape without the axes of phases and arms.

    Raises:
        InputError: As for `srm`, or `observed` without an axis of phases.

    Example:
        >>> ramp = srm_phases([[900, 0], [2010, 1990]], [[1.0, 0.0], [0.5, 0.5]])
        >>> round(float(ramp.p_value), 3)
        0.752
    """
    plan = checked_plan(observed, expected_shares, axes=2)
    stray = np.any(plan.stray, axis=-1)
    distance, df = np.sum(plan.distance, axis=-1), np.sum(plan.df, axis=-1)
    excess = np.sum(plan.units - plan.expected, axis=-2)
    total, total_df = _totals_distance(excess, _covariance(plan.expected, plan.shares))
    return PhasedMismatch(
        p_value=np.where(stray, 0.0, chi_square_tail(distance, df)),
        p_value_totals=np.where(stray, 0.0, chi_square_tail(total, total_df)),
        p_value_phase=plan.p_value(),
        expected=plan.expected,
    )


def _covariance(expected: NDArray[np.float64], shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of the arms' totals given the units of each phase: the sum of the phases' multinomial covariances."""
    own = np.sum(expected, axis=-2)[..., None] * np.eye(shares.shape[-1])
    return np.asarray(own - np.einsum("...pi,...pj->...ij", expected, shares))


def _totals_distance(
    excess: NDArray[np.float64], covariance: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Mahalanobis distance of the totals and its rank, from the eigenvalues of their correlations."""
    spread = np.sqrt(np.diagonal(covariance, axis1=-2, axis2=-1))
    scale = np.divide(1.0, spread, out=np.zeros(spread.shape), where=spread > 0)
    values, vectors = np.linalg.eigh(covariance * scale[..., None] * scale[..., None, :])
    free = values > _FLAT
    along = np.einsum("...ij,...i->...j", vectors, excess * scale)
    parts = np.divide(along**2, values, out=np.zeros(values.shape), where=free)
    return np.asarray(np.sum(parts, axis=-1)), np.asarray(np.sum(free, axis=-1))
