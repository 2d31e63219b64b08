"""Frames of a few rows: the same rows and types as `createDataFrame` gives, in the plan itself."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from assay.spark.local import few, frame

SCHEMA = (
    "text string, small int, at timestamp, day date, texts array<string>, money decimal(18,2), "
    "number double, known boolean, large bigint"
)
NOW, THEN = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC), datetime(1901, 1, 2, tzinfo=UTC)
ROWS = [
    ("é", 1, NOW, date(2026, 1, 1), ["a", None], Decimal("1.50"), 1.5, True, 2**62),
    (None,) * 9,
    ("", -1, THEN, date(9999, 12, 31), [], Decimal(-1), float("inf"), False, -1),
]


@pytest.mark.parametrize("rows", [ROWS, []])
def test_the_rows_are_those_that_were_given(spark: SparkSession, rows: list[tuple[object, ...]]) -> None:
    expected = spark.createDataFrame(rows, SCHEMA)
    for schema in (SCHEMA, expected.schema):
        found = frame(spark, rows, schema)
        assert found.schema == expected.schema
        assert found.collect() == expected.collect()


def test_no_job_reads_them(spark: SparkSession) -> None:
    held = frame(spark, ROWS, SCHEMA)
    executed = held.where("small > 0").select("text")._jdf.queryExecution().executedPlan().toString()
    assert executed.startswith("LocalTableScan")


@pytest.mark.parametrize("rows", [ROWS, []])
def test_few_rows_come_to_the_driver_with_every_bit(
    spark: SparkSession, rows: list[tuple[object, ...]]
) -> None:
    there = spark.createDataFrame(rows, SCHEMA).repartition(3)
    found = few(there)
    assert found is not None
    assert found.schema == there.schema
    assert sorted(map(repr, found.collect())) == sorted(map(repr, there.collect()))
    assert found._jdf.queryExecution().executedPlan().toString().startswith("LocalTableScan")


def test_many_rows_stay_where_they_are(spark: SparkSession) -> None:
    rows = spark.range(0, 7, 1, 3)
    assert few(rows, most=6) is None
    held = few(rows, most=7)
    assert held is not None
    assert sorted(row[0] for row in held.collect()) == list(range(7))


@pytest.mark.parametrize(
    ("row", "error"),
    [(("a",), ValueError), (("a", 1, 2), ValueError), (("a", "b"), pa.ArrowException)],
)
def test_a_row_that_does_not_fit_is_refused(
    spark: SparkSession, row: tuple[object, ...], error: type[Exception]
) -> None:
    with pytest.raises(error):
        frame(spark, [row], "text string, number int")
