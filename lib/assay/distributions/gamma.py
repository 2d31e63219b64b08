"""Positive values with a right tail: rates between customers, amounts of money."""

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
class Gamma(Distribution):
    """Gamma law by shape and scale.

    Attributes:
        shape: Above 0; the squared coefficient of variation is 1 / shape.
        scale: Above 0, in the unit of the value; the mean is shape * scale.
    """

    name: ClassVar[str] = "gamma"
    shape: float
    scale: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", parameters.positive("gamma.shape", self.shape))
        object.__setattr__(self, "scale", parameters.positive("gamma.scale", self.scale))

    def draw(self, rng: np.random.Generator, size: int) -> Floats:
        """Values above 0, shape `(size,)`."""
        return rng.gamma(self.shape, self.scale, size)

    @property
    def mean(self) -> float:
        """Shape times scale."""
        return self.shape * self.scale

    @property
    def variance(self) -> float:
        """Shape times scale squared."""
        return self.shape * self.scale**2

    @property
    def support(self) -> tuple[float, float]:
        """From 0 up."""
        return (0.0, np.inf)

    def cdf(self, x: ArrayLike) -> Floats:
        """P(shape, x / scale), the regularised lower incomplete gamma function (DLMF 8.2.4)."""
        at = np.maximum(np.asarray(x, dtype=np.float64), 0)
        return np.asarray(special.gammainc(self.shape, at / self.scale))

    def laplace(self, s: ArrayLike) -> Floats:
        """(1 + scale s) ** -shape."""
        return np.asarray(np.exp(-self.shape * np.log1p(self.scale * np.asarray(s, dtype=np.float64))))

    def sum_of(self, n: int) -> Gamma:
        """Gamma with `n` times the shape."""
        return Gamma(n * self.shape, self.scale)
