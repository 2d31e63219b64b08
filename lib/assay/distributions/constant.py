"""The degenerate law: always the same value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from assay.distributions import parameters
from assay.distributions.base import Distribution, Floats, register


@register
@dataclass(frozen=True, slots=True)
class Constant(Distribution):
    """Always `value`.

    Attributes:
        value: Any finite number.
    """

    name: ClassVar[str] = "constant"
    value: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", parameters.number("constant.value", self.value))

    def draw(self, rng: np.random.Generator, size: int) -> Floats:  # noqa: ARG002 - nothing is random here
        """Repeat the value; the generator is not touched."""
        return np.full(size, self.value)

    @property
    def mean(self) -> float:
        """The value."""
        return self.value

    @property
    def variance(self) -> float:
        """0."""
        return 0.0

    @property
    def support(self) -> tuple[float, float]:
        """The value, twice."""
        return (self.value, self.value)

    def cdf(self, x: ArrayLike) -> Floats:
        """A step at the value."""
        return (np.asarray(x, dtype=np.float64) >= self.value).astype(np.float64)

    def laplace(self, s: ArrayLike) -> Floats:
        """exp(-s value)."""
        return np.asarray(np.exp(-np.asarray(s, dtype=np.float64) * self.value))

    def sum_of(self, n: int) -> Constant:
        """Always `n` times the value."""
        return Constant(n * self.value)
