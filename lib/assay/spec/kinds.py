"""The kinds of units that an arm has, and their shares: by segment, compliance and treated neighbours."""

from __future__ import annotations

import numpy as np
from scipy import special

from assay.spec.arm import Arm, Dimension
from assay.spec.blueprint import Blueprint
from assay.spec.duration import population_of
from assay.spec.experiment import PlannedExperiment
from assay.spec.paths import Course, Floats, Paths
from assay.spec.planted import Planted

Segments = dict[Dimension, str]


def planted_in(blueprint: Blueprint, planned: PlannedExperiment) -> Planted:
    """What goes wrong in a round; nothing where its experiment says nothing."""
    return blueprint.experiments[planned.experiment].planted or Planted()


def courses(
    blueprint: Blueprint,
    planned: PlannedExperiment,
    arm: Arm,
    targets: tuple[str, str],
    segment: tuple[Dimension, str] | None,
) -> dict[Course, float]:
    """What multiplies rate and values of each kind of units of an arm, and its share of them.

    Args:
        blueprint: A synthetic one.
        planned: A round of one of its experiments.
        arm: One of the round's.
        targets: The effect targets of the rate and of the values.
        segment: Dimension and segment to which the units are confined; None for all.
    """
    away = planted_in(blueprint, planned).non_compliance if arm != planned.arms[0] else 0.0
    found: dict[Course, float] = {}
    for segments, share in _segments(blueprint, segment):
        rate, value = (arm.factor(each, segments) for each in targets)
        full = Course(rate, value, *(arm.fades.get(each) for each in targets))
        for course, part in ((full, 1 - away), (Course(), away)):
            if part:
                found[course] = found.get(course, 0.0) + share * part
    return found


def _segments(blueprint: Blueprint, segment: tuple[Dimension, str] | None) -> list[tuple[Segments, float]]:
    """Every combination of country and tier, which are independent, with its share."""
    population = population_of(blueprint)
    shares: dict[Dimension, dict[str, float]] = {"country": population.country, "tier": population.tier}
    if segment is not None:
        shares[segment[0]] = {segment[1]: 1.0}
    return [
        ({"country": country, "tier": tier}, of_country * of_tier)
        for country, of_country in shares["country"].items()
        for tier, of_tier in shares["tier"].items()
        if of_country * of_tier > 0
    ]


def mixed(parts: list[tuple[float, Paths]]) -> Paths:
    """The rule over several kinds of units, each with its share."""
    m0, m1, m2 = (np.concatenate([each.integrals[power] for _, each in parts]) for power in range(3))
    return Paths(np.concatenate([share * each.weights for share, each in parts]), (m0, m1, m2))


def spilled(unspilled: Paths, blueprint: Blueprint, planned: PlannedExperiment) -> Paths:
    """The rule where rates are multiplied by what interference does to them, which depends on others only."""
    chances, factors = _spills(blueprint, planned)
    weights = np.multiply.outer(chances, unspilled.weights).ravel()
    m0, m1, m2 = (np.multiply.outer(factors, each).ravel() for each in unspilled.integrals)
    return Paths(weights, (m0, m1, m2))


def _spills(blueprint: Blueprint, planned: PlannedExperiment) -> tuple[Floats, Floats]:
    """The law of a unit's factor by interference: its number of treated neighbours is binomial."""
    interference = planted_in(blueprint, planned).interference
    if interference is None:
        return np.ones(1), np.ones(1)
    others = interference.size - 1
    treated = blueprint.experiments[planned.experiment].traffic * (1 - planned.arms[0].allocation)
    count = np.arange(others + 1)
    chances = special.binom(others, count) * treated**count * (1 - treated) ** (others - count)
    return np.asarray(chances), 1 + interference.spill * count / others
