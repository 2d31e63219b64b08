"""What every distribution answers, and the registry by which a blueprint names it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.errors import InputError

Floats = NDArray[np.float64]


class Distribution(ABC):
    """A probability law with exact moments.

    Attributes:
        name: What a blueprint calls it.
    """

    __slots__ = ()
    name: ClassVar[str]

    @abstractmethod
    def draw(self, rng: np.random.Generator, size: int) -> Floats:
        """Draw independent values.

        Args:
            rng: Where the randomness comes from.
            size: How many values.

        Returns:
            Array of shape `(size,)`; counts too are float64.
        """

    @property
    @abstractmethod
    def mean(self) -> float:
        """The expectation, exact."""

    @property
    @abstractmethod
    def variance(self) -> float:
        """The variance, exact."""

    @property
    @abstractmethod
    def support(self) -> tuple[float, float]:
        """The smallest closed interval with probability 1; its ends may be infinite."""

    @abstractmethod
    def cdf(self, x: ArrayLike) -> Floats:
        """P(X <= x), elementwise.

        Args:
            x: Any shape.

        Returns:
            Array of the shape of `x`, values in [0, 1].
        """

    @abstractmethod
    def laplace(self, s: ArrayLike) -> Floats:
        """The Laplace transform E[exp(-s X)], elementwise.

        It turns a law of rates into the probability of no event: a Poisson count with random rate X over a
        time s is 0 with probability E[exp(-s X)].

        Args:
            s: 0 or greater, any shape.

        Returns:
            Array of the shape of `s`.
        """

    def sum_of(self, n: int) -> Distribution:
        """The law of the sum of `n` independent copies, where it stays in a known family.

        Args:
            n: How many copies, 1 or more.

        Raises:
            InputError: The sum has no law in closed form.
        """
        raise InputError(
            f"the sum of {n} {self.name} values has no distribution in closed form; "
            f"use gamma, normal, poisson or constant values where a cdf is needed"
        )


DISTRIBUTIONS: dict[str, type[Distribution]] = {}
"""Every distribution that a blueprint can name."""

_D = TypeVar("_D", bound=type[Distribution])


def register(cls: _D) -> _D:
    """Enter a distribution into `DISTRIBUTIONS` under its `name` (a class decorator)."""
    DISTRIBUTIONS[cls.name] = cls
    return cls
