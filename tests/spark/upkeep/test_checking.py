"""The actions that hold tables against their contracts, and send quarantine through silver again."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from pyspark.sql import SparkSession

from assay.errors import InputError
from assay.lake import Contract, Lake
from assay.runtime.journal import Journal, Step
from assay.upkeep import Context, find


def carried_out(lake: Lake, action: str, **told: object) -> tuple[dict[str, Any], Step]:
    step = Step()
    journal = Journal(lake.run_id, "assay-maintain")
    context = Context(lake, journal, step, date(2026, 1, 5), "landing", "journal", "secret")
    found = find(action)
    return found.run(context, found.parse(told)), step


@pytest.fixture
def lake(spark: SparkSession, catalog: str) -> Lake:
    """Quotes in order, and one row in quarantine that bronze does not have."""
    lake = Lake(spark, "r-1", catalog)
    at = datetime(2026, 1, 6, tzinfo=UTC)
    quote = [("ABC", at, None, "1", "r")]
    schema = Contract.load("silver.quotes").schema
    rows = spark.createDataFrame(quote, schema).selectExpr(
        "asset", "quoted_at", "cast(10 as decimal(18,4)) price", "_change_seq", "_run_id"
    )
    lake.merge("silver.quotes", rows, {"bronze.quotes": "1"})
    aside = [("a" * 64, "silver.trades", "{}", ["price > 0"], "01", "file", "r")]
    schema = Contract.load("silver.quarantine").schema
    lake.merge("silver.quarantine", spark.createDataFrame(aside, schema), {})
    return lake


def test_tables_are_held_against_their_contracts(lake: Lake) -> None:
    tables = ["silver.quotes", "silver.trades"]
    report, step = carried_out(lake, "contracts-check", tables=tables, now="2026-01-10T00:00:00Z")
    assert {(f["table"], f["check"]): f["status"] for f in report["findings"]} == {
        ("silver.quotes", "schema"): "ok",
        ("silver.quotes", "rules"): "ok",
        ("silver.quotes", "key"): "ok",
        ("silver.quotes", "freshness"): "ok",
        ("silver.quotes", "row count"): "not checked",
        ("silver.trades", "schema"): "not checked",
    }
    assert step.warnings == []
    _, step = carried_out(lake, "contracts-check", tables=tables, now="2026-03-10T00:00:00Z")
    assert [each.partition(";")[0] for each in step.warnings] == [
        "silver.quotes: the newest quoted_at is 2026-01-06 00:00, 63.0 days before 2026-03-10 00:00"
    ]
    with pytest.raises(InputError, match="action contracts-check, now: "):
        carried_out(lake, "contracts-check", now="soon")


def test_a_replay_reports_what_became_of_every_row(lake: Lake) -> None:
    report, step = carried_out(lake, "quarantine-replay", contract="silver.trades")
    (done,) = report["contracts"]
    assert done == {
        "contract": "silver.trades",
        "rows_in": 1,
        "merged": 0,
        "still_set_aside": 1,
        "superseded": 0,
        "missing": 1,
    }
    assert (step.rows_in, step.rows_out, step.rows_quarantined) == (1, 0, 1)
    assert step.warnings == [
        "silver.trades: 1 versions in quarantine are not among what silver has taken of bronze; they stay"
    ]
    assert carried_out(lake, "quarantine-replay", contract="silver.quotes")[0] == {"contracts": []}
