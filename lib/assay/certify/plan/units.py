"""Where the units of a simulated experiment come from: a law, or units that were observed.

A treated unit's value is multiplied by 1 + lift (a ratio's numerator likewise); of a 0/1 metric, zeros become
ones (or ones zeros) at random, so that the share of ones rises by the lift. So the variance of a treated unit
is known, and the formula is asked about the same experiment that is simulated.

References:
    Cochran (1977), Sampling Techniques, eq. 6.13 (ratio).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from assay.certify.fit.shape import correlation
from assay.distributions import Bernoulli, Distribution
from assay.errors import InputError
from assay.stats import MetricType, Moments
from assay.stats.planning import Outcome, mean_outcome, proportion_outcome, ratio_outcome

Array = NDArray[np.float64]
Series = dict[str, Array]


class Units(Protocol):
    """What a plan needs to know of units."""

    @property
    def metric(self) -> MetricType:
        """Type of the metric."""

    @property
    def outcome(self) -> Outcome:
        """The metric as the formula sees it."""

    @property
    def correlation(self) -> float | None:
        """Of the metric with the covariate; None without one."""

    @property
    def series(self) -> frozenset[str]:
        """Names of the series that are drawn."""

    def draw(self, rng: np.random.Generator, shape: tuple[int, int]) -> Series:
        """Untreated units by series, each of `shape` (experiments, units)."""


@dataclass(frozen=True, slots=True)
class Lawful:
    """Units whose values follow a law.

    Attributes:
        law: With a mean other than 0 and a variance above 0, both finite.
        correlation: Of a normal covariate with the value, strictly between -1 and 1; None for no covariate.

    Raises:
        InputError: A law without such moments, or a correlation outside its range.
    """

    law: Distribution
    correlation: float | None = None

    def __post_init__(self) -> None:
        mean, variance = self.law.mean, self.law.variance
        if not (math.isfinite(mean) and math.isfinite(variance) and variance > 0 and mean != 0):
            raise InputError(
                f"the {self.law.name} law has mean {mean:g} and variance {variance:g}; a plan for a lift "
                "needs a mean other than 0 and a finite variance above 0"
            )
        if self.correlation is not None and not -1 < self.correlation < 1:
            raise InputError(
                f"covariate correlation is {self.correlation:g}; it must lie strictly between -1 and 1"
            )

    @property
    def metric(self) -> MetricType:
        """A proportion if the law is Bernoulli, else a mean."""
        return "proportion" if isinstance(self.law, Bernoulli) else "mean"

    @property
    def outcome(self) -> Outcome:
        """Its exact moments."""
        if self.metric == "proportion":
            return proportion_outcome(self.law.mean, pooled=True)
        return _multiplied(mean_outcome(self.law.variance, self.law.variance, mean=self.law.mean))

    @property
    def series(self) -> frozenset[str]:
        """The value, and the covariate if there is one."""
        return frozenset({"y"} if self.correlation is None else {"y", "x"})

    def draw(self, rng: np.random.Generator, shape: tuple[int, int]) -> Series:
        """Untreated units; the covariate is a line in the value plus normal noise."""
        y = self.law.draw(rng, math.prod(shape)).reshape(shape)
        if self.correlation is None:
            return {"y": y}
        noise = math.sqrt(1 - self.correlation**2) * rng.standard_normal(shape)
        return {"y": y, "x": self.correlation * (y - self.law.mean) / math.sqrt(self.law.variance) + noise}


@dataclass(frozen=True, slots=True, eq=False)
class Observed:
    """Units that were observed, drawn again with replacement.

    Attributes:
        y: The metric, or a ratio's numerator; one value per unit.
        d: A ratio's denominator, 0 or greater; None for a mean.
        x: A covariate; None for none.

    Raises:
        InputError: Fewer than two units, a metric that does not vary, or a mean of 0.
    """

    y: Array
    d: Array | None = None
    x: Array | None = None

    def __post_init__(self) -> None:
        if len(self.y) < 2 or np.all(self.y == self.y[0]):  # noqa: PLR2004 - a variance needs two
            raise InputError(
                f"the {len(self.y):,} units do not differ in the metric; there is nothing to plan"
            )
        if np.mean(self.y) == 0 or (self.d is not None and not np.mean(self.d) > 0):
            raise InputError("the metric's mean is 0 or its denominator is; a lift has no meaning then")

    @property
    def metric(self) -> MetricType:
        """A ratio with a denominator, a proportion if all values are 0 or 1, else a mean."""
        if self.d is not None:
            return "ratio"
        return "proportion" if np.all((self.y == 0) | (self.y == 1)) else "mean"

    @property
    def outcome(self) -> Outcome:
        """The moments of the units."""
        if self.metric == "proportion":
            return proportion_outcome(float(np.mean(self.y)), pooled=True)
        if self.d is not None:
            return _multiplied(ratio_outcome(Moments.of(self.y, self.d)))
        variance = float(np.var(self.y))  # of the population that is drawn from
        return _multiplied(mean_outcome(variance, variance, mean=float(np.mean(self.y))))

    @property
    def correlation(self) -> float | None:
        """Of the metric (a ratio's linearised) with the covariate."""
        if self.x is None:
            return None
        ratio = 0.0 if self.d is None else float(np.sum(self.y) / np.sum(self.d))
        return correlation(self.y if self.d is None else self.y - ratio * self.d, self.x)

    @property
    def series(self) -> frozenset[str]:
        """Those that were given."""
        return frozenset(name for name in ("y", "d", "x") if getattr(self, name) is not None)

    def draw(self, rng: np.random.Generator, shape: tuple[int, int]) -> Series:
        """Units with all their series."""
        chosen = rng.integers(0, len(self.y), shape)
        return {name: getattr(self, name)[chosen] for name in sorted(self.series)}


def treated(series: Series, units: Units, lift: float, rng: np.random.Generator) -> Series:
    """The same units under treatment.

    Args:
        series: Untreated units.
        units: Where they come from.
        lift: Relative effect on the mean; of a proportion p from -1 to 1 / p - 1.
        rng: Decides which units of a 0/1 metric change.
    """
    y = series["y"]
    if units.metric != "proportion":
        return series | {"y": y * (1 + lift)}
    fate = rng.random(y.shape)
    if lift < 0:
        return series | {"y": y * (fate >= -lift)}
    share = float(units.outcome.mean)
    return series | {"y": np.maximum(y, fate < lift * share / (1 - share))}


def _multiplied(outcome: Outcome) -> Outcome:
    """The outcome whose treated values are multiples: V (1 + e / mean)² = V + 2 V / mean e + V / mean² e²."""
    share = outcome.variance / outcome.mean
    return replace(outcome, slope=2 * share, curve=share / outcome.mean)
