"""gold.unit_metrics: what each exposed unit did, per measure and week, after its exposure and shortly before.

Sparse: a unit without events in a week has no row, and counts as zero wherever a metric is computed.
Sums run over decimals, so that they are exact and do not depend on the order of the events; the cast to
double comes last. One pass over a fact serves all its measures and all experiments.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assay.medallion.gold_measures import firsts, needed, totals
from assay.medallion.gold_scope import WEEK, Scope, eligible, measures, monday, period
from assay.spec import Blueprint
from assay.spec.measure import Measure

COLUMNS = ("experiment", "unit", "arm", "measure", "period", "total", "covariate")


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is asked of one fact: measures, who needs what, and which weeks are read."""

    measures: tuple[Measure, ...]
    pairs: tuple[str, ...]
    weeks: tuple[date, ...]
    scopes: tuple[Scope, ...]


def unit_metrics(
    facts: Mapping[str, DataFrame], exposures: DataFrame, blueprint: Blueprint, scopes: Sequence[Scope]
) -> DataFrame:
    """Totals and covariates of the scopes' periods.

    Args:
        facts: Silver table → its rows, for each fact that the experiments' metrics use.
        exposures: `silver.exposures`.
        blueprint: The blueprint in force.
        scopes: What to recompute; at least one.

    Returns:
        The columns of gold.unit_metrics, one row per experiment, unit, measure and period with events:
        `total` is what the measure's events of the period at or after the unit's exposure and before the
        experiment's end come to; `covariate` those of the `covariate_days` before the exposure. Of `distinct`
        values the period has those that are new in it.
    """
    units = eligible(exposures, [scope.planned for scope in scopes])
    wanted = {name: _wanted(blueprint, scopes, name) for name in sorted(blueprint.facts)}
    parts = [
        _of_fact(facts[blueprint.facts[name].table], units, blueprint, name, asked)
        for name, asked in wanted.items()
        if asked.pairs
    ]
    return reduce(DataFrame.unionByName, parts).select(*COLUMNS)


def _wanted(blueprint: Blueprint, scopes: Sequence[Scope], fact: str) -> _Wanted:
    needs = {
        scope.planned.id: [m for m in measures(blueprint, scope.planned) if m.fact == fact]
        for scope in scopes
    }
    used = tuple(scope for scope in scopes if needs[scope.planned.id])
    return _Wanted(
        measures=tuple(sorted({m for found in needs.values() for m in found})),
        pairs=tuple(pair_name(experiment, m.key) for experiment, found in needs.items() for m in found),
        weeks=tuple(sorted({week for scope in used for week in _read(scope, needs[scope.planned.id])})),
        scopes=used,
    )


def _read(scope: Scope, needed: Sequence[Measure]) -> tuple[date, ...]:
    """The weeks whose events an experiment's periods are made of; whether a value is new, all before say."""
    if not scope.periods or all(measure.aggregate != "distinct" for measure in needed):
        return scope.periods
    return (monday(scope.planned.start - timedelta(days=scope.planned.covariate_days)), *scope.periods)


def _of_fact(rows: DataFrame, units: DataFrame, blueprint: Blueprint, name: str, asked: _Wanted) -> DataFrame:
    fact = blueprint.facts[name]
    at = F.col(fact.time).cast("timestamp")  # a day is its first moment
    window = (
        (at >= F.lit(asked.weeks[0])) & (at < F.lit(asked.weeks[-1] + WEEK)) if asked.weeks else F.lit(False)
    )
    events = rows.where(window).select(
        F.col(fact.unit).cast("string").alias("unit"),
        at.alias("_at"),
        period(at).alias("period"),
        *needed(rows, asked.measures),
    )
    near = (F.col("_at") >= F.col("covariate_from")) & (F.col("_at") < F.col("ends"))
    joined = firsts(events.join(units, "unit", "inner").where(near), asked.measures)
    grouped = joined.where(_in_scope(asked.scopes)).groupBy("experiment", "unit", "arm", "period")
    return _long(grouped.agg(*totals(asked.measures)), asked)


def _long(grouped: DataFrame, asked: _Wanted) -> DataFrame:
    """One row per measure, from one column per measure."""
    cells = [
        F.struct(
            F.lit(measure.key).alias("measure"),
            F.coalesce(f"t{i}", F.lit(0.0)).alias("total"),
            F.coalesce(f"c{i}", F.lit(0.0)).alias("covariate"),
            (F.col(f"t{i}").isNotNull() | F.col(f"c{i}").isNotNull()).alias("seen"),
        )
        for i, measure in enumerate(asked.measures)
    ]
    long = grouped.select("experiment", "unit", "arm", "period", F.inline(F.array(*cells)))
    return long.where(F.col("seen") & pair(F.col("experiment"), F.col("measure")).isin(*asked.pairs))


def pair_name(experiment: str, name: str) -> str:
    """An experiment and one of its measures or metrics as one text, as `pair` builds it in Spark."""
    return f"{experiment}/{name}"


def pair(experiment: Column, name: Column) -> Column:
    """Two columns as one text, to compare with `pair_name`."""
    return F.concat_ws("/", experiment, name)


def _in_scope(scopes: Sequence[Scope]) -> Column:
    asked = [pair_name(scope.planned.id, f"{week}") for scope in scopes for week in scope.periods]
    return pair(F.col("experiment"), F.col("period").cast("string")).isin(*asked)
