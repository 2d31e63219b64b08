"""An effect planted in random splits, without a second look at the units.

A lift L makes every value of the treatment (1 + L) times as large, so its mean is (1 + L) times as large and
its sum of squares (1 + L)² times. A 0/1 value cannot grow: units without a success get one with the
probability that raises the share by L (or lose theirs, for L < 0), which is a binomial draw per split.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from assay.certify.rerandomise import Units
from assay.stats import MetricType, Moments

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Planted:
    """What is planted in the treatment.

    Attributes:
        kind: Type of the metric.
        level: Mean, share or ratio of all units without the effect.
        lift: Relative effect; 0 plants nothing.
    """

    kind: MetricType
    level: float
    lift: float

    @property
    def truth(self) -> float:
        """The difference that an estimate should find, in the metric's unit."""
        return self.lift * self.level

    def into(self, treatment: Moments, generator: np.random.Generator) -> Moments:
        """The treatment's moments with the effect in them.

        Args:
            treatment: Moments without an effect.
            generator: Decides which units' 0 or 1 changes.

        Returns:
            Moments of the same series and shape.
        """
        if self.kind == "proportion":
            return self._shares(treatment, generator)
        factor = 1 + self.lift
        crosses = {"c_yd": treatment.c_yd, "c_yx": treatment.c_yx}
        return replace(
            treatment,
            mean_y=factor * treatment.mean_y,
            m2_y=factor**2 * treatment.m2_y,
            **{name: factor * value for name, value in crosses.items() if value is not None},
        )

    def _shares(self, treatment: Moments, generator: np.random.Generator) -> Moments:
        n = treatment.n
        ones = np.rint(n * treatment.mean_y)
        if self.lift > 0:
            chance = self.truth / (1 - self.level)
            ones = ones + generator.binomial((n - ones).astype(np.int64), chance)
        else:
            chance = -self.lift
            ones = ones - generator.binomial(ones.astype(np.int64), chance)
        share = np.divide(ones, n, out=np.zeros_like(n), where=n > 0)
        m2 = ones * (1 - share)
        # The change does not depend on d or x: of what y had in common with them, the unchanged keep theirs.
        kept = {name: (1 - chance) * getattr(treatment, name) for name in ("c_yd", "c_yx")
                if getattr(treatment, name) is not None}  # fmt: skip
        for name, value in kept.items():
            other = getattr(treatment, f"m2_{name[-1]}")
            bound = np.sqrt(m2) * np.sqrt(other)
            kept[name] = np.clip(value, -bound, bound)
        return replace(treatment, mean_y=share, m2_y=m2, **kept)


def plan(units: Units, kind: MetricType, lift: float | None) -> Planted:
    """What can be planted in these units.

    Args:
        units: Values of all units.
        kind: Type of the metric.
        lift: Relative effect asked for; None plants nothing.

    Returns:
        The plan; its lift is 0 where the metric is 0 or does not exist, and of a proportion at most what
        raises its share to 1.
    """
    there = units.present
    below = 1.0 if units.d is None else float(np.mean(units.d[there]))
    level = float(np.mean(units.y[there])) / below if below else 0.0
    wanted = 0.0 if lift is None or level == 0 else lift
    if kind == "proportion" and level > 0:
        wanted = min(max(wanted, -1.0), (1 - level) / level)
    return Planted(kind, level, wanted)
