"""The normal law."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from assay.distributions import parameters
from assay.distributions.base import Distribution, Floats, register


@register
@dataclass(frozen=True, slots=True)
class Normal(Distribution):
    """Normal law by mean and standard deviation.

    Attributes:
        location: The mean, any finite number.
        deviation: The standard deviation, above 0 (a law without spread is `constant`).
    """

    name: ClassVar[str] = "normal"
    location: float
    deviation: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "location", parameters.number("normal.location", self.location))
        object.__setattr__(self, "deviation", parameters.positive("normal.deviation", self.deviation))

    def draw(self, rng: np.random.Generator, size: int) -> Floats:
        """Any real values, shape `(size,)`."""
        return rng.normal(self.location, self.deviation, size)

    @property
    def mean(self) -> float:
        """The location."""
        return self.location

    @property
    def variance(self) -> float:
        """The deviation squared."""
        return self.deviation**2

    @property
    def support(self) -> tuple[float, float]:
        """All real numbers."""
        return (-np.inf, np.inf)

    def cdf(self, x: ArrayLike) -> Floats:
        """The standard normal cdf of the standardised value."""
        z = (np.asarray(x, dtype=np.float64) - self.location) / self.deviation
        return np.asarray(special.ndtr(z))

    def laplace(self, s: ArrayLike) -> Floats:
        """exp(-location s + deviation² s² / 2)."""
        at = np.asarray(s, dtype=np.float64)
        return np.asarray(np.exp(-self.location * at + (self.deviation * at) ** 2 / 2))

    def sum_of(self, n: int) -> Normal:
        """Normal: means and variances add."""
        return Normal(n * self.location, np.sqrt(n) * self.deviation)
