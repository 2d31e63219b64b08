"""The law of the data themselves, for values that no family describes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from assay.distributions import parameters
from assay.distributions.base import Distribution, Floats, register
from assay.errors import InputError


@register
@dataclass(frozen=True, slots=True)
class Empirical(Distribution):
    """One of finitely many values, each with its own probability.

    Attributes:
        values: The values, each once, in rising order.
        weights: One per value, 0 or greater, in any unit; the probability is the share of their sum.
    """

    name: ClassVar[str] = "empirical"
    values: tuple[float, ...]
    weights: tuple[float, ...]

    def __post_init__(self) -> None:
        values = _tuple("empirical.values", self.values)
        weights = _tuple("empirical.weights", self.weights)
        if len(values) != len(weights):
            raise InputError(
                f"empirical has {len(values)} values and {len(weights)} weights; give one weight per value"
            )
        if not values or any(b <= a for a, b in pairwise(values)):
            raise InputError("empirical.values do not rise; give one or more values, each once, in order")
        for weight in weights:
            parameters.not_negative("empirical.weights", weight)
        if not sum(weights) > 0:
            raise InputError("empirical.weights are all 0; one must be above 0")
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "weights", weights)

    @classmethod
    def of(cls, sample: ArrayLike, *, most: int = 200) -> Empirical:
        """The law of a sample, with at most so many values, and its exact mean, variance and share of zeros.

        A longer sample is cut into groups of neighbours. A group with mean m, variance v and least value a is
        replaced by the two values a and m + v / (m - a), of which the second has the weight that keeps m and
        v; it cannot exceed the group's greatest value, as v <= (m - a)(b - m) (Bhatia and Davis 2000).

        Args:
            sample: Finite numbers, one axis.
            most: Most values of the law, 3 or more.

        Returns:
            The law; its weights are numbers of sample values.

        Raises:
            InputError: No values, or one that is not finite.
        """
        data = np.sort(np.asarray(sample, dtype=np.float64).ravel())
        if not data.size or not np.all(np.isfinite(data)):
            raise InputError("an empirical law needs one finite number or more; remove what is missing")
        values, counts = np.unique(data, return_counts=True)
        atoms = _condensed(data, most) if len(values) > most else dict(zip(values, counts, strict=True))
        rising = sorted(atoms)
        return cls(tuple(rising), tuple(atoms[value] for value in rising))

    def draw(self, rng: np.random.Generator, size: int) -> Floats:
        """Values, shape `(size,)`."""
        rises = np.cumsum(self._shares())
        at = np.searchsorted(rises, rng.random(size) * rises[-1], side="right")
        return np.asarray(np.asarray(self.values)[at])

    @property
    def mean(self) -> float:
        """The weighted mean."""
        return float(self._shares() @ np.asarray(self.values))

    @property
    def variance(self) -> float:
        """The weighted mean of squared deviations."""
        return float(self._shares() @ (np.asarray(self.values) - self.mean) ** 2)

    @property
    def support(self) -> tuple[float, float]:
        """The least and the greatest value whose weight is not 0."""
        there = [value for value, weight in zip(self.values, self.weights, strict=True) if weight > 0]
        return (there[0], there[-1])

    def cdf(self, x: ArrayLike) -> Floats:
        """A step at each value."""
        steps = np.concatenate([[0.0], np.cumsum(self._shares())])
        at = np.searchsorted(np.asarray(self.values), np.asarray(x, dtype=np.float64), side="right")
        return np.asarray(np.minimum(steps, 1.0)[at])

    def laplace(self, s: ArrayLike) -> Floats:
        """The weighted mean of exp(-s value)."""
        return np.asarray(
            np.exp(-np.multiply.outer(np.asarray(s, dtype=np.float64), self.values)) @ self._shares()
        )

    def _shares(self) -> Floats:
        weights = np.asarray(self.weights)
        return np.asarray(weights / weights.sum())


def _tuple(where: str, given: object) -> tuple[float, ...]:
    if not isinstance(given, Iterable) or isinstance(given, str):
        raise InputError(f"{where} is {given!r}; it must be a list of numbers")
    return tuple(parameters.number(where, each) for each in given)


def _condensed(data: Floats, most: int) -> dict[float, float]:
    """Two values with their weights for each group of neighbours; zeros are a group of their own."""
    atoms: defaultdict[float, float] = defaultdict(float)
    for group in (data[data == 0], *np.array_split(data[data != 0], (most - 1) // 2)):
        for value, weight in _pair(group) if group.size else ():
            atoms[value] += weight
    return atoms


def _pair(group: Floats) -> tuple[tuple[float, float], ...]:
    """The least value and another, with the weights that keep the group's mean and variance."""
    low, mean, size = float(group[0]), float(group.mean()), float(group.size)
    gap = mean - low
    if not gap > 0:
        return ((low, size),)
    spread = float(((group - mean) / gap).var())  # in units of the gap: the square of a tiny one would be 0
    upper = size / (1 + spread)
    return (low, size - upper), (low + gap * (1 + spread), upper)
