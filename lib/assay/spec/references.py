"""Checks that need the whole blueprint: names that point elsewhere, layers, what can be generated."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from assay.errors import did_you_mean
from assay.spec.canaries import PREFIX, is_canary, metrics
from assay.spec.fact import CLUSTERED
from assay.spec.model import problem
from assay.spec.plan import fitting, method_of

if TYPE_CHECKING:
    from assay.spec.arm import Arm
    from assay.spec.blueprint import Blueprint
    from assay.spec.experiment import Experiment
    from assay.spec.fact import Fact

SYNTHETIC_TRADES = ("silver.trades", "customer_id", "traded_at", ["notional"])
"""Table, unit, time and values of the one fact that the generators draw."""


def check(blueprint: Blueprint) -> None:
    """Check every reference inside a blueprint.

    Raises:
        PydanticCustomError: The first that does not hold, with its dotted path.
    """
    _check_metrics(blueprint)
    for name, experiment in blueprint.experiments.items():
        for metric in experiment.metrics:
            if metric not in blueprint.metrics:
                hint = did_you_mean(metric, blueprint.metrics)
                raise problem(f"experiments.{name}.metrics", f"there is no metric {metric!r}; {hint}")
            _check_plan(blueprint, name, experiment, metric)
        for segment in experiment.segments:
            if segment not in blueprint.segments:
                hint = did_you_mean(segment, blueprint.segments)
                raise problem(f"experiments.{name}.segments", f"there is no segment {segment!r}; {hint}")
        _check_effects(blueprint, name, experiment)
    _check_layers(blueprint)
    _check_synthetic(blueprint)
    _check_canaries(blueprint)
    _check_exposures(blueprint)


def targets_of(facts: dict[str, Fact]) -> list[str]:
    """Everything that a planted effect can multiply: `<fact>.rate` and `<fact>.<value column>`."""
    synthetic = {name: fact for name, fact in facts.items() if fact.generate is not None}
    return [f"{name}.{column}" for name, fact in synthetic.items() for column in ("rate", *fact.values)]


def _check_metrics(blueprint: Blueprint) -> None:
    for name, metric in blueprint.metrics.items():
        for field, measure in zip(("numerator", "denominator"), metric.measures, strict=False):
            path = f"metrics.{name}.{field}"
            formula = getattr(metric, field)
            if measure.fact not in blueprint.facts:
                hint = did_you_mean(measure.fact, blueprint.facts)
                raise problem(path, f"is {formula!r}, but there is no fact {measure.fact!r}; {hint}")
            columns = ("count", *blueprint.facts[measure.fact].values)
            # Any column has different values; what is summed or compared must be declared a number.
            if measure.aggregate != "distinct" and measure.column not in columns:
                hint = did_you_mean(measure.column, columns)
                fact = f"fact {measure.fact!r}"
                raise problem(path, f"is {formula!r}, but {fact} has no measure {measure.column!r}; {hint}")


def _check_clusters(blueprint: Blueprint, path: str, experiment: Experiment, metric: str) -> None:
    """Units of one cluster are alike: a method that takes them for independent finds what is not there."""
    measured, plan = blueprint.metrics[metric], experiment.plan
    knowing = CLUSTERED.get(measured.type, ())
    if not blueprint.clustered:
        if measured.method in knowing:
            raise problem(
                f"metrics.{metric}.method",
                f"is {measured.method!r}, which must know the clusters; name their column in "
                "exposures.cluster",
            )
        return
    if not knowing:
        raise problem(
            f"metrics.{metric}.type",
            f"is {measured.type!r}, for which no method knows clusters; allowed with exposures.cluster: "
            f"{', '.join(CLUSTERED)}",
        )
    if measured.method is not None and measured.method not in knowing:
        raise problem(
            f"metrics.{metric}.method",
            f"is {measured.method!r}, which takes units of one cluster for independent; name "
            f"{' or '.join(knowing)}, or none",
        )
    if not fitting(plan, measured.type, clustered=True):
        raise problem(
            f"{path}.plan",
            f"is {plan.kind!r}, by which no method for clusters decides; take fixed or sequential",
        )


_CANNOT = {"bayesian": "has a posterior", "anytime": "holds at every look"}


def _check_plan(blueprint: Blueprint, name: str, experiment: Experiment, metric: str) -> None:
    """A guardrail has a margin, and the plan can decide by the metric's method."""
    measured, plan = blueprint.metrics[metric], experiment.plan
    if experiment.roles.get(metric) == "guardrail" and measured.margin is None:
        raise problem(
            f"experiments.{name}.roles.{metric}",
            f"is 'guardrail', but the metric has no margin; add metrics.{metric}.margin, such as 0.02",
        )
    _check_clusters(blueprint, f"experiments.{name}", experiment, metric)
    if blueprint.clustered:
        return
    path = f"experiments.{name}.plan"
    method = method_of(plan, measured)
    if method is None:
        raise problem(
            path,
            f"is {plan.kind!r}, but no method {_CANNOT[plan.kind]} for {metric!r}, a {measured.type}; take "
            "another plan, or leave the metric out",
        )
    if measured.method is not None and method not in (allowed := fitting(plan, measured.type)):
        raise problem(
            path,
            f"is {plan.kind!r}, which cannot decide by {method!r}, the method of {metric!r}; name one of "
            f"{', '.join(allowed)}, or none",
        )


def _check_effects(blueprint: Blueprint, name: str, experiment: Experiment) -> None:
    allowed = targets_of(blueprint.facts)
    for arm in experiment.arms:
        path = f"experiments.{name}.arms.{arm.name}"
        targets = {"effects": list(arm.effects)}
        targets |= {field: list(each) for field, each in _effects_by(arm).items()}
        for field, named in targets.items():
            for target in named:
                if target not in allowed:
                    hint = did_you_mean(target, allowed)
                    raise problem(f"{path}.{field}", f"there is nothing to multiply at {target!r}; {hint}")
        _check_segments(blueprint, path, arm)
    if experiment.planted is not None and blueprint.population is None:
        raise problem(
            f"experiments.{name}.planted",
            "faults are planted in synthetic data only; remove it, or add a population",
        )


def _effects_by(arm: Arm) -> dict[str, dict[str, dict[str, float]]]:
    return {f"effects_by.{dimension}": targets for dimension, targets in arm.effects_by.items()}


def _check_segments(blueprint: Blueprint, path: str, arm: Arm) -> None:
    """Every segment with an effect of its own is one of the population's."""
    for field, targets in _effects_by(arm).items():
        known = getattr(blueprint.population, field.partition(".")[2], {})
        for target, factors in targets.items():
            for segment in factors:
                if segment not in known:
                    hint = did_you_mean(segment, known)
                    raise problem(f"{path}.{field}.{target}", f"there is no segment {segment!r}; {hint}")


def _check_layers(blueprint: Blueprint) -> None:
    layers: dict[str, dict[str, float]] = defaultdict(dict)
    for name, experiment in blueprint.experiments.items():
        if experiment.layer is not None:
            layers[experiment.layer][name] = experiment.traffic
    for layer, traffic in layers.items():
        total = sum(traffic.values())
        if not total <= 1 + 1e-9:
            raise problem(
                "experiments",
                f"the traffic of layer {layer!r} sums to {total:.10g} ({', '.join(traffic)}); "
                "it must not exceed 1",
            )


def _check_synthetic(blueprint: Blueprint) -> None:
    """A population draws exactly the brokerage's trades; without one nothing can be drawn."""
    for name, fact in blueprint.facts.items():
        if fact.generate is None:
            continue
        if blueprint.population is None:
            raise problem(
                f"facts.{name}.generate", "needs a population to draw for; add one, or remove generate"
            )
        if name != "trades" or (fact.table, fact.unit, fact.time, fact.values) != SYNTHETIC_TRADES:
            table, unit, time, values = SYNTHETIC_TRADES
            raise problem(
                f"facts.{name}",
                f"cannot be generated; only the fact 'trades' can: table {table}, unit {unit}, time {time}, "
                f"values {values}",
            )
    if blueprint.population is not None and not any(f.generate for f in blueprint.facts.values()):
        raise problem("population", "has nothing to draw: no fact has a generate block")


def _check_exposures(blueprint: Blueprint) -> None:
    """A synthetic world has its exposures where it draws them; a table without names is of one experiment."""
    named = blueprint.exposures
    if named is None:
        return
    if blueprint.population is not None:
        raise problem("exposures", "are drawn for a population; remove them, or remove population")
    if named.experiment is None:
        if len(blueprint.experiments) != 1:
            raise problem(
                "exposures.experiment",
                f"is missing, and there are {len(blueprint.experiments)} experiments; name the column that "
                "says of which one a row is",
            )
        (only,) = blueprint.experiments.values()
        if only.repeat_every_weeks is not None:
            raise problem(
                "exposures.experiment",
                "is missing, and the experiment repeats; name the column with the id of its round",
            )


def _check_canaries(blueprint: Blueprint) -> None:
    """Canaries are drawn, need something to measure, and have their names for themselves."""
    for name in blueprint.experiments:
        if is_canary(name):
            raise problem(
                f"experiments.{name}",
                f"has a name that begins with {PREFIX!r}, which is kept for canaries; choose another",
            )
    if blueprint.canaries is None:
        return
    if blueprint.population is None:
        raise problem("canaries", "need a population whose laws they follow; add one, or remove canaries")
    if not metrics(blueprint):
        raise problem("canaries", "have nothing to measure: no metric rests on a generated fact")
