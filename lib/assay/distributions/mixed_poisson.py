"""A Poisson count whose rate differs between units; with gamma rates it is the negative binomial law.

References:
    Grandell (1997), Mixed Poisson Processes, chapter 2. Greenwood and Yule (1920), JRSS 83 (gamma mixing).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy import integrate, special

from assay.distributions import parameters
from assay.distributions.base import Distribution, Floats, register
from assay.distributions.constant import Constant
from assay.distributions.empirical import Empirical
from assay.distributions.gamma import Gamma
from assay.distributions.mixture import Mixture
from assay.distributions.zero_inflated import ZeroInflated


@register
@dataclass(frozen=True, slots=True)
class MixedPoisson(Distribution):
    """Poisson with a random rate.

    Attributes:
        rate: The law of the rate between units, without negative values.
    """

    name: ClassVar[str] = "mixed_poisson"
    rate: Distribution

    def __post_init__(self) -> None:
        parameters.law("mixed_poisson.rate", self.rate)

    def draw(self, rng: np.random.Generator, size: int) -> Floats:
        """Whole numbers as float64, shape `(size,)`, each with a rate of its own."""
        return rng.poisson(self.rate.draw(rng, size)).astype(np.float64)

    @property
    def mean(self) -> float:
        """The mean rate."""
        return self.rate.mean

    @property
    def variance(self) -> float:
        """Mean rate plus variance of the rate."""
        return self.rate.mean + self.rate.variance

    @property
    def support(self) -> tuple[float, float]:
        """From 0 up; only 0 if the rate is always 0."""
        return (0.0, np.inf if self.rate.support[1] > 0 else 0.0)

    def cdf(self, x: ArrayLike) -> Floats:
        """In closed form for constant, gamma and empirical rates and mixtures of them, else to 1e-9."""
        at = np.floor(np.asarray(x, dtype=np.float64))
        return np.asarray(np.where(at < 0, 0.0, _cdf(np.maximum(at, 0), self.rate)))

    def laplace(self, s: ArrayLike) -> Floats:
        """The rate's transform at 1 - exp(-s)."""
        return self.rate.laplace(-np.expm1(-np.asarray(s, dtype=np.float64)))


def _cdf(count: Floats, rate: Distribution) -> Floats:
    """P(N <= count) for whole counts, by the family of the rate."""
    if isinstance(rate, Constant):
        return np.asarray(special.pdtr(count, rate.value))
    if isinstance(rate, Gamma):
        # Negative binomial with success probability 1 / (1 + scale): DLMF 8.17.24.
        return np.asarray(special.betainc(rate.shape, count + 1, 1 / (1 + rate.scale)))
    if isinstance(rate, Empirical):
        shares = np.asarray(rate.weights) / sum(rate.weights)
        return np.asarray(special.pdtr(count[..., None], np.asarray(rate.values)) @ shares)
    if isinstance(rate, ZeroInflated):
        return np.asarray(rate.zeros + (1 - rate.zeros) * _cdf(count, rate.of))
    if isinstance(rate, Mixture):
        return np.asarray(sum(share * _cdf(count, law) for share, law in rate.parts()))
    return np.array([_by_quadrature(float(k), rate) for k in count.ravel()]).reshape(count.shape)


def _by_quadrature(count: float, rate: Distribution) -> float:
    """E[F(G)], G gamma of shape count + 1: by parts, as the Poisson cdf falls in the rate by its pmf."""

    def integrand(u: float) -> float:
        return float(rate.cdf(special.gammaincinv(count + 1, u)))

    return float(integrate.quad(integrand, 0, 1, limit=200, epsabs=1e-10)[0])
