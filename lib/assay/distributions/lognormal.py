"""Positive values whose logarithm is normal: a heavier tail than gamma."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from assay.distributions import parameters
from assay.distributions.base import Distribution, Floats, register

# The trapezoidal rule under a Gaussian weight converges faster than any power of the step (Trefethen and
# Weideman 2014, section 5): these nodes leave an error below 1e-14.
_STEP = 0.05
_NODES = np.arange(-9, 9 + _STEP, _STEP)
_WEIGHTS = np.exp(-(_NODES**2) / 2) * _STEP / math.sqrt(2 * math.pi)


@register
@dataclass(frozen=True, slots=True)
class LogNormal(Distribution):
    """Log-normal law by the moments of the logarithm.

    Attributes:
        mu: Mean of the logarithm, any finite number; the median is exp(mu).
        sigma: Standard deviation of the logarithm, above 0.
    """

    name: ClassVar[str] = "lognormal"
    mu: float
    sigma: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "mu", parameters.number("lognormal.mu", self.mu))
        object.__setattr__(self, "sigma", parameters.positive("lognormal.sigma", self.sigma))

    def draw(self, rng: np.random.Generator, size: int) -> Floats:
        """Values above 0, shape `(size,)`."""
        return rng.lognormal(self.mu, self.sigma, size)

    @property
    def mean(self) -> float:
        """exp(mu + sigma² / 2)."""
        return math.exp(self.mu + self.sigma**2 / 2)

    @property
    def variance(self) -> float:
        """(exp(sigma²) - 1) times the mean squared."""
        return math.expm1(self.sigma**2) * self.mean**2

    @property
    def support(self) -> tuple[float, float]:
        """From 0 up."""
        return (0.0, np.inf)

    def cdf(self, x: ArrayLike) -> Floats:
        """The normal cdf of the logarithm."""
        at = np.maximum(np.asarray(x, dtype=np.float64), 0)
        with np.errstate(divide="ignore"):  # log(0) = -inf has the right cdf, 0
            return np.asarray(special.ndtr((np.log(at) - self.mu) / self.sigma))

    def laplace(self, s: ArrayLike) -> Floats:
        """No closed form: the trapezoidal rule over the normal logarithm, error below 1e-12."""
        at = np.asarray(s, dtype=np.float64)[..., None]
        return np.asarray(np.exp(-at * np.exp(self.mu + self.sigma * _NODES)) @ _WEIGHTS)
