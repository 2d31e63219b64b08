"""Values between two bounds: shares, scores, probabilities that differ between units.

References:
    Johnson, Kotz and Balakrishnan (1995), Continuous Univariate Distributions 2, chapter 25. NIST Digital
    Library of Mathematical Functions, 13.4.1 (the transform as Kummer's function).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from assay.distributions import parameters
from assay.distributions.base import Distribution, Floats, register
from assay.errors import InputError


@register
@dataclass(frozen=True, slots=True)
class Beta(Distribution):
    """Beta law between two bounds: low + (high - low) B, where B has density ~ x^(alpha-1) (1-x)^(beta-1).

    Attributes:
        alpha: Above 0; the weight near `high`.
        beta: Above 0; the weight near `low`.
        low: The lower bound, any finite number.
        high: The upper bound, above `low`.
    """

    name: ClassVar[str] = "beta"
    alpha: float
    beta: float
    low: float
    high: float

    def __post_init__(self) -> None:
        for field in ("alpha", "beta"):
            object.__setattr__(self, field, parameters.positive(f"beta.{field}", getattr(self, field)))
        for field in ("low", "high"):
            object.__setattr__(self, field, parameters.number(f"beta.{field}", getattr(self, field)))
        if not self.low < self.high:
            raise InputError(f"beta.high is {self.high!r}; it must be above beta.low, {self.low!r}")

    def draw(self, rng: np.random.Generator, size: int) -> Floats:
        """Values between the bounds, shape `(size,)`."""
        return self.low + self._width * rng.beta(self.alpha, self.beta, size)

    @property
    def mean(self) -> float:
        """Low + (high - low) alpha / (alpha + beta)."""
        return self.low + self._width * self.alpha / (self.alpha + self.beta)

    @property
    def variance(self) -> float:
        """(high - low)² alpha beta / ((alpha + beta)² (alpha + beta + 1))."""
        total = self.alpha + self.beta
        return self._width**2 * self.alpha * self.beta / (total**2 * (total + 1))

    @property
    def support(self) -> tuple[float, float]:
        """From `low` to `high`."""
        return (self.low, self.high)

    def cdf(self, x: ArrayLike) -> Floats:
        """I((x - low) / (high - low); alpha, beta), the regularised incomplete beta function."""
        at = (np.asarray(x, dtype=np.float64) - self.low) / self._width
        return np.asarray(special.betainc(self.alpha, self.beta, np.clip(at, 0, 1)))

    def laplace(self, s: ArrayLike) -> Floats:
        """exp(-s low) M(alpha, alpha + beta, -s (high - low)), M Kummer's function; error below 1e-11."""
        at = np.asarray(s, dtype=np.float64)
        kummer = special.hyp1f1(self.alpha, self.alpha + self.beta, -at * self._width)
        return np.asarray(np.exp(-at * self.low) * kummer)

    @property
    def _width(self) -> float:
        return self.high - self.low
