"""Checks of whole tables: what refers to nothing, what is old, what has drifted; and the whole contract."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from assay.errors import ContractError
from assay.lake import contracts
from assay.lake.checks import Finding, check, refuse_failed
from assay.lake.contracts import Contract
from assay.lake.examine import examine
from assay.lake.tables import Lake
from assay.lake.terms import DistributionDrift, Field, Rule

TRADES, CUSTOMERS, EXPOSURES = "silver.trades", "silver.customers", "silver.exposures"
NOW = datetime(2026, 2, 9, tzinfo=UTC)


@pytest.fixture
def lake(spark: SparkSession, catalog: str) -> Lake:
    return Lake(spark, "r-1", catalog)


def customers(lake: Lake, count: int) -> None:
    rows = lake.spark.range(count).select(
        F.col("id").alias("customer_id"),
        F.lit("2026-01-05").cast("timestamp").alias("signed_up_at"),
        F.lit("GB").alias("country"),
        F.lit("basic").alias("tier"),
        F.lit("1").alias("_change_seq"),
        F.lit("r").alias("_run_id"),
    )
    lake.append(CUSTOMERS, rows, {"bronze.customers": "1"})


def trades(
    lake: Lake, week: str, rows: int, *, first: int, factor: float = 1.0, customer: str = "id % 7"
) -> None:
    """A week's trades, in a commit of its own; notionals between 100 and 200, times a factor."""
    frame = lake.spark.range(first, first + rows).select(
        F.col("id").alias("trade_id"),
        F.expr(f"cast({customer} as bigint)").alias("customer_id"),
        F.lit("ABC").alias("asset"),
        F.when(F.col("id") % 2 == 0, "buy").otherwise("sell").alias("side"),
        F.lit(1).cast("decimal(18,6)").alias("quantity"),
        F.lit(1).cast("decimal(18,4)").alias("price"),
        (F.expr("100 + (id * 37) % 100") * factor).cast("decimal(18,2)").alias("notional"),
        F.expr(f"timestamp'{week} 10:00:00' + make_dt_interval(cast(id % 5 as int))").alias("traded_at"),
        F.lit("1").alias("_change_seq"),
        F.lit("r").alias("_run_id"),
    )  # fmt: skip
    lake.append(TRADES, frame, {"bronze.trades": week})


def exposures(lake: Lake, units: Sequence[str]) -> None:
    rows = [("e", unit, "a", datetime(2026, 2, 6), 1, 1, False, "r") for unit in units]  # noqa: DTZ001
    lake.merge(EXPOSURES, lake.spark.createDataFrame(rows, Contract.load(EXPOSURES).schema), {})


def statuses(found: Sequence[Finding]) -> dict[tuple[str, str], str]:
    return {(each.table, each.check): each.status for each in found}


def details(found: Sequence[Finding], status: str) -> list[str]:
    return [each.sentence for each in found if each.status == status]


@pytest.mark.long
def test_a_lake_in_order_and_then_everything_goes_wrong(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    names = (CUSTOMERS, TRADES, EXPOSURES, "silver.quarantine")
    customers(lake, 7)
    for n, week in enumerate(("2026-01-05", "2026-01-12", "2026-01-19", "2026-01-26", "2026-02-02")):
        trades(lake, week, 400 if n else 900, first=n * 1000)
    exposures(lake, ["1", "2"])
    found = check(lake, names, NOW)
    assert statuses(found) == {
        (CUSTOMERS, "freshness"): "warn",  # the youngest customer is 35 days old
        (TRADES, "freshness"): "ok",
        (TRADES, "references"): "ok",
        (TRADES, "row count"): "ok",
        (TRADES, "distribution"): "ok",
        (EXPOSURES, "freshness"): "ok",
        (EXPOSURES, "references"): "ok",
    }
    old = "the newest signed_up_at is 2026-01-05 00:00, 35.0 days before 2026-02-09 00:00"
    assert details(found, "warn") == [f"silver.customers: {old}; 8 are allowed (warn)"]
    refuse_failed(found)
    # A week of other values, six times as many, of customers that nobody knows; and one from the year 2099.
    trades(lake, "2026-02-09", 2400, first=9000, factor=2.0, customer="id % 7 + if(id < 9012, 100, 0)")
    trades(lake, "2099-12-20", 1, first=20000, customer="5")
    exposures(lake, ["3", "nobody"])
    worse = {(f.table, f.check): f for f in check(lake, names, datetime(2026, 2, 23, tzinfo=UTC))}
    assert {key: finding.status for key, finding in worse.items()} == dict.fromkeys(statuses(found), "warn")
    assert (
        worse[TRADES, "references"].detail
        == "12 of 4,901 rows have a customer_id that silver.customers lacks"
    )
    assert worse[EXPOSURES, "references"].detail == "1 of 4 rows have a unit that silver.customers lacks"
    assert "traded_at is 2026-02-13 10:00, 9.6 days" in worse[TRADES, "freshness"].detail
    assert "the newest commit added 1 rows; after 5 before it" in worse[TRADES, "row count"].detail
    assert "population stability index" in worse[TRADES, "distribution"].detail
    # The same findings end the job where the contract says halt.
    reference = replace(Contract.load(TRADES).references[0], severity="halt")
    patched(monkeypatch, TRADES, references=(reference,))
    with pytest.raises(
        ContractError, match=r"12 of 4,901 rows .* \(fail\)\. The rows are published in silver"
    ):
        refuse_failed(check(lake, [TRADES], NOW))


def patched(monkeypatch: pytest.MonkeyPatch, name: str, **parts: Any) -> None:
    new, load = replace(Contract.load(name), **parts), contracts._shipped
    monkeypatch.setattr(contracts, "_shipped", lambda n, files: new if n == name else load(n, files))


def test_texts_drift_too_and_little_history_is_not_judged(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    drift = DistributionDrift("side", "traded_at", 4, 0.25)
    patched(monkeypatch, TRADES, distributions=(drift,), references=())
    assert check(lake, [TRADES], NOW) == []
    trades(lake, "2026-01-26", 50, first=0)
    assert statuses(check(lake, [TRADES], datetime(2026, 2, 5, tzinfo=UTC))) == {
        (TRADES, "freshness"): "ok",
        (TRADES, "row count"): "not checked",
        (TRADES, "distribution"): "not checked",
    }
    assert (
        statuses(check(lake, [TRADES], datetime(2020, 1, 1, tzinfo=UTC)))[TRADES, "freshness"]
        == "not checked"
    )
    trades(lake, "2026-01-26", 500, first=1000)
    trades(lake, "2026-02-02", 500, first=2000)
    assert statuses(check(lake, [TRADES], NOW))[TRADES, "distribution"] == "ok"
    lake.spark.sql(f"UPDATE {lake.catalog}.{TRADES} SET side = 'buy' WHERE traded_at > '2026-02-01'")
    assert statuses(check(lake, [TRADES], NOW))[TRADES, "distribution"] == "warn"


def test_the_whole_contract_is_held_against_a_table(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    customers(lake, 7)
    trades(lake, "2026-02-02", 10, first=0)
    found = examine(lake, [TRADES, "silver.quotes"], NOW)
    assert {(f.table, f.check): f.detail for f in found if f.check in {"schema", "rules", "key"}} == {
        (TRADES, "schema"): "10 columns as in the contract",
        (TRADES, "rules"): "10 rows keep 17 rules of rows",
        (TRADES, "key"): "0 values of (trade_id) stand in several rows",
        ("silver.quotes", "schema"): "the table does not exist yet",
    }
    old = Contract.load(TRADES)
    fields = [replace(f, type="decimal(20,2)") if f.name == "notional" else f for f in old.fields]
    rules = (Rule("notional < 0", "notional < 0"), Rule("notional < 1", "notional < 1", "warn"))
    new = Field("venue", "string", False, "V.")
    patched(monkeypatch, TRADES, fields=(*fields[1:], new), keys=("side",), rules=rules)
    lines = {f.sentence for f in examine(lake, [TRADES], NOW) if f.status in {"warn", "fail"}}
    columns = (
        "notional is decimal(18,2) and not decimal(20,2)",
        "trade_id is not in the contract",
        "venue comes with the next write",
    )
    assert lines == {
        f"silver.trades: {'; '.join(columns)} (fail)",
        "silver.trades: 10 of 10 rows break `notional < 0` (fail)",
        "silver.trades: 10 of 10 rows break `notional < 1` (warn)",
        "silver.trades: 2 values of (side) stand in several rows (fail)",
    }


def test_odd_numbers_have_bins_of_their_own(lake: Lake) -> None:
    from assay.lake.measures import _number_bin

    values = [float("nan"), float("inf"), -float("inf"), 0.0, 1e-300, 2.0, 2.05, 4.0, -2.0, 1e300]
    frame = lake.spark.createDataFrame([(v,) for v in values], "x double")
    bins = {repr(row[0]): row[1] for row in frame.select("x", _number_bin(F.col("x"))).collect()}
    assert bins["2.0"] == bins["2.05"]
    assert (
        bins["-inf"]
        < bins["-2.0"]
        < bins["0.0"]
        < bins["1e-300"]
        < bins["2.0"]
        < bins["4.0"]
        < bins["1e+300"]
    )
    assert bins["1e+300"] < bins["inf"] < bins["nan"]
    exact = lake.spark.createDataFrame([(Decimal("2.00"),)], "x decimal(18,2)")
    assert exact.select(_number_bin(F.col("x"))).collect()[0][0] == bins["2.0"]
