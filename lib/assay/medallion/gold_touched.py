"""What changed in silver since the last run of gold: the weeks of facts and the days of exposures.

A unit whose value in a segment changed counts as one whose exposure changed, in the experiments that are
shown by that segment: all looks since then are made anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assay.medallion import gold_exposures, gold_segments
from assay.medallion.gold_health import EXPOSURES, QUARANTINE, quarantined_days
from assay.medallion.gold_scope import Touched, monday, period
from assay.spec import Blueprint

ADDED, REMOVED = "INSERT", "DELETE"
CHANGE = "_change_type"
_PRINTS, _31_BITS = 3, 2**31 - 1
"""Numbers of a row's fingerprint, and their bits: a sum of two billion of them is no overflow."""


def sources(blueprint: Blueprint) -> tuple[str, ...]:
    """The tables that the experiments' gold tables are made of: of silver, and those in place."""
    tables = {blueprint.facts[name].table for name in _used(blueprint)}
    tables |= {segment.table for segment in gold_segments.used(blueprint).values()}
    return tuple(dict.fromkeys((blueprint.exposed.table, QUARANTINE, *sorted(tables))))


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


def changed_groups(changelog: DataFrame, columns: Sequence[str], by: Mapping[str, Column]) -> DataFrame:
    """The groups in which `net_changes` would find a row, without bringing equal rows together.

    A group has as many rows as before of every kind if the sums of their fingerprints are nothing, removed
    ones taken off. So only groups are moved, not rows. Other rows of the same sums are possible, by chance
    once in 10²⁷ groups.

    Args:
        changelog: Rows with `_change_type`, as `Published.changelog` gives them.
        columns: The columns whose change matters.
        by: Name → what tells groups apart; it depends on `columns` alone.

    Returns:
        The columns of `by`, each group once.
    """
    sign = F.when(F.col(CHANGE) == ADDED, 1).otherwise(-1).cast("bigint")
    # A hash passes nulls over: which columns are null is told beside.
    values = [each for name in columns for each in (F.col(name), F.col(name).isNull())]
    prints = [F.xxhash64(F.lit(number), *values).bitwiseAND(_31_BITS) for number in range(_PRINTS)]
    sums = [F.sum(sign * each) for each in prints]
    grouped = changelog.groupBy(*(value.alias(name) for name, value in by.items()))
    return grouped.agg(F.array(*sums).alias("_sums")).where("exists(_sums, s -> s != 0)").select(*by)


def additions(changelog: DataFrame, columns: Sequence[str]) -> DataFrame:
    """Of `net_changes`, those that appear more often than before; arguments as there."""
    return _net(changelog, columns).where(F.col("_net") > 0).select(*columns)


def _net(changelog: DataFrame, columns: Sequence[str]) -> DataFrame:
    sign = F.when(F.col(CHANGE) == ADDED, 1).otherwise(-1)
    return changelog.groupBy(*columns).agg(F.sum(sign).alias("_net"))


def touched(blueprint: Blueprint, changelogs: Mapping[str, DataFrame], exposures: DataFrame) -> Touched:
    """What changed, read from the changelogs in one Spark job.

    Args:
        blueprint: Says which table, unit and time each fact has.
        changelogs: Each of `sources` → its changelog since the last run. A fact whose table has none is left
            out; a segment whose table has none counts as changed for everyone.
        exposures: `gold_exposures.exposures`, as they are now.
    """
    used = _used(blueprint)
    told = [name for name in sorted(used) if blueprint.facts[name].table in changelogs]
    frames = [_fact_weeks(blueprint, name, changelogs[blueprint.facts[name].table]) for name in told]
    exposed = _exposure_days(blueprint, changelogs[blueprint.exposed.table])
    frames += [exposed, _set_aside(blueprint, changelogs[QUARANTINE])]
    frames += _member_days(blueprint, changelogs, exposures)
    tables = defaultdict(set)
    for name in used:
        tables[blueprint.facts[name].table].add(name)
    facts: dict[str, set[date]] = {name: set() for name in used}
    days: dict[str, date] = {}
    for table, experiment, day in reduce(DataFrame.unionByName, frames).collect():
        if table == EXPOSURES:
            days[experiment] = min(day, days.get(experiment, day))
        for name in tables.get(table, ()):
            facts[name].add(monday(day))
    return Touched({name: frozenset(weeks) for name, weeks in facts.items()}, days)


def _used(blueprint: Blueprint) -> dict[str, set[str]]:
    """Facts that a metric uses → their columns that it reads."""
    used: dict[str, set[str]] = {}
    for metric in blueprint.metrics.values():
        for measure in metric.measures:
            used.setdefault(measure.fact, set()).update(measure.columns)
    return used


def _fact_weeks(blueprint: Blueprint, name: str, changelog: DataFrame) -> DataFrame:
    fact = blueprint.facts[name]
    columns = [fact.unit, fact.time, *sorted(_used(blueprint)[name])]
    day = period(F.col(fact.time).cast("timestamp"))  # a time without zone is in UTC
    days = changed_groups(changelog, columns, {"day": day})
    days = days.where(F.col("day").isNotNull())  # without a time an event is in no week
    return days.select(_text(fact.table, "table"), _text(None, "experiment"), "day")


def _exposure_days(blueprint: Blueprint, changelog: DataFrame) -> DataFrame:
    if blueprint.exposures is None:
        changed = net_changes(changelog, ["experiment", "unit", "arm", "exposed_at", "multi_arm"])
    else:  # of the events: a second one in another arm counts as well
        events = changelog.select(*gold_exposures.columns(blueprint), CHANGE)
        changed = net_changes(events, [name for name in events.columns if name != CHANGE])
    days = changed.groupBy("experiment").agg(F.to_date(F.min("exposed_at")).alias("day"))
    return days.select(_text(EXPOSURES, "table"), "experiment", "day")


def _member_days(
    blueprint: Blueprint, changelogs: Mapping[str, DataFrame], exposures: DataFrame
) -> list[DataFrame]:
    """The first exposures of units whose value in a segment changed, in the experiments shown by it."""
    found = []
    for name, segment in gold_segments.used(blueprint).items():
        shown = [each for each, declared in blueprint.experiments.items() if name in declared.segments]
        # A round's id is its experiment's name and perhaps a number behind a dot, which no name has.
        mine = exposures.where(F.substring_index("experiment", ".", 1).isin(shown))
        if segment.table in changelogs:
            rows = gold_segments.values(changelogs[segment.table], segment, CHANGE)
            changed = net_changes(rows, ["unit", "value"]).select("unit").distinct()
            mine = mine.join(changed, "unit", "left_semi")
        days = mine.groupBy("experiment").agg(F.to_date(F.min("exposed_at")).alias("day"))
        found.append(days.select(_text(EXPOSURES, "table"), "experiment", "day"))
    return found


def _set_aside(blueprint: Blueprint, changelog: DataFrame) -> DataFrame:
    """Quarantined rows change no number, but the health of the looks that they would have been part of."""
    days = quarantined_days(net_changes(changelog, ["quarantine_id", "contract", "row"]), blueprint)
    contract, exposed = F.col("contract"), blueprint.exposed.table
    table = F.when(contract == exposed, F.lit(EXPOSURES)).otherwise(contract)
    known = days.where((contract != exposed) | F.col("experiment").isNotNull())
    return known.select(table.alias("table"), "experiment", "day")


def _text(value: str | None, name: str) -> Column:
    return F.lit(value).cast("string").alias(name)
