"""Counts that vary more than a Poisson law allows.

References:
    Greenwood and Yule (1920), JRSS 83 (a Poisson count with a gamma rate). Johnson, Kemp and Kotz (2005),
    Univariate Discrete Distributions, chapter 5.
"""

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
class NegativeBinomial(Distribution):
    """Negative binomial law by the shape and scale of the gamma law of its rates.

    P(N = k) = C(shape + k - 1, k) p^shape (1 - p)^k with p = 1 / (1 + scale): the number of failures before
    the shape-th success, for any shape above 0. It is `mixed_poisson` of `gamma` with the same shape and
    scale, drawn and computed in one step. In the parametrisation by mean and dispersion of count regression
    the mean is shape * scale and the dispersion 1 / shape.

    Attributes:
        shape: Above 0; the variance exceeds the mean by mean² / shape.
        scale: Above 0, in events per period.
    """

    name: ClassVar[str] = "negative_binomial"
    shape: float
    scale: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", parameters.positive("negative_binomial.shape", self.shape))
        object.__setattr__(self, "scale", parameters.positive("negative_binomial.scale", self.scale))

    def draw(self, rng: np.random.Generator, size: int) -> Floats:
        """Whole numbers as float64, shape `(size,)`."""
        return rng.negative_binomial(self.shape, 1 / (1 + self.scale), size).astype(np.float64)

    @property
    def mean(self) -> float:
        """Shape times scale."""
        return self.shape * self.scale

    @property
    def variance(self) -> float:
        """Shape * scale * (1 + scale)."""
        return self.shape * self.scale * (1 + self.scale)

    @property
    def support(self) -> tuple[float, float]:
        """From 0 up."""
        return (0.0, np.inf)

    def cdf(self, x: ArrayLike) -> Floats:
        """I(p; shape, floor(x) + 1), the regularised incomplete beta function (DLMF 8.17.24)."""
        at = np.floor(np.asarray(x, dtype=np.float64))
        inside = special.betainc(self.shape, np.maximum(at, 0) + 1, 1 / (1 + self.scale))
        return np.asarray(np.where(at < 0, 0.0, inside))

    def laplace(self, s: ArrayLike) -> Floats:
        """(1 + scale (1 - exp(-s))) ** -shape."""
        return np.asarray(
            np.exp(-self.shape * np.log1p(-self.scale * np.expm1(-np.asarray(s, dtype=np.float64))))
        )

    def sum_of(self, n: int) -> NegativeBinomial:
        """Negative binomial with `n` times the shape."""
        return NegativeBinomial(n * self.shape, self.scale)
