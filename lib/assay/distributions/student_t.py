"""Symmetric values with heavy tails: measurement noise with outliers.

References:
    Johnson, Kotz and Balakrishnan (1995), Continuous Univariate Distributions 2, chapter 28.
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
class StudentT(Distribution):
    """Student's t law, shifted and scaled: location + scale T.

    Attributes:
        location: The mean, any finite number.
        scale: Above 0, in the unit of the value; the standard deviation is larger by
            sqrt(degrees / (degrees - 2)).
        degrees: Of freedom, above 2, so that the variance exists.
    """

    name: ClassVar[str] = "student_t"
    location: float
    scale: float
    degrees: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "location", parameters.number("student_t.location", self.location))
        object.__setattr__(self, "scale", parameters.positive("student_t.scale", self.scale))
        degrees = parameters.number("student_t.degrees", self.degrees)
        if not degrees > 2:  # noqa: PLR2004 - the second moment's bound
            raise InputError(f"student_t.degrees is {self.degrees!r}; it must be above 2 to have a variance")
        object.__setattr__(self, "degrees", degrees)

    def draw(self, rng: np.random.Generator, size: int) -> Floats:
        """Any real values, shape `(size,)`."""
        return self.location + self.scale * rng.standard_t(self.degrees, size)

    @property
    def mean(self) -> float:
        """The location."""
        return self.location

    @property
    def variance(self) -> float:
        """Scale² * degrees / (degrees - 2)."""
        return self.scale**2 * self.degrees / (self.degrees - 2)

    @property
    def support(self) -> tuple[float, float]:
        """All real numbers."""
        return (-np.inf, np.inf)

    def cdf(self, x: ArrayLike) -> Floats:
        """The cdf of Student's t of the standardised value."""
        return np.asarray(
            special.stdtr(self.degrees, (np.asarray(x, dtype=np.float64) - self.location) / self.scale)
        )

    def laplace(self, s: ArrayLike) -> Floats:  # noqa: ARG002 - there is none at any s above 0
        """There is none: exp(-s X) has no expectation, as the lower tail falls like a power.

        Raises:
            InputError: Always.
        """
        raise InputError(
            "student_t has no Laplace transform, as its lower tail falls like a power; use normal where one "
            "is needed"
        )
