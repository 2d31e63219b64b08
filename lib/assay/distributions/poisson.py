"""The number of independent events at a constant rate."""

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
class Poisson(Distribution):
    """Count of events.

    Attributes:
        rate: Expected events per period, 0 or greater.
    """

    name: ClassVar[str] = "poisson"
    rate: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "rate", parameters.not_negative("poisson.rate", self.rate))

    def draw(self, rng: np.random.Generator, size: int) -> Floats:
        """Whole numbers as float64, shape `(size,)`."""
        return rng.poisson(self.rate, size).astype(np.float64)

    @property
    def mean(self) -> float:
        """The rate."""
        return self.rate

    @property
    def variance(self) -> float:
        """The rate."""
        return self.rate

    @property
    def support(self) -> tuple[float, float]:
        """From 0 up; only 0 if the rate is 0."""
        return (0.0, np.inf if self.rate else 0.0)

    def cdf(self, x: ArrayLike) -> Floats:
        """Q(floor(x) + 1, rate), the regularised upper incomplete gamma function (DLMF 8.4.10)."""
        at = np.floor(np.asarray(x, dtype=np.float64))
        return np.asarray(np.where(at < 0, 0.0, special.pdtr(np.maximum(at, 0), self.rate)))

    def laplace(self, s: ArrayLike) -> Floats:
        """exp(rate (exp(-s) - 1))."""
        return np.asarray(np.exp(self.rate * np.expm1(-np.asarray(s, dtype=np.float64))))

    def sum_of(self, n: int) -> Poisson:
        """Poisson with `n` times the rate."""
        return Poisson(n * self.rate)
