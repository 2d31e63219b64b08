"""How long the units of an experiment have been exposed: a law over entry cohorts, in weeks.

Units that signed up before the start are exposed at a uniform time of the first week. Units that sign up
during enrolment do so at a uniform time of their week and are exposed at a uniform time of the rest of it,
so that what remains of that week is the product of two independent uniform numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from assay.errors import InputError
from assay.spec.blueprint import Blueprint
from assay.spec.experiment import PlannedExperiment
from assay.spec.population import Population

Floats = NDArray[np.float64]

# 48 Gauss-Legendre nodes: exact for polynomials up to degree 95, hence for the moments; Laplace transforms
# of rates are analytic near the weeks' intervals and converge geometrically (1e-10 for 50 events a week).
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(48)
_UNIFORM = (_NODES + 1) / 2
_UNIFORM_WEIGHTS = _WEIGHTS / 2
_PRODUCT = np.outer(_UNIFORM, _UNIFORM).ravel()
_PRODUCT_WEIGHTS = np.outer(_UNIFORM_WEIGHTS, _UNIFORM_WEIGHTS).ravel()


@dataclass(frozen=True, slots=True)
class Durations:
    """Exposure durations as a quadrature rule: E[g(D)] is the sum of `weights * g(weeks)`.

    Attributes:
        weeks: Nodes, in weeks, shape `(k,)`.
        weights: They sum to 1, shape `(k,)`.
        units: Expected number of units of all arms, before records are lost.
    """

    weeks: Floats
    weights: Floats
    units: float

    @property
    def mean(self) -> float:
        """Expected weeks of exposure."""
        return float(self.weights @ self.weeks)

    @property
    def variance(self) -> float:
        """Variance of the weeks of exposure."""
        return float(self.weights @ (self.weeks - self.mean) ** 2)


def population_of(blueprint: Blueprint) -> Population:
    """The population of a blueprint.

    Raises:
        InputError: It has none.
    """
    if blueprint.population is None:
        raise InputError(
            f"blueprint {blueprint.name} has no population; only planted experiments have a known truth"
        )
    return blueprint.population


def exposure_durations(blueprint: Blueprint, planned: PlannedExperiment, as_of: date) -> Durations:
    """The law of the time from a unit's exposure to `as_of` or the experiment's end, whichever is first.

    Cohorts are weighed by their expected sizes.

    Args:
        blueprint: A synthetic one.
        planned: The round.
        as_of: A Monday after the round's start; units exposed before it count.

    Raises:
        InputError: No population, or `as_of` is not such a Monday.
    """
    population = population_of(blueprint)
    if as_of.weekday() != 0 or as_of <= planned.start:
        raise InputError(
            f"as_of is {as_of} ({as_of:%A}); it must be a Monday after {planned.start}, "
            f"when {planned.id} starts"
        )
    elapsed = (min(as_of, planned.end) - planned.start).days // 7
    enrolling = min((planned.enrol_end - planned.start).days // 7, elapsed)
    before = population.initial + population.signups_per_week * (blueprint.week_number(planned.start) - 1)
    weeks = [elapsed - 1 + _UNIFORM] + [elapsed - 1 - week + _PRODUCT for week in range(enrolling)]
    sizes = [before * _UNIFORM_WEIGHTS] + [population.signups_per_week * _PRODUCT_WEIGHTS] * enrolling
    expected = before + enrolling * population.signups_per_week
    experiment = blueprint.experiments[planned.experiment]
    return Durations(
        weeks=np.concatenate(weeks),
        weights=np.concatenate(sizes) / expected,
        units=expected * experiment.traffic,
    )
