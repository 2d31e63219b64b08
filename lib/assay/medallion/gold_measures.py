"""Measures as columns: which events of a unit count, and what they come to in a week and over weeks.

Events stand beside their unit's exposure (`_at`, `exposed_at`). What a week comes to is kept per week, so a
week can be made anew alone; weeks are then added up, or the largest or earliest of them is taken.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from decimal import Decimal
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql.types import DecimalType, IntegralType

from assay.spec.measure import COUNT, Bounds, Kept, Measure, Value

EXACT = "decimal(38,9)"
"""A value that is no decimal is summed as one with this many places: finer than any currency's unit."""
_NUMERIC = frozenset({"sum", "max"})
_DAY = 86_400e6
_COMPARED: dict[str, Callable[[Column, Column], Column]] = {
    "at_least": operator.ge, "above": operator.gt, "at_most": operator.le, "below": operator.lt,
}  # fmt: skip


def needed(rows: DataFrame, measures: Iterable[Measure]) -> list[Column]:
    """What measures read of a fact's table: columns as they are, and numbers as exact `_value_<column>`."""
    wanted = list(measures)
    numbers = sorted({each.column for each in wanted if each.aggregate in _NUMERIC} - {COUNT})
    others = frozenset[str]().union(*(each.texts for each in wanted))
    values = [_exact(rows, column).alias(f"_value_{column}") for column in numbers]
    return [*values, *(F.col(column) for column in sorted(others))]


def matching(measure: Measure) -> Column:
    """Whether an event is one of those that the measure is about."""
    conditions = [_holds(F.col(column), kept) for column, kept in measure.where]
    return reduce(operator.and_, conditions, F.lit(True))


def in_window(measure: Measure) -> Column:
    """Whether an event lies within the measure's days after the exposure."""
    at, since = F.col("_at"), F.col("exposed_at")
    if measure.window is None:
        return at >= since
    return (at >= _later(since, measure.window.from_day)) & (at < _later(since, measure.window.to_day))


def firsts(events: DataFrame, measures: Iterable[Measure]) -> DataFrame:
    """Mark, for measures that count different values, the first event of each value of a unit.

    Args:
        events: Events beside exposures, all those since the experiment's first covariate.
        measures: Of these events.

    Returns:
        The events with a column `_first<n>` for the n-th measure that needs it: true for one event of each
        value after the exposure, and one before it.
    """
    for i, measure in enumerate(measures):
        if measure.aggregate == "distinct":
            counts = matching(measure) & (in_window(measure) | _before())
            group = Window.partitionBy("experiment", "unit", F.col(measure.column), counts, _before())
            first = F.row_number().over(group.orderBy("_at")) == 1
            events = events.withColumn(f"_first{i}", first & F.col(measure.column).isNotNull())
    return events


def totals(measures: Iterable[Measure]) -> list[Column]:
    """What the events of a group come to: `t<n>` since the exposure and `c<n>` before it, per measure."""
    return [
        _aggregated(measure, i, side).cast("double").alias(f"{prefix}{i}")
        for i, measure in enumerate(measures)
        for prefix, side in (("t", in_window(measure)), ("c", _before()))
    ]


def over_weeks(measure: Measure, amount: Column) -> Column:
    """A unit's number from those of its weeks; a sum of decimals, so that it is exact and in any order."""
    if measure.aggregate == "max":
        return F.max(amount)
    return F.min(amount) if measure.aggregate == "first" else F.sum(amount.cast(EXACT)).cast("double")


def watched_days() -> Column:
    """Days from a unit's exposure to the look, in columns `exposed_at` and `as_of`."""
    return _days(F.col("exposed_at"), F.col("as_of").cast("timestamp"))


def _aggregated(measure: Measure, i: int, side: Column) -> Column:
    counts = matching(measure) & side
    if measure.aggregate == "distinct":
        return F.sum(F.when(counts & F.col(f"_first{i}"), 1))
    if measure.aggregate == "sum":
        return F.sum(F.when(counts, F.lit(1) if measure.column == COUNT else _value(measure)))
    # Neither adds up with zeros of other weeks, and neither has a counterpart from before.
    after = counts & ~_before()
    if measure.aggregate == "max":
        return F.max(F.when(after, _value(measure)))
    return F.min(F.when(after, _days(F.col("exposed_at"), F.col("_at"))))


def _value(measure: Measure) -> Column:
    return F.col(f"_value_{measure.column}")


def _exact(rows: DataFrame, column: str) -> Column:
    kept = isinstance(rows.schema[column].dataType, DecimalType | IntegralType)
    return F.col(column) if kept else F.col(column).cast(EXACT)


def _before() -> Column:
    return F.col("_at") < F.col("exposed_at")


def _holds(column: Column, kept: Kept) -> Column:
    if isinstance(kept, Bounds):
        parts = [_COMPARED[name](column, _literal(value)) for name, value in kept.given.items()]
        return reduce(operator.and_, parts)
    return column.isin([_literal(value) for value in (kept if isinstance(kept, tuple) else (kept,))])


def _literal(value: Value) -> Column:
    """A number as a decimal: 0.1 is then a tenth beside a column of decimals, and near it beside doubles."""
    return F.lit(Decimal(repr(value))) if isinstance(value, float) else F.lit(value)


def _later(time: Column, days: int) -> Column:
    return time + F.expr(f"make_dt_interval({days})")


def _days(since: Column, until: Column) -> Column:
    return (F.unix_micros(until) - F.unix_micros(since)) / F.lit(_DAY)
