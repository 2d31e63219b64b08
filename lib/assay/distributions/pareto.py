"""A tail that falls like a power: a few customers make most of the total.

References:
    Arnold (2015), Pareto Distributions (type I). NIST Digital Library of Mathematical Functions, section 8.19
    (the generalized exponential integral, its recurrence and its relation to the incomplete gamma function).
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
class Pareto(Distribution):
    """Pareto law of type I: P(X > x) = (scale / x)^index from `scale` up.

    Attributes:
        scale: The least value, above 0, in the unit of the value.
        index: How fast the tail falls, above 0. There is no mean up to 1 and no variance up to 2; both are
            infinite then.
    """

    name: ClassVar[str] = "pareto"
    scale: float
    index: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "scale", parameters.positive("pareto.scale", self.scale))
        object.__setattr__(self, "index", parameters.positive("pareto.index", self.index))

    def draw(self, rng: np.random.Generator, size: int) -> Floats:
        """Values from `scale` up, shape `(size,)`."""
        values = rng.standard_exponential(size)
        values /= self.index
        np.exp(values, out=values)
        values *= self.scale
        return values

    @property
    def mean(self) -> float:
        """Scale * index / (index - 1); infinite for an index up to 1."""
        return self.scale * self.index / (self.index - 1) if self.index > 1 else np.inf

    @property
    def variance(self) -> float:
        """Scale² * index / ((index - 1)² (index - 2)); infinite for an index up to 2."""
        if not self.index > 2:  # noqa: PLR2004 - the second moment's bound
            return np.inf
        return self.scale**2 * self.index / ((self.index - 1) ** 2 * (self.index - 2))

    @property
    def support(self) -> tuple[float, float]:
        """From `scale` up."""
        return (self.scale, np.inf)

    def cdf(self, x: ArrayLike) -> Floats:
        """1 - (scale / x)^index."""
        at = np.maximum(np.asarray(x, dtype=np.float64), self.scale)
        return np.asarray(-np.expm1(self.index * np.log(self.scale / at)))

    def laplace(self, s: ArrayLike) -> Floats:
        """Index times the generalized exponential integral of order index + 1 at scale * s."""
        at = self.scale * np.asarray(s, dtype=np.float64)
        order = self.index - (np.ceil(self.index) - 1)  # of the same fraction, in (0, 1]
        with np.errstate(all="ignore"):  # at 0 the limit is 1
            integral = _of_low_order(order, at)
            for p in order + np.arange(round(self.index + 1 - order)):
                integral = (np.exp(-at) - at * integral) / p
        return np.asarray(np.where(at == 0, 1.0, self.index * integral))


def _of_low_order(order: float, z: Floats) -> Floats:
    """E_p(z) for p in (0, 1]: z^(p - 1) times the upper incomplete gamma function of 1 - p."""
    if order == 1:
        return np.asarray(special.exp1(z))
    rest = 1 - order
    return np.asarray(z**-rest * special.gammaincc(rest, z) * special.gamma(rest))
