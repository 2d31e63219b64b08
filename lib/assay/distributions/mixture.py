"""Several kinds of units or events in one law: small and large orders, people and machines.

References:
    McLachlan and Peel (2000), Finite Mixture Models, section 1.4 (moments: within plus between).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from assay.distributions import parameters
from assay.distributions.base import Distribution, Floats, register
from assay.errors import InputError


@register
@dataclass(frozen=True, slots=True)
class Mixture(Distribution):
    """A value of one of several laws, each chosen with its own probability.

    Attributes:
        weights: One per law, 0 or greater, in any unit; the probability is the share of their sum.
        laws: One or more laws.
    """

    name: ClassVar[str] = "mixture"
    weights: tuple[float, ...]
    laws: tuple[Distribution, ...]

    def __post_init__(self) -> None:
        weights = tuple(
            parameters.not_negative("mixture.weights", weight)
            for weight in _listed("weights", "numbers", self.weights)
        )
        laws = tuple(_listed("laws", "distributions", self.laws))
        for law in laws:
            if not isinstance(law, Distribution):
                raise InputError(f"mixture.laws holds {law!r}; each must be a distribution")
        if len(weights) != len(laws):
            raise InputError(
                f"mixture has {len(laws)} laws and {len(weights)} weights; give one weight per law"
            )
        if not sum(weights) > 0:
            raise InputError("mixture.weights are all 0; one must be above 0")
        object.__setattr__(self, "weights", weights)
        object.__setattr__(self, "laws", laws)

    def draw(self, rng: np.random.Generator, size: int) -> Floats:
        """Values, shape `(size,)`: first which law each has, then the values law by law."""
        edges = np.cumsum(self._shares())
        chosen = np.searchsorted(edges, rng.random(size) * edges[-1], side="right")
        values = np.empty(size)
        for index, law in enumerate(self.laws):
            here = np.flatnonzero(chosen == index)
            values[here] = law.draw(rng, len(here))
        return values

    @property
    def mean(self) -> float:
        """The weighted mean of the means."""
        return float(sum(share * law.mean for share, law in self.parts()))

    @property
    def variance(self) -> float:
        """The weighted mean of variances plus that of the squared deviations of means; may be infinite."""
        mean = self.mean
        if not math.isfinite(mean):
            return math.inf
        return float(sum(share * (law.variance + (law.mean - mean) ** 2) for share, law in self.parts()))

    @property
    def support(self) -> tuple[float, float]:
        """From the least to the greatest end of the laws whose weight is not 0."""
        ends = [law.support for _, law in self.parts()]
        return (min(low for low, _ in ends), max(high for _, high in ends))

    def cdf(self, x: ArrayLike) -> Floats:
        """The weighted mean of the cdfs."""
        return np.asarray(sum(share * law.cdf(x) for share, law in self.parts()))

    def laplace(self, s: ArrayLike) -> Floats:
        """The weighted mean of the transforms.

        Raises:
            InputError: One of the laws has none.
        """
        return np.asarray(sum(share * law.laplace(s) for share, law in self.parts()))

    def parts(self) -> list[tuple[float, Distribution]]:
        """Probability and law of each part that has a probability above 0."""
        return [(float(s), law) for s, law in zip(self._shares(), self.laws, strict=True) if s > 0]

    def _shares(self) -> Floats:
        weights = np.asarray(self.weights)
        return np.asarray(weights / weights.sum())


def _listed(field: str, of: str, given: object) -> Iterable[object]:
    if not isinstance(given, Iterable) or isinstance(given, str):
        raise InputError(f"mixture.{field} is {given!r}; it must be a list of {of}")
    return given
