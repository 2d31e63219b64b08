"""Units that belong together: clusters that were randomised as a whole, and pairs across the arms."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from assay.certify.lab.outcome import Change, Outcome
from assay.stats import Samples

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Clustered(Outcome):
    """Normal values in clusters that were randomised as a whole.

    Attributes:
        mean: Of the values.
        deviation: Of a value.
        icc: Intraclass correlation, in [0, 1).
        group: Units of a cluster.
    """

    mean: float
    deviation: float
    icc: float
    group: int = 20
    series: ClassVar[frozenset[str]] = frozenset({"y", "cluster"})

    @property
    def truth(self) -> float:
        """The mean."""
        return self.mean

    @property
    def variance(self) -> float:
        """With the design effect 1 + (group - 1) * icc (Kish 1965)."""
        return self.deviation**2 * (1 + (self.group - 1) * self.icc)

    def samples(self, rng: np.random.Generator, n: int, replicates: int) -> Samples:
        """Clusters of `group` units each, with even numbers; a last one of fewer."""
        return self._drawn(rng, n, replicates, first=0)

    def beside(self, control: Samples, rng: np.random.Generator, n: int) -> Samples:
        """Other clusters, with odd numbers: an equal number would be the same cluster in both arms."""
        return self._drawn(rng, n, control.y.shape[0], first=1)

    def change(self, lift: float) -> Change:
        """A shift of all values."""
        return Change(shift=lift * self.mean)

    def _drawn(self, rng: np.random.Generator, n: int, replicates: int, *, first: int) -> Samples:
        cluster = np.arange(n) // self.group
        between = rng.standard_normal((replicates, int(cluster[-1]) + 1))[:, cluster]
        within = rng.standard_normal((replicates, n))
        y = np.sqrt(self.icc) * between + np.sqrt(1 - self.icc) * within
        return Samples(self.mean + self.deviation * y, cluster=(2 * cluster + first).astype(np.float64))


@dataclass(frozen=True, slots=True)
class Pairs(Outcome):
    """Normal values of pairs, one unit of each pair in each arm; or only which half of the law they fall in.

    Attributes:
        mean: Of the values.
        deviation: Of the values.
        correlation: Within a pair.
        success: If given, a unit counts as 1 with this probability (its value lies among the least) and else
            as 0.
    """

    mean: float
    deviation: float
    correlation: float
    success: float | None = None
    paired: ClassVar[bool] = True

    @property
    def truth(self) -> float:
        """The mean, or the probability of success."""
        return self.mean if self.success is None else self.success

    @property
    def variance(self) -> float:
        """Half of that of a difference within a pair; for successes at one half (Sheppard 1899)."""
        if self.success is None:
            return self.deviation**2 * (1 - self.correlation)
        return float(np.arccos(self.correlation) / (2 * np.pi))

    def samples(self, rng: np.random.Generator, n: int, replicates: int) -> Samples:
        """The first of each pair; the series x keeps what the second is correlated with."""
        return self._recorded(rng.standard_normal((replicates, n)))

    def beside(self, control: Samples, rng: np.random.Generator, n: int) -> Samples:
        """The second of each pair, correlated with the first."""
        own = np.sqrt(1 - self.correlation**2) * rng.standard_normal((control.y.shape[0], n))
        return self._recorded(np.asarray(self.correlation * np.asarray(control.x) + own, dtype=np.float64))

    def change(self, lift: float) -> Change | None:
        """A shift of all values; successes have none."""
        return Change(shift=lift * self.mean) if self.success is None else None

    def lifted(self, lift: float) -> Pairs:
        """More successes."""
        return replace(self, success=self.truth * (1 + lift))

    def _recorded(self, z: Array) -> Samples:
        if self.success is None:
            return Samples(self.mean + self.deviation * z, x=z)
        return Samples(np.where(z < ndtri(self.success), 1.0, 0.0), x=z)
