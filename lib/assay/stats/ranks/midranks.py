"""Midranks of two arms, and what rank tests count with them.

References:
    Lehmann (1975), Nonparametrics: Statistical Methods Based on Ranks, section 1.4 (midranks, tied variance).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay.stats.result import Reason, flagged
from assay.stats.samples import Samples


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """Two arms ranked together.

    Attributes:
        control: Midranks of the control's units among all units, shape (..., n_c).
        treatment: Midranks of the treatment's units, shape (..., n_t).
        ties: Sum over groups of t equal values of t³ - t.
    """

    control: NDArray[np.float64]
    treatment: NDArray[np.float64]
    ties: NDArray[np.float64]

    @property
    def pairs(self) -> int:
        """Number of pairs of a control and a treatment unit."""
        return int(self.control.shape[-1] * self.treatment.shape[-1])

    @property
    def wins(self) -> NDArray[np.float64]:
        """Mann-Whitney's U: pairs in which the treatment's value is the greater, ties counted half."""
        n = self.treatment.shape[-1]
        return np.asarray(np.sum(self.treatment, axis=-1) - n * (n + 1) / 2)

    @property
    def null_variance(self) -> NDArray[np.float64]:
        """Variance of `wins` over all assignments of the units to arms, given the ties."""
        n = self.control.shape[-1] + self.treatment.shape[-1]
        return np.asarray(self.pairs / 12 * (n + 1 - self.ties / (n * max(n - 1, 1))))


def ranking(control: Samples, treatment: Samples) -> Ranking:
    """Rank both arms together, test by test.

    Args:
        control: Units of the control.
        treatment: Units of the treatment; batches broadcast.

    Returns:
        The ranking; NaN ranks as the greatest and must be masked by `unusable`.
    """
    shape = np.broadcast_shapes(control.shape, treatment.shape)
    arms = [np.broadcast_to(arm.y, (*shape, arm.n)) for arm in (control, treatment)]
    ranks, ties = midranks(np.concatenate(arms, axis=-1))
    return Ranking(ranks[..., : control.n], ranks[..., control.n :], ties)


def midranks(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Ranks from 1 along the last axis, equal values sharing the mean of theirs.

    Args:
        values: Shape (..., n).

    Returns:
        The midranks, and per row the sum over groups of t equal values of t³ - t.
    """
    n = values.shape[-1]
    order = np.argsort(values, axis=-1, kind="stable")
    ordered = np.take_along_axis(values, order, axis=-1)
    change = ordered[..., 1:] != ordered[..., :-1]
    edge = np.ones((*values.shape[:-1], min(n, 1)), dtype=np.bool_)
    place = np.arange(n)
    first = np.maximum.accumulate(np.where(np.concatenate([edge, change], axis=-1), place, 0), axis=-1)
    ends = np.where(np.concatenate([change, edge], axis=-1), place, n)
    last = np.minimum.accumulate(ends[..., ::-1], axis=-1)[..., ::-1]
    ranks = np.empty(values.shape)
    np.put_along_axis(ranks, order, (first + last) / 2 + 1, axis=-1)
    size = (last - first + 1).astype(np.float64)
    return ranks, np.asarray(np.sum(size**2 - 1, axis=-1))


def unusable(control: Samples, treatment: Samples, least: int) -> NDArray[np.uint16]:
    """Why a test has no answer: an arm with fewer than `least` units, or a value that is not finite."""
    few = min(control.n, treatment.n) < least
    finite = np.all(np.isfinite(control.y), axis=-1) & np.all(np.isfinite(treatment.y), axis=-1)
    return flagged((few, Reason.TOO_FEW_UNITS), (~finite, Reason.NOT_FINITE))
