"""Segments: which parts of an experiment's units a result is shown for, beside everyone.

A unit's value is what the segment's table says now. Of several rows of a unit the smallest value counts, as
text, so that neither their order nor the cluster's has a say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assay.errors import InputError
from assay.medallion.gold_scope import Scope
from assay.spec import Blueprint, Segment
from assay.spec.segment import ALL, MOST, NONE, OTHER, label

_TEXT = "string"


def used(blueprint: Blueprint) -> dict[str, Segment]:
    """The segments that experiments are shown by, in order of their names."""
    names = {name for experiment in blueprint.experiments.values() for name in experiment.segments}
    return {name: blueprint.segments[name] for name in sorted(names)}


def values(rows: DataFrame, segment: Segment, *beside: str) -> DataFrame:
    """The rows of a segment's table, or of its changelog, as unit and value, both texts.

    Args:
        rows: The table.
        segment: Says which columns mean what.
        beside: More columns to keep.
    """
    unit, value = F.col(segment.unit).cast(_TEXT), F.col(segment.column).cast(_TEXT)
    return rows.select(unit.alias("unit"), value.alias("value"), *beside)


def members(
    silver: Mapping[str, DataFrame], blueprint: Blueprint, scopes: Sequence[Scope]
) -> DataFrame | None:
    """What each unit is, in the segments that the scopes' experiments are shown by.

    Args:
        silver: Table → its rows, for each segment's.
        blueprint: The blueprint in force.
        scopes: Whose experiments.

    Returns:
        unit and, per segment, a column with its value, NULL where it has none; one row per unit. None where
        no experiment is shown by segments.
    """
    wanted = _wanted(blueprint, scopes)
    parts = [
        values(silver[segment.table], segment).select(
            "unit", *(F.when(F.lit(name == other), F.col("value")).alias(_column(other)) for other in wanted)
        )
        for name, segment in wanted.items()
    ]
    if not parts:
        return None
    smallest = (F.min(_column(name)).alias(_column(name)) for name in wanted)
    return reduce(DataFrame.unionByName, parts).groupBy("unit").agg(*smallest)


def labels(blueprint: Blueprint, scopes: Sequence[Scope]) -> Column:
    """What a unit of an experiment counts for: `all`, and its value in each segment of the experiment.

    Args:
        blueprint: The blueprint in force.
        scopes: Whose experiments.

    Returns:
        A list of texts, from the columns `experiment` and those of `members`.
    """
    found = [F.lit(ALL)]
    for name, segment in _wanted(blueprint, scopes).items():
        shown = [scope.planned.id for scope in scopes if name in scope.planned.segments]
        mine = F.concat(F.lit(label(name, "")), _told(segment, F.col(_column(name))))
        found.append(F.when(F.col("experiment").isin(shown), mine))
    return F.array_compact(F.array(*found))


def refuse_many(silver: Mapping[str, DataFrame], blueprint: Blueprint, scopes: Sequence[Scope]) -> None:
    """Refuse a segment of too many values.

    Args:
        silver: Table → its rows, for each segment's.
        blueprint: The blueprint in force.
        scopes: Whose experiments.

    Raises:
        InputError: The table has more than `MOST` values, and the segment names none of them.
    """
    parts = [
        values(silver[segment.table], segment).select(F.lit(name).alias("segment"), "value").distinct()
        for name, segment in _wanted(blueprint, scopes).items()
        if segment.values is None
    ]
    if not parts:
        return
    counted = reduce(DataFrame.unionByName, parts).groupBy("segment").agg(F.count("value").alias("values"))
    for name, count in sorted(map(tuple, counted.where(F.col("values") > MOST).collect())):
        segment = blueprint.segments[name]
        raise InputError(
            f"blueprint {blueprint.name}, segments.{name}: {segment.table}.{segment.column} has {count:,} "
            f"values, and a segment at most {MOST}; name those that matter in segments.{name}.values, and "
            f"the others are {OTHER!r}"
        )


def _wanted(blueprint: Blueprint, scopes: Sequence[Scope]) -> dict[str, Segment]:
    names = {name for scope in scopes for name in scope.planned.segments}
    return {name: blueprint.segments[name] for name in sorted(names)}


def _column(name: str) -> str:
    """Names of segments may be those of columns."""
    return f"_in_{name}"


def _told(segment: Segment, value: Column) -> Column:
    if segment.values is not None:
        value = F.when(value.isin(segment.values), value).when(value.isNotNull(), OTHER)
    return F.coalesce(value, F.lit(NONE))
