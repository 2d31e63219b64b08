"""Canaries: planted experiments that travel with every week, so that each run is judged by a known truth.

Every week has customers of its own who take part in three experiments of that week only: one without an
effect, one that changes how often they act, one that changes what an act is worth. They are a small world
beside the blueprint's: the same laws, calendar and metrics, another seed each week. So weeks are independent
of each other and of the declared experiments, and the truth is the specification's for any planted world.

Ids of canary customers and of their rows are negative; no other id is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from assay import seeds
from assay.spec.arm import Arm
from assay.spec.experiment import Experiment
from assay.spec.fact import Fact, Metric
from assay.spec.model import Model, Share
from assay.spec.plan import Sequential, fitting
from assay.spec.population import Population

if TYPE_CHECKING:
    from assay.spec.blueprint import Blueprint

PREFIX = "canary_"
"""Names of canaries begin so; no declared experiment's may."""
NULL, RATE, VALUE = "canary_null", "canary_rate", "canary_value"
COVARIATE_DAYS = 7
NAMES = (NULL, RATE, VALUE)
_LAYER = "canaries"
_ONE_LOOK = Sequential(looks=[1])
"""A plan that only methods for one look suit."""
_CONTROL, _TREATMENT = "control", "treatment"


class Canaries(Model):
    """How large the canaries are.

    Attributes:
        customers: New ones each week, a third for each experiment.
        lift: Factor by which `canary_rate` and `canary_value` multiply their targets.
        late: Share of their trades that arrive a week late.
        first_week: Week of the blueprint (from 1) in which they start; later than 1 where they are added to,
            or changed in, a blueprint that has been run already.
    """

    customers: int = Field(default=3000, ge=300, le=1_000_000)
    lift: float = Field(default=1.3, gt=1, le=10)
    late: Share = 0.02
    first_week: int = Field(default=1, ge=1)


def is_canary(experiment: str) -> bool:
    """Whether an experiment's or round's id is that of a canary.

    Example:
        >>> is_canary("canary_null.3"), is_canary("button_colour")
        (True, False)
    """
    return experiment.startswith(PREFIX)


def world(blueprint: Blueprint, week: int = 0) -> Blueprint:
    """The world of a week's canaries: a blueprint of its own with the same laws, metrics and calendar.

    Worlds differ in their seed only: plan and truth are those of any week's.

    Args:
        blueprint: One with canaries and a population.
        week: Number of the week; any for what does not depend on the draws.
    """
    canaries, population = blueprint.canaries, blueprint.population
    if canaries is None or population is None:
        raise ValueError(f"blueprint {blueprint.name} has no canaries")
    return blueprint.model_copy(
        update={
            "seed": seeds.key(f"{blueprint.seed}/canaries/{week}") >> 1,  # a seed is below 2**63
            "population": _customers(population, canaries.customers),
            "facts": {name: _without_trend(fact) for name, fact in blueprint.facts.items()},
            "metrics": {name: _for_one_look(metric) for name, metric in blueprint.metrics.items()},
            "experiments": _experiments(blueprint, canaries),
            "canaries": None,
        }
    )


def metrics(blueprint: Blueprint) -> list[str]:
    """The metrics that canaries have: those whose truth is known, as they sum generated facts, by name."""
    drawn = {name for name, fact in blueprint.facts.items() if fact.generate is not None}
    return [
        name
        for name, metric in sorted(blueprint.metrics.items())
        if metric.is_plain and all(measure.fact in drawn for measure in metric.measures)
    ]


def _customers(population: Population, customers: int) -> Population:
    """Like the blueprint's, but all there from the start, and for good in the same tier."""
    changes = {"initial": customers, "signups_per_week": 0.0, "tier_review_weeks": None}
    return population.model_copy(update=changes)


def _without_trend(fact: Fact) -> Fact:
    """A trend would make the truth of a canary that of its week only."""
    if fact.generate is None or not fact.generate.trend:
        return fact
    return fact.model_copy(update={"generate": fact.generate.model_copy(update={"trend": 0.0})})


def _for_one_look(metric: Metric) -> Metric:
    """Canaries end after one look, and are judged by whether the p-values of that look are uniform.

    An always-valid p-value is not, and a posterior has none: metrics with such methods have that of their
    type in canaries.
    """
    exact = metric.method is None or metric.method in fitting(_ONE_LOOK, metric.type)
    return metric if exact else metric.model_copy(update={"method": None})


def _experiments(blueprint: Blueprint, canaries: Canaries) -> dict[str, Experiment]:
    facts = {name: fact for name, fact in blueprint.facts.items() if fact.generate is not None}
    lift = canaries.lift
    effects: dict[str, dict[str, float]] = {
        NULL: {},
        RATE: {f"{name}.rate": lift for name in facts},
        VALUE: {f"{name}.{column}": lift for name, fact in facts.items() for column in fact.values},
    }
    return {
        name: Experiment(
            arms=[
                Arm(name=_CONTROL, allocation=0.5),
                Arm(name=_TREATMENT, allocation=0.5, effects=effects[name]),
            ],
            metrics=metrics(blueprint),
            first_week=canaries.first_week,
            weeks=1,
            repeat_every_weeks=1,
            layer=_LAYER,
            traffic=1 / len(NAMES),
            covariate_days=COVARIATE_DAYS,
        )
        for name in NAMES
    }
