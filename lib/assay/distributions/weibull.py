"""Positive values whose hazard rises or falls like a power: waiting times, lifetimes, durations.

References:
    Johnson, Kotz and Balakrishnan (1994), Continuous Univariate Distributions 1, chapter 21. Trefethen and
    Weideman (2014), The Exponentially Convergent Trapezoidal Rule, SIAM Review 56, section 5.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from assay.distributions import parameters
from assay.distributions.base import Distribution, Floats, register

_LEAST, _MOST = -38.0, 4.0
"""Logarithms of a standard exponential value between which all but 1e-16 of its probability lies."""
_STEP = 0.1


@register
@dataclass(frozen=True, slots=True)
class Weibull(Distribution):
    """Weibull law: P(X > x) = exp(-(x / scale)^shape).

    Attributes:
        shape: Above 0; below 1 the hazard falls, at 1 the law is exponential, above 1 the hazard rises.
        scale: Above 0, in the unit of the value; the value that a share of 1 / e exceeds.
    """

    name: ClassVar[str] = "weibull"
    shape: float
    scale: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", parameters.positive("weibull.shape", self.shape))
        object.__setattr__(self, "scale", parameters.positive("weibull.scale", self.scale))

    def draw(self, rng: np.random.Generator, size: int) -> Floats:
        """Values above 0, shape `(size,)`."""
        return self.scale * rng.weibull(self.shape, size)

    @property
    def mean(self) -> float:
        """Scale * Gamma(1 + 1 / shape)."""
        return self.scale * float(special.gamma(1 + 1 / self.shape))

    @property
    def variance(self) -> float:
        """Scale² * (Gamma(1 + 2 / shape) - Gamma(1 + 1 / shape)²)."""
        # As a multiple of the squared mean: no difference of nearly equal numbers where the shape is large.
        ratio = special.gammaln(1 + 2 / self.shape) - 2 * special.gammaln(1 + 1 / self.shape)
        return self.mean**2 * float(np.expm1(ratio))

    @property
    def support(self) -> tuple[float, float]:
        """From 0 up."""
        return (0.0, np.inf)

    def cdf(self, x: ArrayLike) -> Floats:
        """1 - exp(-(x / scale)^shape)."""
        at = np.maximum(np.asarray(x, dtype=np.float64), 0) / self.scale
        return np.asarray(-np.expm1(-(at**self.shape)))

    def laplace(self, s: ArrayLike) -> Floats:
        """No closed form: E[exp(-s scale E^(1 / shape))], E standard exponential; error below 1e-12.

        The trapezoidal rule over the logarithm of E; the step keeps to the strip where the integrand is
        analytic, which narrows with the shape.
        """
        step = min(_STEP, 2 * _STEP * self.shape)
        logs = np.arange(_LEAST, _MOST, step)
        weights = np.exp(logs - np.exp(logs)) * step
        at = self.scale * np.asarray(s, dtype=np.float64)[..., None]
        return np.asarray(np.exp(-at * np.exp(logs / self.shape)) @ weights)
