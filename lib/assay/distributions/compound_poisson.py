"""The sum of a random number of values: what a customer trades in a week.

References:
    Klugman, Panjer and Willmot (2012), Loss Models, section 9.3 (moments and distribution of aggregate
    losses).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from assay.distributions.base import Distribution, Floats, register
from assay.distributions.mixed_poisson import MixedPoisson
from assay.distributions.poisson import Poisson
from assay.errors import InputError

_TAIL = 1e-13
"""Probability of more events than the cdf's sum reaches."""


@register
@dataclass(frozen=True, slots=True)
class CompoundPoisson(Distribution):
    """Sum of a (mixed) Poisson number of independent values.

    Attributes:
        count: The law of how many: `Poisson` or `MixedPoisson`.
        value: The law of each.
    """

    name: ClassVar[str] = "compound_poisson"
    count: Poisson | MixedPoisson
    value: Distribution

    def __post_init__(self) -> None:
        if not isinstance(self.count, Poisson | MixedPoisson):
            raise InputError(f"compound_poisson.count is {self.count!r}; it must be poisson or mixed_poisson")
        if not isinstance(self.value, Distribution):
            raise InputError(f"compound_poisson.value is {self.value!r}; it must be a distribution")

    def draw(self, rng: np.random.Generator, size: int) -> Floats:
        """Sums, shape `(size,)`; 0 where nothing happened."""
        counts = self.count.draw(rng, size).astype(np.int64)
        values = self.value.draw(rng, int(counts.sum()))
        sums = np.bincount(np.repeat(np.arange(size), counts), weights=values, minlength=size)
        return sums.astype(np.float64, copy=False)

    @property
    def mean(self) -> float:
        """Mean count times mean value."""
        return self.count.mean * self.value.mean

    @property
    def variance(self) -> float:
        """Mean count times variance of a value, plus variance of the count times mean value squared."""
        return self.count.mean * self.value.variance + self.count.variance * self.value.mean**2

    @property
    def support(self) -> tuple[float, float]:
        """0, and what sums of the values can reach."""
        if self.count.support[1] == 0:
            return (0.0, 0.0)
        low, high = self.value.support
        return (-np.inf if low < 0 else 0.0, np.inf if high > 0 else 0.0)

    def cdf(self, x: ArrayLike) -> Floats:
        """Sum over the number of events of its probability times the cdf of so many values.

        Raises:
            InputError: Sums of the values have no closed form, or the count's tail is too long.
        """
        at = np.asarray(x, dtype=np.float64)
        pmf = np.diff(self.count.cdf(np.arange(-1, self._most_events() + 1)))
        total = pmf[0] * (at >= 0)
        for n in range(1, len(pmf)):
            total = total + pmf[n] * self.value.sum_of(n).cdf(at)
        return np.asarray(total, dtype=np.float64)

    def laplace(self, s: ArrayLike) -> Floats:
        """The count's transform at minus the logarithm of the value's."""
        return self.count.laplace(-np.log(self.value.laplace(s)))

    def _most_events(self) -> int:
        """The smallest power of two beyond which the count has no more than `_TAIL`."""
        for power in range(1, 15):
            if 1 - self.count.cdf(2**power) <= _TAIL:
                return int(2**power)
        raise InputError(f"compound_poisson.count has mean {self.count.mean}; its cdf needs a shorter tail")
