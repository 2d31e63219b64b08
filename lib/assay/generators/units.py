"""What is planted in the units themselves: bots, units that leave for good, and the size of their values."""

from __future__ import annotations

import math

import numpy as np

from assay import seeds
from assay.distributions import copula
from assay.generators.assignment import assign, in_slot
from assay.generators.columns import Floats
from assay.generators.customers import BLOCK, Customers
from assay.generators.rates import rates
from assay.spec import Blueprint, PlannedExperiment


def acting(blueprint: Blueprint, customers: Customers, rate: Floats, week: int) -> Floats:
    """The rate of a block's customers in a week after bots and attrition of all experiments.

    Args:
        blueprint: A synthetic one.
        customers: Customers of the block.
        rate: Their events per week by the fact's law, shape `(n,)`.
        week: Number of the week.

    Returns:
        Shape `(n,)`: of bots times their factor, of units that have left 0.
    """
    for name, experiment in sorted(blueprint.experiments.items()):
        planted = experiment.planted
        if planted is None:
            continue
        first = blueprint.round_of(name)
        if planted.bots is not None:
            place = seeds.hash_uniform(blueprint.seed, f"bots.{name}", customers.ids)
            bots = in_slot(blueprint, first, customers.ids) & (place < planted.bots.share)
            rate = np.where(bots, planted.bots.factor * rate, rate)
        if planted.attrition and week > experiment.first_week:
            rate = _without_lost(blueprint, first, customers, rate, week, planted.attrition)
    return rate


def _without_lost(
    blueprint: Blueprint,
    planned: PlannedExperiment,
    customers: Customers,
    rate: Floats,
    week: int,
    attrition: float,
) -> Floats:
    """The rate, 0 for units that have left: a geometric number of Mondays after their exposure they stay."""
    assignment = assign(blueprint, planned, customers, week)
    place = seeds.hash_uniform(blueprint.seed, f"attrition.{planned.id}", customers.ids[assignment.rows])
    stays = np.floor(np.log1p(-place) / math.log1p(-attrition))
    lost = assignment.rows[week > assignment.weeks + stays]
    rate = rate.copy()
    rate[lost] = 0.0
    return rate


def scales(blueprint: Blueprint, fact: str, column: str, block: int, count: int) -> Floats | None:
    """By what each customer multiplies the values of a column, for good.

    Args:
        blueprint: A synthetic one.
        fact: Names the streams.
        column: One of its values.
        block: Which block; it is drawn whole.
        count: How many of its customers there are.

    Returns:
        Shape `(count,)`; None where the blueprint plants no scale.
    """
    generate = blueprint.generated(fact)
    scale = generate.unit_scales.get(column)
    if scale is None:
        return None
    rng = seeds.stream(blueprint.seed, f"{fact}.{column}.scale", 0, block)
    place, own = rng.random(BLOCK)[:count], rng.standard_normal(BLOCK)[:count]
    rate = rates(blueprint, fact, generate.rate, block, count)
    score = scale.correlation * copula.scores(generate.rate, rate, place)
    score = score + math.sqrt(1 - scale.correlation**2) * own
    return np.asarray(np.exp(scale.sigma * score - scale.sigma**2 / 2))
