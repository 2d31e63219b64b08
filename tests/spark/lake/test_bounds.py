"""Bounds of keys: the condition holds for every row that can match, and old files are left alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from assay.errors import ContractError
from assay.lake import tables
from assay.lake.bounds import Bounds
from assay.lake.contracts import Contract
from assay.lake.tables import Lake

EXPOSURES, QUOTES = "silver.exposures", "silver.quotes"
KEY = "experiment string, unit string"


@pytest.fixture
def lake(spark: SparkSession, catalog: str, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """A lake whose tables all count as large."""
    monkeypatch.setattr(tables, "_SMALL", 0)
    return Lake(spark, "r-1", catalog)


def quotes(spark: SparkSession, *hours: int, price: float = 1.5, seq: str = "1") -> DataFrame:
    frame = spark.createDataFrame([(hour,) for hour in hours], "hour int")
    return frame.select(
        F.lit("ABC").alias("asset"),
        F.timestamp_seconds(F.col("hour") * 3600).alias("quoted_at"),
        F.lit(price).cast("decimal(18,4)").alias("price"),
        F.lit(seq).alias("_change_seq"),
        F.lit("r-1").alias("_run_id"),
    )


def files(folder: Path) -> set[Path]:
    return set((folder / "warehouse").rglob("*.parquet"))


def test_the_condition_holds_for_the_rows_themselves_and_no_others(spark: SparkSession) -> None:
    rows = spark.createDataFrame([("a'\\b", "${env:HOME}"), ("c", "7"), ("b", "\N{SNOWMAN}\U0001f600")], KEY)
    others = spark.createDataFrame([("d", "7"), ("c", "\N{SNOWMAN}\U0001f601"), ("A", "7"), ("b", "#")], KEY)
    bounds = Bounds.of(rows, Contract.load(EXPOSURES).key_types)
    assert rows.where(bounds.rows()).count() == 3
    assert others.where(bounds.rows()).count() == 0
    for frame, found in ((rows, 3), (others, 0)):
        frame.createOrReplaceTempView("bounded")
        assert spark.sql(f"SELECT * FROM bounded t WHERE {bounds.sql('t')}").count() == found


def test_ids_below_zero_and_above_are_bounded_apart(spark: SparkSession) -> None:
    rows = spark.createDataFrame([(-9,), (-7,), (7,), (9,)], "trade_id bigint")
    others = spark.createDataFrame([(-10,), (-6,), (0,), (6,), (10,), (None,)], "trade_id bigint")
    bounds = Bounds.of(rows, Contract.load("silver.trades").key_types)
    assert rows.where(bounds.rows()).count() == 4
    assert others.where(bounds.rows()).count() == 0
    others.createOrReplaceTempView("bounded")
    assert spark.sql(f"SELECT * FROM bounded t WHERE {bounds.sql('t')}").count() == 0
    above = Bounds.of(rows.where("trade_id > 0"), Contract.load("silver.trades").key_types)
    assert above.columns == (("trade_id", "bigint", (("7", "9"),)),)


def test_times_are_bounded_to_the_microsecond(spark: SparkSession) -> None:
    first = datetime(2026, 3, 29, 1, 30, 0, 1, tzinfo=UTC)
    times = [first, first + timedelta(days=1)]
    rows = (
        quotes(spark, 0)
        .drop("quoted_at")
        .crossJoin(
            spark.createDataFrame([(int(at.timestamp() * 1e6),) for at in times], "at bigint").select(
                F.timestamp_micros("at").alias("quoted_at")
            )
        )
    )
    bounds = Bounds.of(rows, Contract.load(QUOTES).key_types)
    earlier = rows.withColumn("quoted_at", F.expr("quoted_at - interval 1 microsecond"))
    assert rows.where(bounds.rows()).count() == 2
    assert earlier.where(bounds.rows()).count() == 1


def test_without_rows_nothing_and_with_nulls_they_are_in(spark: SparkSession) -> None:
    types = Contract.load(EXPOSURES).key_types
    some = spark.createDataFrame([("a", None), ("b", "1"), ("c", "2")], KEY)
    none = Bounds.of(some.where("false"), types)
    assert (none, none.sql("t")) == (Bounds((), nulls=False), "true")
    assert some.where(none.rows()).count() == 0
    assert some.where(Bounds.of(some, types).rows()).count() == 3
    assert some.where(Bounds.of(some.where("unit IS NOT NULL"), types).rows()).count() == 2
    assert some.where(Bounds.of(some.where("unit IS NULL"), types).rows()).count() == 3


@pytest.mark.long
def test_a_merge_opens_no_file_that_holds_none_of_its_keys(
    lake: Lake, spark: SparkSession, tmp_path: Path
) -> None:
    lake.merge(QUOTES, quotes(spark, 1, 2), {"b": "1"})
    old = files(tmp_path)
    lake.merge(QUOTES, quotes(spark, 8, 9), {"b": "2"})
    for file in old:
        file.write_bytes(b"whoever opens this fails")
        (file.parent / f".{file.name}.crc").unlink(missing_ok=True)
    lake.merge(QUOTES, quotes(spark, 9, 10, price=2.5, seq="2"), {"b": "3"})
    kept = lake.read(QUOTES).where(F.col("quoted_at") > F.timestamp_seconds(F.lit(7 * 3600)))
    assert sorted((row["quoted_at"].hour, float(row["price"])) for row in kept.collect()) == [
        (8, 1.5), (9, 2.5), (10, 2.5),
    ]  # fmt: skip
    with pytest.raises(Exception, match=r"\.parquet"):
        lake.merge(QUOTES, quotes(spark, 2, price=2.5, seq="2"), {"b": "4"})


@pytest.mark.long
def test_a_large_table_is_audited_where_it_can_have_changed(lake: Lake, spark: SparkSession) -> None:
    lake.merge(QUOTES, quotes(spark, 1, 2, 3), {"b": "1"})
    with pytest.raises(ContractError, match="2 of 3 rows break price > 0"):
        lake.merge(QUOTES, quotes(spark, 2, 4, price=-1, seq="2"), {"b": "2"})
    with pytest.raises(ContractError, match=r"1 values of the key \(asset, quoted_at\)"):
        lake.merge(QUOTES, quotes(spark, 5, 5), {"b": "2"})
    nameless = quotes(spark, 5).withColumn("asset", F.lit(None).cast("string"))
    with pytest.raises(ContractError, match="rows break asset is not null"):
        lake.merge(QUOTES, nameless, {"b": "2"})
    assert lake.watermark(QUOTES, "b") == "1"
    gone = quotes(spark, 2, 4, seq="2").withColumn("_deleted", F.col("quoted_at") < "1970-01-01 03:00:00")
    assert lake.merge(QUOTES, gone, {"b": "2"}, delete_when="_deleted").total == 3
    assert lake.merge(QUOTES, gone.where("false"), {"b": "3"}).total == 3
    assert lake.watermark(QUOTES, "b") == "3"
