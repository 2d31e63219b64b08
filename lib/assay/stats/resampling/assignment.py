"""Assignments of units to arms, and the thresholds at which they become as extreme as the real one.

References:
    Tritchler (1984), On Inverting Permutation Tests. Phipson and Smyth (2010), Permutation P-values Should
    Never Be Zero, section 4 (the real assignment counts among the random ones).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray

from assay.stats.resampling.weights import all_assignments, permutation_weights


@dataclass(frozen=True, slots=True, eq=False)
class Assignments:
    """The assignments that a permutation test looks at.

    Attributes:
        n: Units of both arms, the control's first.
        chosen: Units of the treatment.
        count: Number of assignments.
        complete: Whether these are all there are; random ones leave the real one out.
        seed: Of random ones.
    """

    n: int
    chosen: int
    count: int
    complete: bool
    seed: int

    @classmethod
    def of(cls, n_c: int, n_t: int, resamples: int, seed: int) -> Assignments:
        """All assignments if there are at most `resamples` + 1, otherwise `resamples` random ones."""
        every = comb(n_c + n_t, n_t)
        complete = every <= resamples + 1
        return cls(n_c + n_t, n_t, every if complete else resamples, complete, seed)

    @property
    def others(self) -> int:
        """How many assignments count besides the listed ones: the real one, unless it is among them."""
        return 0 if self.complete else 1

    def blocks(self) -> Iterator[NDArray[np.float64]]:
        """Weights in blocks: 1 where a unit is in the treatment."""
        if self.complete:
            return all_assignments(self.n, self.chosen)
        return permutation_weights(self.n, self.chosen, self.count, self.seed)


@dataclass(frozen=True, slots=True, eq=False)
class Thresholds:
    """From which effect on, and up to which one, each assignment is as extreme as the real one.

    Attributes:
        rises: Per test in ascending order, the least effect at which an assignment's statistic is at least as
            high as the real one's; shape (m, M).
        falls: The greatest effect at which it is at least as low.
        others: Assignments as extreme at every effect that are not listed.
    """

    rises: NDArray[np.float64]
    falls: NDArray[np.float64]
    others: int

    @classmethod
    def of(cls, gap: NDArray[np.float64], slope: NDArray[np.float64], others: int) -> Thresholds:
        """Thresholds gap / slope.

        Args:
            gap: The real statistic less the assignment's, at no effect; exactly 0 where they are equal.
            slope: How much the real statistic loses on the assignment's per unit of effect, 0 or more.
            others: As the attribute.
        """
        # Without a slope the order never changes: as high for ever, as low for ever, or both.
        never = slope <= 0
        ratio = gap / np.where(never, 1.0, slope)
        rises = np.where(never, np.where(gap <= 0, -np.inf, np.inf), ratio)
        falls = np.where(never, np.where(gap >= 0, np.inf, -np.inf), ratio)
        return cls(np.sort(rises, axis=1), np.sort(falls, axis=1), others)

    def tails(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """At no effect: the share of assignments as low as the real one, and the share as high."""
        low, high = np.sum(self.falls >= 0, axis=1), np.sum(self.rises <= 0, axis=1)
        return (low + self.others) / self._all, (high + self.others) / self._all

    def ends(self, tail: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The least and the greatest effect that no more than `tail` of the assignments speak against.

        Args:
            tail: Level per side, shape (m,).

        Returns:
            Both ends, infinite where there are too few assignments for the level.
        """
        needed = np.ceil(tail * self._all).astype(np.int64)
        # The very comparison of the p-value, not its rounded product.
        needed = needed - ((needed - 1) / self._all >= tail) + (needed / self._all < tail)
        place = needed - self.others - 1
        there = np.maximum(place, 0)[:, None]
        low = np.take_along_axis(self.rises, there, axis=1)[:, 0]
        high = np.take_along_axis(self.falls, self.falls.shape[1] - 1 - there, axis=1)[:, 0]
        return np.where(place < 0, -np.inf, low), np.where(place < 0, np.inf, high)

    @property
    def _all(self) -> int:
        return int(self.rises.shape[1] + self.others)
