"""A law with extra zeros: customers who never act."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from assay.distributions import parameters
from assay.distributions.base import Distribution, Floats, register


@register
@dataclass(frozen=True, slots=True)
class ZeroInflated(Distribution):
    """0 with a probability, else a value of another law.

    Attributes:
        zeros: Probability of the extra zero, from 0 to 1.
        of: The law of the others, without negative values.
    """

    name: ClassVar[str] = "zero_inflated"
    zeros: float
    of: Distribution

    def __post_init__(self) -> None:
        object.__setattr__(self, "zeros", parameters.probability("zero_inflated.zeros", self.zeros))
        parameters.law("zero_inflated.of", self.of)

    def draw(self, rng: np.random.Generator, size: int) -> Floats:
        """Values of the other law, some set to 0, shape `(size,)`."""
        values = self.of.draw(rng, size)
        return np.asarray(np.where(rng.random(size) < self.zeros, 0.0, values))

    @property
    def mean(self) -> float:
        """(1 - zeros) times the other mean."""
        return (1 - self.zeros) * self.of.mean

    @property
    def variance(self) -> float:
        """(1 - zeros) (variance + zeros mean²): within plus between, without a cancelling difference."""
        return (1 - self.zeros) * (self.of.variance + self.zeros * self.of.mean**2)

    @property
    def support(self) -> tuple[float, float]:
        """From 0 (if zeros are possible) to the other law's end."""
        low, high = self.of.support
        return (low if self.zeros == 0 else 0.0, high if self.zeros < 1 else 0.0)

    def cdf(self, x: ArrayLike) -> Floats:
        """A step of `zeros` at 0 above the other law's share."""
        at = np.asarray(x, dtype=np.float64)
        return np.asarray(self.zeros * (at >= 0) + (1 - self.zeros) * self.of.cdf(at))

    def laplace(self, s: ArrayLike) -> Floats:
        """Zeros + (1 - zeros) times the other transform."""
        return np.asarray(self.zeros + (1 - self.zeros) * self.of.laplace(s))
