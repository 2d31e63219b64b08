"""gold.unit_metrics: what each exposed unit did, per measure and week, after its exposure and shortly before.

Sparse: a unit without events in a week has no row, and counts as zero wherever a metric is computed.
Sums run over decimals, so that they are exact and do not depend on the order of the events; the cast to
double comes last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import DecimalType, IntegralType

from assay.medallion.gold_scope import COUNT, WEEK, Scope, eligible, fact_of, measures, period
from assay.spec import Blueprint

COLUMNS = ("experiment", "unit", "arm", "measure", "period", "total", "covariate")
# A value that is no decimal is summed as one with this many places: finer than any currency's unit.
EXACT = "decimal(38,9)"


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is asked of one fact: measures → and who needs what."""

    measures: tuple[str, ...]
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
        `total` sums the measure's events of the period at or after the unit's exposure and before the
        experiment's end; `covariate` those of the `covariate_days` before the exposure.
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
        scope.planned.id: [m for m in measures(blueprint, scope.planned) if fact_of(m)[0] == fact]
        for scope in scopes
    }
    used = tuple(scope for scope in scopes if needs[scope.planned.id])
    return _Wanted(
        measures=tuple(sorted({m for found in needs.values() for m in found})),
        pairs=tuple(pair_name(experiment, m) for experiment, found in needs.items() for m in found),
        weeks=tuple(sorted({week for scope in used for week in scope.periods})),
        scopes=used,
    )


def _of_fact(rows: DataFrame, units: DataFrame, blueprint: Blueprint, name: str, asked: _Wanted) -> DataFrame:
    fact = blueprint.facts[name]
    columns = sorted({fact_of(measure)[1] for measure in asked.measures} - {COUNT})
    at = F.col(fact.time).cast("timestamp")  # a day is its first moment
    window = (
        (at >= F.lit(asked.weeks[0])) & (at < F.lit(asked.weeks[-1] + WEEK)) if asked.weeks else F.lit(False)
    )
    events = rows.where(window).select(
        F.col(fact.unit).cast("string").alias("unit"),
        at.alias("_at"),
        period(at).alias("period"),
        *(_exact(rows, column) for column in columns),
    )
    near = (F.col("_at") >= F.col("covariate_from")) & (F.col("_at") < F.col("ends"))
    joined = events.join(units, "unit", "inner").where(near & _in_scope(asked.scopes))
    after = F.col("_at") >= F.col("exposed_at")
    sums = [
        F.sum(F.when(side, _value(measure))).cast("double").alias(f"{prefix}{i}")
        for i, measure in enumerate(asked.measures)
        for prefix, side in (("t", after), ("c", ~after))
    ]
    grouped = joined.groupBy("experiment", "unit", "arm", "period").agg(*sums)
    return _long(grouped, asked)


def _long(grouped: DataFrame, asked: _Wanted) -> DataFrame:
    """One row per measure, from one column per measure."""
    cells = [
        F.struct(
            F.lit(measure).alias("measure"),
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


def _exact(rows: DataFrame, column: str) -> Column:
    kind = rows.schema[column].dataType
    return (
        F.col(column)
        if isinstance(kind, DecimalType | IntegralType)
        else F.col(column).cast(EXACT).alias(column)
    )


def _value(measure: str) -> Column:
    column = fact_of(measure)[1]
    return F.lit(1) if column == COUNT else F.col(column)
