"""Zero or not, and then how much: the two decisions have nothing in common.

References:
    Mullahy (1986), Specification and Testing of Some Modified Count Data Models, J. Econometrics 33. Cragg
    (1971), Econometrica 39.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from assay.distributions import parameters
from assay.distributions.base import Distribution, Floats, register
from assay.errors import InputError

_LEAST = 1e-3
"""Least probability of a positive value of the law, so that conditioning by redrawing ends soon."""


@register
@dataclass(frozen=True, slots=True)
class Hurdle(Distribution):
    """0 with a probability, else a value of another law given that it is above 0.

    Unlike in `zero_inflated`, all zeros come from the hurdle: a Poisson law's own zeros are conditioned away.

    Attributes:
        zeros: Probability of 0, above 0 and at most 1.
        of: The law of the others before conditioning, without negative values.
    """

    name: ClassVar[str] = "hurdle"
    zeros: float
    of: Distribution

    def __post_init__(self) -> None:
        zeros = parameters.probability("hurdle.zeros", self.zeros)
        object.__setattr__(self, "zeros", parameters.positive("hurdle.zeros", zeros))
        parameters.law("hurdle.of", self.of)
        if not self._positive >= _LEAST:
            raise InputError(
                f"hurdle.of is above 0 with probability {self._positive:g}; it must be {_LEAST:g} or more"
            )

    def draw(self, rng: np.random.Generator, size: int) -> Floats:
        """Shape `(size,)`: who passes the hurdle, then values, drawn again until all are above 0."""
        values = np.zeros(size)
        waiting = np.flatnonzero(rng.random(size) >= self.zeros)
        while waiting.size:
            values[waiting] = self.of.draw(rng, waiting.size)
            waiting = waiting[values[waiting] == 0]
        return values

    @property
    def mean(self) -> float:
        """(1 - zeros) m / q, with m the other mean and q its probability of a value above 0."""
        return (1 - self.zeros) * self.of.mean / self._positive

    @property
    def variance(self) -> float:
        """(1 - zeros) (v / q - m² (1 - q) / q² + zeros (m / q)²), v the other variance; infinite with v."""
        if not math.isfinite(self.of.variance):
            return math.inf
        q, mean = self._positive, self.of.mean / self._positive
        return (1 - self.zeros) * (self.of.variance / q - mean**2 * (1 - q) + self.zeros * mean**2)

    @property
    def support(self) -> tuple[float, float]:
        """From 0 to the other law's end."""
        return (0.0, self.of.support[1] if self.zeros < 1 else 0.0)

    def cdf(self, x: ArrayLike) -> Floats:
        """Zeros + (1 - zeros) (F(x) - F(0)) / q from 0 on, with F the other cdf."""
        at = np.asarray(x, dtype=np.float64)
        q = self._positive
        passed = (self.of.cdf(np.maximum(at, 0)) - (1 - q)) / q
        return np.asarray(np.where(at < 0, 0.0, self.zeros + (1 - self.zeros) * np.clip(passed, 0, 1)))

    def laplace(self, s: ArrayLike) -> Floats:
        """Zeros + (1 - zeros) (L(s) - F(0)) / q, with L the other transform."""
        q = self._positive
        return np.asarray(self.zeros + (1 - self.zeros) * (self.of.laplace(s) - (1 - q)) / q)

    @property
    def _positive(self) -> float:
        """Probability that the law is above 0 before conditioning."""
        return 1 - float(self.of.cdf(0.0))
