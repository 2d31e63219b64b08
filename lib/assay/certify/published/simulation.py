"""Simulated experiments in blocks, and the draws that several tables share.

Where the law of a sufficient statistic is exact it is drawn instead of the units: of normal units, a normal
mean and a chi-square sum of squares.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.seeds import stream
from assay.stats import Moments

Case = TypeVar("Case")


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """What a table is simulated with.

    Attributes:
        name: Of the table; names its streams.
        replicates: Experiments per case.
        seed: Equal seeds give equal digits.
        progress: Told the share that is done.
    """

    name: str
    replicates: int
    seed: int
    progress: Callable[[float], None]

    def run(
        self,
        cases: Sequence[Case],
        draw: Callable[[np.random.Generator, int, Case], NDArray[np.float64]],
        *,
        block: int,
    ) -> list[NDArray[np.float64]]:
        """Draw every case block by block, each block from a stream of its own.

        Args:
            cases: What is simulated.
            draw: From a generator, the replicates wanted and the case to figures, shape (figures,
                replicates).
            block: Most replicates of a block; small enough for its arrays to fit into a cache.

        Returns:
            The figures of each case, shape (figures, replicates).
        """
        starts = range(0, self.replicates, block)
        found = []
        for period, case in enumerate(cases):
            parts = []
            for number, start in enumerate(starts):
                generator = stream(self.seed, f"published.{self.name}", period, number)
                parts.append(draw(generator, min(block, self.replicates - start), case))
                self.progress((period * len(starts) + number + 1) / (len(cases) * len(starts)))
            found.append(np.concatenate(parts, axis=-1))
        return found


def normal_arm(
    generator: np.random.Generator, shape: tuple[int, ...], n: int, mean: ArrayLike = 0.0, sd: float = 1.0
) -> Moments:
    """Moments of arms of `n` normal units each, without drawing the units."""
    return Moments(
        n=np.full(shape, float(n)),
        mean_y=mean + generator.standard_normal(shape) * (sd / np.sqrt(n)),
        m2_y=sd**2 * generator.chisquare(n - 1, shape),
    )


def watched(
    generator: np.random.Generator, replicates: int, *, looks: int, n: int, effect: float = 0.0
) -> tuple[Moments, Moments]:
    """Control and treatment at each of some looks, `n` normal units of variance 1 per arm between two looks.

    Args:
        generator: Where the draws come from.
        replicates: Experiments.
        looks: Looks at even distances.
        n: New units per arm and look.
        effect: True difference of the means.

    Returns:
        Moments of all units so far, shape (replicates, looks).
    """
    shape = (replicates, looks)
    return (
        _so_far(normal_arm(generator, shape, n)),
        _so_far(normal_arm(generator, shape, n, mean=effect)),
    )


def _so_far(groups: Moments) -> Moments:
    """Moments merged from the first to each group along the last axis."""
    names = ("n", "mean_y", "m2_y")
    merged: list[Moments] = []
    for look in range(groups.shape[-1]):
        new = Moments(**{name: getattr(groups, name)[..., look] for name in names})
        merged.append(merged[-1].merge(new) if merged else new)
    return Moments(**{name: np.stack([getattr(m, name) for m in merged], axis=-1) for name in names})
