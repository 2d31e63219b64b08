"""The account of a small lake: every row and every cent, and what happens to it when something is lost."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from assay.errors import ReconciliationError
from assay.lake import markets, refresh
from assay.lake.contracts import made_of
from assay.lake.reconciliation import TABLE, account, reconcile
from assay.lake.refine import refine
from assay.lake.tables import Lake
from assay.medallion.accounts_gold import DAYS, UNITS
from assay.spec import Blueprint

pytestmark = pytest.mark.long

WEEK, UNTIL = date(2026, 1, 5), date(2026, 1, 12)
AT = "2026-01-06 11:00:00"
DOCUMENT = """
name: shop
seed: 7
start: 2026-01-05
facts:
  trades: {table: silver.trades, unit: customer_id, time: traded_at, values: [notional]}
metrics:
  trades: {type: mean, numerator: trades.count}
  value: {type: mean, numerator: trades.notional}
experiments:
  button:
    first_week: 1
    weeks: 1
    covariate_days: 7
    metrics: [trades, value]
    arms: [{name: control, allocation: 0.5}, {name: blue, allocation: 0.5}]
"""


def trade(number: int, customer: int, notional: float | str, at: str = AT) -> tuple[Any, ...]:
    return (number, customer, "ABC", "buy", 2, 10, notional, at)


def event(number: int, customer: int, arm: str, at: str = "2026-01-05 08:00:00") -> tuple[Any, ...]:
    return (number, "button", customer, arm, at)


@pytest.fixture(scope="module")
def filled(
    spark: SparkSession,
    new_catalog: Callable[[Path], str],
    new_bronze: Callable[[Lake], Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> Lake:
    """Two runs' worth of bronze, silver and gold, with something of every kind."""
    lake = Lake(spark, "r-1", new_catalog(tmp_path_factory.mktemp("lake")))
    bronze = new_bronze(lake)
    document = Blueprint.parse(DOCUMENT, "test").document()
    envelope = json.dumps({"document": document})
    rows = lake.spark.createDataFrame(
        [("shop", "v000001", envelope)], "blueprint string, version string, document string"
    )
    extra = {"_source": "s", "_source_file": "f", "_run_id": "r-1"}
    for name, value in extra.items():
        rows = rows.withColumn(name, F.lit(value))
    rows = rows.withColumn("_ingested_at", F.lit(AT).cast("timestamp"))
    rows = rows.withColumn("_extra", F.lit(None).cast("string"))
    lake.append("bronze.parameters", rows, {"x": "1"})
    bronze.add("loads", ("I", "1", "2026-01-05", "shop", "abc", "{}", AT))
    bronze.add(
        "exposures",
        ("I", "01", *event(1, 1, "control")),
        ("I", "02", *event(2, 2, "blue")),
        ("I", "03", *event(3, 2, "blue", "2026-01-05 09:00:00")),
        ("I", "04", *event(4, 3, "control")),
        ("I", "05", *event(5, 3, "blue")),
        ("I", "06", *event(6, 5, "red")),
        ("I", "07", *event(7, 6, "blue", "2026-01-02 08:00:00")),
    )
    bronze.add("quotes", ("I", None, "ABC", f"{AT}.123456", 10), ("I", None, "ABC", f"{AT}.223456", -1))
    bronze.add(
        "trades",
        ("I", None, *trade(1, 1, "10.10")),
        ("I", None, *trade(2, 1, "-5.05")),  # breaks its contract, without a number
        ("I", "01", *trade(3, 2, "20.20")),
        ("I", "02", *trade(4, 2, "30.30")),
        ("I", "03", *trade(5, 3, "1.01")),  # of a unit in two arms
        ("I", "04", *trade(6, 9, "2.02")),  # never exposed
        ("I", "05", *trade(7, -4, "4.04")),  # a canary
    )
    refine(lake)
    bronze.add(
        "trades",
        ("I", "02", *trade(4, 2, "30.30")),  # captured twice
        ("U", "06", *trade(3, 2, "25.25")),
        ("U", "07", *trade(1, 1, "-1.00")),  # breaks its contract: the version before it stays
        ("D", "08", *trade(4, 2, "30.30")),
        ("I", "09", *trade(8, 1, "40.40", "2026-01-01 11:00:00")),  # before the exposure
        ("I", "10", *trade(9, 1, "50.50", "2025-12-01 11:00:00")),  # long before
        ("I", "11", *trade(10, 2, "60.60", "2026-01-13 11:00:00")),  # after the end
        ("I", "12", *trade(11, 5, "7.07")),  # in an unknown arm
        ("I", "13", *trade(12, 6, "8.08")),  # exposed too early
    )
    refine(lake)
    refresh.experiments(lake, WEEK, UNTIL)
    markets.asset_daily(lake, UNTIL)
    return lake


def published(lake: Lake) -> dict[tuple[str, str], Any]:
    return {(row["target"], row["measure"]): row for row in lake.read(TABLE).collect()}


def test_the_account_of_a_lake(filled: Lake) -> None:
    assert reconcile(filled, WEEK) == len(published(filled))
    rows = published(filled)
    assert {row["status"] for row in rows.values()} == {"ok"}
    assert {row["week"] for row in rows.values()} == {WEEK}
    found = {key: tuple(row[name] for name in _AMOUNTS) for key, row in rows.items()}
    expected: dict[tuple[str, str], tuple[str, ...]] = {
        ("silver.blueprints", "rows"): ("1", "1", "0", "0", "0"),
        ("silver.exposures", "rows"): ("7", "7", "0", "0", "0"),
        ("silver.loads", "rows"): ("1", "1", "0", "0", "0"),
        ("silver.quotes", "rows"): ("2", "1", "1", "0", "0"),
        ("silver.trades", "rows"): ("16", "10", "2", "4", "0"),
        ("silver.trades", "notional"): ("314.12", "209.07", "-6.05", "111.10", "0"),
        ("gold.asset_daily", "rows"): ("10", "9", "0", "0", "1"),
        ("gold.asset_daily", "notional"): ("209.07", "205.03", "0", "0", "4.04"),
        ("gold.unit_metrics", "trades.count"): ("10", "3", "0", "0", "7"),
        ("gold.unit_metrics", "trades.notional"): ("209.07", "75.75", "0", "0", "133.32"),
    }
    assert found == {key: tuple(map(Decimal, amounts)) for key, amounts in expected.items()}
    assert rows["gold.unit_metrics", "trades.count"]["detail"] == (
        "1 after the end of the experiment; 1 before the days of the covariate; "
        "1 of units exposed outside of enrolment; 1 of units in an unknown arm; 1 of units in several arms; "
        "2 of units that were never exposed"
    )
    assert reconcile(filled, WEEK) == 0  # nothing changed since


_AMOUNTS = ("came_in", "went_out", "quarantined", "deduplicated", "filtered")


def lose_a_trade(lake: Lake) -> str:
    row = lake.read("silver.trades").where("trade_id = 3").withColumn("_change_seq", F.lit("99"))
    return lake.merge("silver.trades", row, {}, delete_when="true").table


def keep_a_deleted_trade(lake: Lake) -> str:
    row = lake.read("silver.trades").where("trade_id = 1").withColumn("trade_id", F.lit(4).cast("bigint"))
    return lake.merge("silver.trades", row, {}).table


def swap_two_amounts(lake: Lake) -> str:
    rows = lake.read("silver.trades").where("trade_id in (11, 12)")
    other = F.when(F.col("trade_id") == 11, Decimal("8.08")).otherwise(Decimal("7.07"))
    rows = rows.withColumn("notional", other.cast("decimal(18,2)"))
    return lake.merge(
        "silver.trades", rows.withColumn("_change_seq", F.concat("_change_seq", F.lit("x"))), {}
    ).table


def forget_an_exposure(lake: Lake) -> str:
    return lake.merge(
        "silver.exposures", lake.read("silver.exposures").where("unit = '2'"), {}, delete_when="true"
    ).table


def change_a_cent_of_a_day(lake: Lake) -> str:
    rows = lake.read("gold.asset_daily").where("day = '2026-01-06'")
    return lake.merge(
        "gold.asset_daily", rows.withColumn("traded_value", F.expr("traded_value - 0.01")), {}
    ).table


def lose_a_unit(lake: Lake) -> str:
    rows = lake.read("gold.unit_metrics").where("unit = '1'")
    return lake.merge("gold.unit_metrics", rows, {}, delete_when="true").table


def test_what_is_lost_stops_the_run_and_the_run_that_repeats_it(filled: Lake) -> None:
    sentences = (
        r"silver\.exposures: rows is 5 and should be 7 by bronze\.exposures",
        r"silver\.trades: notional is 183\.82 and should be 209\.07 by bronze\.trades",
        r"silver\.trades: rows is 9 and should be 10 by bronze\.trades; rows that differ: 1, for example",
        r"and 3 more\. The tables are published and the run stops here: see SELECT",
    )
    with damaged(filled, lose_a_trade, forget_an_exposure, change_a_cent_of_a_day, lose_a_unit):
        for _ in range(2):
            with pytest.raises(ReconciliationError, match="week 2026-01-05: .*" + ".*".join(sentences)):
                reconcile(filled, WEEK)
        details = {key: row["detail"] for key, row in published(filled).items() if row["status"] == "fail"}
    assert details["gold.asset_daily", "notional"].startswith(
        "gold.asset_daily: notional is 205.02 and should be 205.03 by silver.trades; "
    )
    assert details["gold.unit_metrics", "trades.notional"].startswith(
        "gold.unit_metrics, experiment button: trades.notional is 25.25 and should be 75.75 by silver.trades"
    )
    assert len(details) == 6


def test_rows_are_compared_where_sums_agree(filled: Lake) -> None:
    with damaged(filled, swap_two_amounts, lose_a_trade, keep_a_deleted_trade):
        states = {name: filled.state(name) for name in (*made_of(), DAYS, UNITS)}
        broken = [line for line in account(filled, WEEK, states) if line.broken]
    (rows,) = (line for line in broken if line.measure == "rows")
    assert (rows.target, rows.went_out, rows.expected) == ("silver.trades", 10, 10)
    assert (rows.wrong, rows.example) == (4, "trade_id 11")


@contextmanager
def damaged(lake: Lake, *damages: Callable[[Lake], str]) -> Iterator[None]:
    """Damage a lake that agrees with itself, and take the damage back."""
    reconcile(lake, WEEK)
    before = {name: lake.snapshot(name) for name in ("silver.trades", "silver.exposures", DAYS, UNITS)}
    try:
        for damage in damages:
            damage(lake)
        yield
    finally:
        for name, number in before.items():
            if lake.snapshot(name) != number:
                lake.spark.sql(f"CALL {lake.catalog}.system.rollback_to_snapshot('{name}', {number})")


def test_an_empty_lake_has_nothing_to_account_for(lake: Lake) -> None:
    nothing: tuple[int | None, dict[str, str]] = (None, {})
    assert account(lake, WEEK, dict.fromkeys((*made_of(), DAYS, UNITS), nothing)) == []
