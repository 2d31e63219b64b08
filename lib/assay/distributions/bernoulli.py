"""One yes or no."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from assay.distributions import parameters
from assay.distributions.base import Distribution, Floats, register


@register
@dataclass(frozen=True, slots=True)
class Bernoulli(Distribution):
    """1 with a probability, else 0.

    Attributes:
        probability: Of a 1, from 0 to 1.
    """

    name: ClassVar[str] = "bernoulli"
    probability: float

    def __post_init__(self) -> None:
        checked = parameters.probability("bernoulli.probability", self.probability)
        object.__setattr__(self, "probability", checked)

    def draw(self, rng: np.random.Generator, size: int) -> Floats:
        """Zeros and ones, shape `(size,)`."""
        return (rng.random(size) < self.probability).astype(np.float64)

    @property
    def mean(self) -> float:
        """The probability, p."""
        return self.probability

    @property
    def variance(self) -> float:
        """The probability times its complement, p (1 - p)."""
        return self.probability * (1 - self.probability)

    @property
    def support(self) -> tuple[float, float]:
        """From 0 to 1, or one of them if the probability is 0 or 1."""
        return (float(self.probability == 1), float(self.probability > 0))

    def cdf(self, x: ArrayLike) -> Floats:
        """Steps at 0 and 1."""
        at = np.asarray(x, dtype=np.float64)
        return np.asarray(np.where(at < 0, 0.0, np.where(at < 1, 1 - self.probability, 1.0)))

    def laplace(self, s: ArrayLike) -> Floats:
        """1 - p + p exp(-s)."""
        return np.asarray(1 + self.probability * np.expm1(-np.asarray(s, dtype=np.float64)))
