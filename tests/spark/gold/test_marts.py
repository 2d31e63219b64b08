"""asset_daily and runs: what is touched, and what stands there."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from chispa import DataFramesNotEqualError, assert_df_equality

from assay.medallion import gold_asset_daily, gold_runs
from assay.medallion.business import business
from assay.sources import runs
from assay.spark.local import frame

MONDAY, TUESDAY = date(2026, 1, 5), date(2026, 1, 6)
QUOTES = "asset string, quoted_at timestamp, price decimal(18,4)"
TRADES = (
    "customer_id bigint, asset string, quantity decimal(18,6), notional decimal(18,2), traded_at timestamp"
)
MARKET = (
    "asset string, day date, exchange string, is_session boolean, currency string, price decimal(18,6), "
    "close_account decimal(18,6), adjusted_close decimal(18,6), log_return double, volatility_20 double, "
    "sources array<string>, dissenting array<string>, spread double"
)
JOURNAL = (
    "run_id string, job string, step string, entry string, state string, rows_in bigint, rows_out bigint, "
    "rows_quarantined bigint, seconds double, error string, warnings string, week date"
)


def at(day: int, hour: int) -> datetime:
    return datetime(2026, 1, day, hour, tzinfo=UTC)


def silver(spark: Any) -> tuple[Any, Any]:
    quotes = [
        ("BTC", at(5, 12), Decimal(7)), ("BTC", at(5, 8), Decimal(9)), ("BTC", at(5, 17), Decimal(8)),
        ("BTC", at(6, 8), Decimal(1)), ("ETH", at(5, 8), Decimal(3)),
    ]  # fmt: skip
    trades = [
        (1, "BTC", Decimal("0.5"), Decimal("4.50"), at(5, 9)),
        (1, "BTC", Decimal("1.5"), Decimal("10.50"), at(5, 10)),
        (2, "BTC", Decimal(1), Decimal("7.00"), at(5, 11)),
        (3, "SOL", Decimal(2), Decimal("2.00"), at(5, 11)),
    ]
    return spark.createDataFrame(quotes, QUOTES), spark.createDataFrame(trades, TRADES)


def asset_daily(quotes: Any, trades: Any, touched: Any) -> Any:
    """The mart without market assets."""
    market = frame(quotes.sparkSession, [], MARKET)
    return gold_asset_daily.asset_daily(quotes, trades, market, touched)


def test_a_day_of_an_asset(spark: Any) -> None:
    quotes, trades = silver(spark)
    touched = gold_asset_daily.touched_days(quotes, trades)
    rows = {(row["asset"], row["day"]): row for row in asset_daily(quotes, trades, touched).collect()}
    btc = rows["BTC", MONDAY]
    assert (btc["open"], btc["high"], btc["low"], btc["close"]) == (9, 9, 7, 8)
    assert (btc["trades"], btc["volume"], btc["traded_value"], btc["customers"]) == (3, 3, 22, 2)
    assert (rows["ETH", MONDAY]["trades"], rows["ETH", MONDAY]["customers"]) == (0, 0)
    assert (rows["SOL", MONDAY]["open"], rows["SOL", MONDAY]["trades"]) == (None, 1)
    assert len(rows) == 4
    assert not any(row["_deleted"] for row in rows.values())


@pytest.mark.long
def test_canaries_are_no_business(spark: Any) -> None:
    quotes, trades = silver(spark)
    canary = (-16777217, "BTC", Decimal(9), Decimal("9.00"), at(5, 9))
    alone = (-16777218, "ADA", Decimal(9), Decimal("9.00"), at(6, 9))
    mixed = business(trades.union(spark.createDataFrame([canary, alone], TRADES)))
    touched = gold_asset_daily.touched_days(quotes, mixed)
    expected = asset_daily(quotes, trades, gold_asset_daily.touched_days(quotes, trades))
    assert_df_equality(asset_daily(quotes, mixed, touched), expected, ignore_row_order=True)


@pytest.mark.long
def test_input_order_and_partitions_do_not_matter(spark: Any) -> None:
    quotes, trades = silver(spark)
    touched = gold_asset_daily.touched_days(quotes, trades)
    expected = asset_daily(quotes, trades, touched)
    shuffled = asset_daily(
        quotes.orderBy("price").repartition(3), trades.orderBy("notional").repartition(2), touched
    )
    assert_df_equality(expected, shuffled, ignore_row_order=True)
    with pytest.raises(DataFramesNotEqualError):
        assert_df_equality(expected, shuffled.where("asset <> 'SOL'"), ignore_row_order=True)


def test_only_days_that_really_changed_are_touched(spark: Any) -> None:
    quotes = spark.createDataFrame(
        [
            ("BTC", at(5, 8), Decimal(9), "DELETE"),
            ("BTC", at(5, 8), Decimal(9), "INSERT"),
            ("BTC", at(6, 8), Decimal(1), "INSERT"),
        ],
        f"{QUOTES}, _change_type string",
    )
    trades = spark.createDataFrame(
        [(1, "ETH", Decimal(1), Decimal(1), at(5, 9), "DELETE")], f"{TRADES}, _change_type string"
    )
    touched = gold_asset_daily.touched_days(quotes, trades)
    assert sorted(map(tuple, touched.collect())) == [("BTC", TUESDAY), ("ETH", MONDAY)]
    stored_quotes, stored_trades = silver(spark)
    rows = asset_daily(stored_quotes.where("asset = 'BTC'"), stored_trades, touched).collect()
    assert {row["asset"]: row["_deleted"] for row in rows} == {"BTC": False, "ETH": True}


def entry(second: int, job: str, step: str, state: str, **more: Any) -> tuple[Any, ...]:
    time = f"2026-01-05T00:00:{second:02d}.500000Z#r-1#{job}#{step}"
    rows = (more.get("rows_in"), more.get("rows_out"), more.get("rows_quarantined"))
    return (
        "r-1",
        job,
        step,
        time,
        state,
        *rows,
        more.get("seconds"),
        more.get("error"),
        more.get("warnings"),
        MONDAY,
    )


def test_runs_of_jobs(spark: Any) -> None:
    journal = spark.createDataFrame(
        [
            entry(0, "bronze", "a", "STARTED"),
            entry(10, "bronze", "a", "SUCCEEDED", rows_in=5, rows_out=4, rows_quarantined=1),
            entry(10, "bronze", "b", "STARTED"),
            entry(36, "bronze", "b", "SUCCEEDED", rows_out=2),
            entry(40, "gold", "a", "STARTED"),
            entry(41, "gold", "a", "FAILED", error="ContractError: no"),
            entry(50, "silver", "a", "STARTED"),
            entry(51, "silver", "a", "FAILED", error="again"),
            entry(52, "silver", "a", "SUCCEEDED", rows_out=1, warnings="old rows"),
            entry(52, "silver", "b", "SUCCEEDED", warnings="many files"),
            entry(53, "calibrate", "a", "STARTED"),
        ],
        JOURNAL,
    )
    touched = gold_runs.touched_runs(journal.where("job <> 'calibrate'"))
    rows = {
        row["job"]: row
        for row in gold_runs.runs(journal, touched, {"bronze": (2.0, 0.44), "gold": (4.0, 0.29)}).collect()
    }
    assert {job: row["state"] for job, row in rows.items()} == {
        "bronze": "SUCCEEDED", "gold": "FAILED", "silver": "SUCCEEDED",
    }  # fmt: skip
    bronze = rows["bronze"]
    assert (bronze["rows_in"], bronze["rows_out"], bronze["rows_quarantined"], bronze["week"]) == (
        5,
        6,
        1,
        MONDAY,
    )
    assert (bronze["seconds"], bronze["dpu_seconds"]) == (36.0, 120.0)  # a minute of two is billed
    assert bronze["dollars"] == pytest.approx(120 / 3600 * 0.44)
    assert (rows["gold"]["dpu_seconds"], rows["silver"]["dpu_seconds"]) == (240.0, None)
    assert rows["gold"]["dollars"] == pytest.approx(240 / 3600 * 0.29)
    assert rows["silver"]["dollars"] is None
    assert rows["gold"]["error"] == "ContractError: no"
    assert (rows["gold"]["warnings"], rows["silver"]["warnings"]) == (None, "many files\nold rows")
    assert rows["silver"]["error"] is None
    _agree_with_what_assay_runs_shows(journal, rows)


def _agree_with_what_assay_runs_shows(journal: Any, rows: dict[str, Any]) -> None:
    """The command reads the journal itself: its figures are those of gold.runs."""
    entries = [{**row.asDict(), "week": row["week"].isoformat()} for row in journal.collect()]
    (shown,) = runs.runs(entries, {"bronze": (2.0, 0.44), "gold": (4.0, 0.29)})
    found = {job.name: job for job in shown.jobs}
    for name, row in rows.items():
        span = found[name].span
        for field in (
            "state", "seconds", "rows_in", "rows_out", "rows_quarantined", "dpu_seconds", "dollars", "error",
        ):  # fmt: skip
            assert getattr(span, field) == row[field], (name, field)
        assert "\n".join(span.warnings) == (row["warnings"] or "")
        assert found[name].week == row["week"].isoformat()


def test_a_step_that_has_not_ended_leaves_its_job_started(spark: Any) -> None:
    journal = spark.createDataFrame([entry(0, "gold", "a", "STARTED")], JOURNAL)
    touched = gold_runs.touched_runs(journal)
    (row,) = gold_runs.runs(journal, touched, {"gold": (1.0, 0.44)}).collect()
    assert (row["state"], row["seconds"], row["rows_in"]) == ("STARTED", 0.0, None)


def test_a_job_is_known_by_its_name_after_the_installation_s(spark: Any) -> None:
    rows = [entry(0, "my-shop-gold", "a", "STARTED")]
    minute = entry(0, "my-shop-gold", "a", "SUCCEEDED")
    late = (*minute[:3], minute[3].replace("00:00:00", "00:02:00"), *minute[4:])
    journal = spark.createDataFrame([*rows, late], JOURNAL)
    touched = gold_runs.touched_runs(journal)
    (row,) = gold_runs.runs(journal, touched, {"gold": (2.0, 0.44)}).collect()
    assert (row["seconds"], row["dpu_seconds"]) == (120.0, 240.0)
