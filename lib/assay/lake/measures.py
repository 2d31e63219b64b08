"""What is counted of a table, as frames of the same columns, so that one Spark job counts for all tables.

The columns are `table`, `item` (what is counted), `part` (of it) and `rows`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assay.lake.contracts import Contract
from assay.lake.rules import broken
from assay.lake.terms import DistributionDrift, Reference

ALL, LACKING, DOUBLED = "all", "lacking", "doubled"
RULES, KEY = "rules", "key"
_NOW, _PAST = "now", "past"
_WEEK = timedelta(days=7)
_NUMBERS = ("tinyint", "smallint", "int", "bigint", "float", "double", "decimal")
_SINGLE = ("string", "boolean", "date", "timestamp")
_BINS_PER_DOUBLING = 8
_BUCKETS = 64
# Beyond every logarithm: no value can fall into the bins of 0, of NaN and of the other sign.
_ZERO, _NAN = 1 << 20, 1 << 22
_LARGEST = 2048.0  # as logarithm to base 2, which stands for infinity too


def newest(rows: DataFrame, table: str, column: str, now: datetime) -> DataFrame:
    """`table`, `column` and the newest value that is not later than now, in microseconds since 1970."""
    value = F.unix_micros(F.col(column).cast("timestamp"))
    latest = F.max(F.when(value <= int(now.timestamp() * 1e6), value))
    return rows.select(column).agg(
        F.lit(table).alias("table"), F.lit(column).alias("column"), latest.alias("newest")
    )


def moment(microseconds: int) -> datetime:
    """The time of a number of microseconds since 1970, UTC."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)


def lacking(rows: DataFrame, reference: Reference, target: DataFrame, table: str) -> DataFrame:
    """The rows that refer to anything, and those whose value the other table lacks."""
    kind = rows.schema[reference.column].dataType
    there = target.select(F.col(reference.target).cast(kind).alias("_there")).distinct()
    values = rows.groupBy(F.col(reference.column).alias("_value")).agg(F.count("*").alias("_rows"))
    joined = values.where(F.col("_value").isNotNull()).join(there, F.col("_value") == F.col("_there"), "left")
    counts = joined.agg(
        F.sum("_rows").alias(ALL), F.sum(F.when(F.col("_there").isNull(), F.col("_rows"))).alias(LACKING)
    )
    return _parts(counts, table, reference.text, ALL, LACKING)


def histogram(rows: DataFrame, drift: DistributionDrift, contract: Contract, last: datetime) -> DataFrame:
    """How many values of the newest week and of those before it lie in each bin; null lies in none."""
    start = last.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=last.weekday())
    time = F.col(drift.over)
    # As constants of the engine: files whose statistics lie outside of these weeks are not read.
    first, monday, end = (
        F.timestamp_micros(F.lit(int(at.timestamp() * 1e6)))
        for at in (start - drift.weeks * _WEEK, start, start + _WEEK)
    )
    field = contract.field(drift.column)
    value = F.col(drift.column)
    numeric = field is not None and is_number(field.type)
    place = _number_bin(value) if numeric else F.pmod(F.xxhash64(value), F.lit(_BUCKETS))
    period = F.when(time >= monday, _NOW).otherwise(_PAST)
    return (
        rows.where((time >= first) & (time < end) & value.isNotNull())
        .groupBy(F.concat_ws(":", period, place).alias("part"))
        .agg(F.count("*").alias("rows"))
        .select(F.lit(contract.name).alias("table"), F.lit(drift.column).alias("item"), "part", "rows")
    )


def split(parts: Mapping[str, int]) -> tuple[dict[int, int], dict[int, int]]:
    """The histograms of the newest week and of the weeks before, bin → rows."""
    histograms: dict[str, dict[int, int]] = {_NOW: {}, _PAST: {}}
    for part, rows in parts.items():
        period, _, place = part.partition(":")
        histograms[period][int(place)] = rows
    return histograms[_NOW], histograms[_PAST]


def is_number(kind: str) -> bool:
    """Whether values of a Spark SQL type are numbers."""
    return kind.partition("(")[0] in _NUMBERS


def is_simple(kind: str) -> bool:
    """Whether values of a Spark SQL type are single ones, not lists or bytes."""
    return is_number(kind) or kind in _SINGLE


def rule_counts(rows: DataFrame, contract: Contract) -> DataFrame:
    """All rows, and those that break each rule."""
    counts = {rule.text: F.count_if(broken(rule.expression)) for rule in contract.rules}
    names = [ALL, *counts]
    columns = [F.count("*"), *counts.values()]
    numbered = rows.agg(*(column.alias(f"_{n}") for n, column in enumerate(columns)))
    return _parts(numbered, contract.name, RULES, *names, columns=[f"_{n}" for n in range(len(names))])


def doubled_keys(rows: DataFrame, contract: Contract) -> DataFrame:
    """The values of the key that stand in more than one row."""
    groups = rows.groupBy(*contract.keys).agg(F.count("*").alias("_n"))
    return _parts(groups.agg(F.count_if(F.col("_n") > 1).alias(DOUBLED)), contract.name, KEY, DOUBLED)


def _number_bin(value: Column) -> Column:
    """A bin in the order of the values, about a tenth of a value wide."""
    number = value.cast("double")
    size = F.floor(F.least(F.log2(F.abs(number)), F.lit(_LARGEST)) * _BINS_PER_DOUBLING)
    place = F.when(number > 0, size + _ZERO).when(number < 0, -size - _ZERO).otherwise(F.lit(0))
    return F.when(F.isnan(number), F.lit(_NAN)).otherwise(place).cast("bigint")


def _parts(
    counts: DataFrame, table: str, item: str, *parts: str, columns: list[str] | None = None
) -> DataFrame:
    """The columns of a single row as rows."""
    named = [
        F.struct(F.lit(part).alias("part"), F.coalesce(column, F.lit(0)).cast("bigint").alias("rows"))
        for part, column in zip(parts, columns or parts, strict=True)
    ]
    rows = counts.select(F.explode(F.array(*named)).alias("_counted"))
    what = F.lit(table).alias("table"), F.lit(item).alias("item")
    return rows.select(*what, "_counted.part", "_counted.rows")
