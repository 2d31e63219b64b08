"""What changed in silver since the last run of gold: the weeks of facts and the days of exposures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assay.medallion import gold_exposures
from assay.medallion.gold_health import EXPOSURES, QUARANTINE, quarantined_days
from assay.medallion.gold_scope import Touched, monday, period
from assay.spec import Blueprint

ADDED, REMOVED = "INSERT", "DELETE"
CHANGE = "_change_type"


def sources(blueprint: Blueprint) -> tuple[str, ...]:
    """The silver tables that the experiments' gold tables are made of."""
    facts = {blueprint.facts[name].table for name in _used(blueprint)}
    return tuple(dict.fromkeys((blueprint.exposed.table, QUARANTINE, *sorted(facts))))


def net_changes(changelog: DataFrame, columns: Sequence[str]) -> DataFrame:
    """The rows that a changelog really adds or removes, seen through some columns.

    A row that was rewritten with the same values (a copied file, a repeat of an exposure) cancels out.

    Args:
        changelog: Rows with `_change_type`, as `Published.changelog` gives them.
        columns: The columns whose change matters.

    Returns:
        The distinct values of `columns` that appear more or less often than before.
    """
    return _net(changelog, columns).where(F.col("_net") != 0).select(*columns)


def additions(changelog: DataFrame, columns: Sequence[str]) -> DataFrame:
    """Of `net_changes`, those that appear more often than before; arguments as there."""
    return _net(changelog, columns).where(F.col("_net") > 0).select(*columns)


def _net(changelog: DataFrame, columns: Sequence[str]) -> DataFrame:
    sign = F.when(F.col(CHANGE) == ADDED, 1).otherwise(-1)
    return changelog.groupBy(*columns).agg(F.sum(sign).alias("_net"))


def touched(blueprint: Blueprint, changelogs: Mapping[str, DataFrame]) -> Touched:
    """What changed, read from the changelogs in one Spark job.

    Args:
        blueprint: Says which table, unit and time each fact has.
        changelogs: Each of `sources` → its changelog since the last run.
    """
    used = _used(blueprint)
    frames = [_fact_weeks(blueprint, name, changelogs[blueprint.facts[name].table]) for name in sorted(used)]
    exposed = _exposure_days(blueprint, changelogs[blueprint.exposed.table])
    frames += [exposed, _set_aside(blueprint, changelogs[QUARANTINE])]
    tables = defaultdict(set)
    for name in used:
        tables[blueprint.facts[name].table].add(name)
    facts: dict[str, set[date]] = {name: set() for name in used}
    exposures: dict[str, date] = {}
    for table, experiment, day in reduce(DataFrame.unionByName, frames).collect():
        if table == EXPOSURES:
            exposures[experiment] = min(day, exposures.get(experiment, day))
        for name in tables.get(table, ()):
            facts[name].add(monday(day))
    return Touched({name: frozenset(days) for name, days in facts.items()}, exposures)


def _used(blueprint: Blueprint) -> dict[str, set[str]]:
    """Facts that a metric uses → their columns that it reads."""
    used: dict[str, set[str]] = {}
    for metric in blueprint.metrics.values():
        for measure in metric.measures:
            used.setdefault(measure.fact, set()).update(measure.columns)
    return used


def _fact_weeks(blueprint: Blueprint, name: str, changelog: DataFrame) -> DataFrame:
    fact = blueprint.facts[name]
    changed = net_changes(changelog, [fact.unit, fact.time, *sorted(_used(blueprint)[name])])
    return changed.select(
        _text(fact.table, "table"), _text(None, "experiment"), period(F.col(fact.time)).alias("day")
    ).distinct()


def _exposure_days(blueprint: Blueprint, changelog: DataFrame) -> DataFrame:
    if blueprint.exposures is None:
        changed = net_changes(changelog, ["experiment", "unit", "arm", "exposed_at", "multi_arm"])
    else:  # of the events: a second one in another arm counts as well
        events = changelog.select(*gold_exposures.columns(blueprint), CHANGE)
        changed = net_changes(events, ["experiment", "unit", "arm", "exposed_at"])
    days = changed.groupBy("experiment").agg(F.to_date(F.min("exposed_at")).alias("day"))
    return days.select(_text(EXPOSURES, "table"), "experiment", "day")


def _set_aside(blueprint: Blueprint, changelog: DataFrame) -> DataFrame:
    """Quarantined rows change no number, but the health of the looks that they would have been part of."""
    days = quarantined_days(net_changes(changelog, ["quarantine_id", "contract", "row"]), blueprint)
    contract, exposed = F.col("contract"), blueprint.exposed.table
    table = F.when(contract == exposed, F.lit(EXPOSURES)).otherwise(contract)
    known = days.where((contract != exposed) | F.col("experiment").isNotNull())
    return known.select(table.alias("table"), "experiment", "day")


def _text(value: str | None, name: str) -> Column:
    return F.lit(value).cast("string").alias(name)
