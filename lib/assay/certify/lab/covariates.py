"""Units that are known from before the exposure: a covariate that explains part of the values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from assay.certify.lab.outcome import Change, Outcome
from assay.errors import InputError
from assay.stats import Moments, Samples


@dataclass(frozen=True, slots=True)
class Correlated(Outcome):
    """Normal values with a covariate from before the exposure, and weights that say nothing of them.

    Attributes:
        mean: Of the values.
        deviation: Of the values and of the covariate.
        correlation: Between both, in (-1, 1).
    """

    mean: float
    deviation: float
    correlation: float
    series: ClassVar[frozenset[str]] = frozenset({"y", "x", "w"})

    def __post_init__(self) -> None:
        if not -1 < self.correlation < 1:
            raise InputError(f"correlation is {self.correlation:g}; it must lie strictly between -1 and 1")

    @property
    def truth(self) -> float:
        """The mean."""
        return self.mean

    @property
    def variance(self) -> float:
        """Without the covariate's help."""
        return self.deviation**2

    def samples(self, rng: np.random.Generator, n: int, replicates: int) -> Samples:
        """Bivariate normal; the covariate is in units of its deviation, around 0."""
        x = rng.standard_normal((replicates, n))
        rest = np.sqrt(1 - self.correlation**2) * rng.standard_normal((replicates, n))
        y = self.mean + self.deviation * (self.correlation * x + rest)
        return Samples(y, x=x, w=1 + rng.integers(0, 3, (replicates, n)).astype(np.float64))

    def moments(self, rng: np.random.Generator, n: int, replicates: int) -> Moments:
        """Bartlett's decomposition of the Wishart law (Bartlett 1933), means apart."""
        a = np.sqrt(rng.chisquare(n - 1, replicates))
        b = np.sqrt(rng.chisquare(max(n - 2, 0), replicates)) if n > 2 else np.zeros(replicates)  # noqa: PLR2004 degrees of freedom
        off = rng.standard_normal(replicates)
        rho, rest = self.correlation, np.sqrt(1 - self.correlation**2)
        x, z = rng.standard_normal((2, replicates)) / np.sqrt(n)
        return Moments(
            n=np.full(replicates, float(n)),
            mean_y=self.mean + self.deviation * (rho * x + rest * z),
            m2_y=self.deviation**2 * ((rho * a + rest * off) ** 2 + (rest * b) ** 2),
            mean_x=x,
            m2_x=a**2,
            c_yx=self.deviation * a * (rho * a + rest * off),
        )

    def change(self, lift: float) -> Change:
        """A shift of all values."""
        return Change(shift=lift * self.mean)
