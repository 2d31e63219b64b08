"""bronze → silver on real tables: what goes on, what is set aside, and that batches do not matter."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any, Protocol

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import functions as F

from assay.errors import ReconciliationError
from assay.lake import refine as refine_module
from assay.lake.refine import refine
from assay.lake.tables import Lake
from assay.medallion.silver_versions import Counts
from assay.serving.api.store import Registered
from assay.spark.local import FEW

AT = "2026-01-06 11:00:00"
TRADES = "silver.trades"


class Bronze(Protocol):
    lake: Lake

    def add(self, table: str, *changes: tuple[Any, ...]) -> None: ...


def trade(
    number: int, *, asset: str | None = "ABC", side: str = "buy", notional: float = 20
) -> tuple[Any, ...]:
    return (number, 7, asset, side, 2, 10, notional, AT)


def state(lake: Lake, name: str = TRADES) -> list[tuple[Any, ...]]:
    rows = lake.read(name)
    return sorted(tuple(row) for row in rows.select(*(c for c in rows.columns if c != "_run_id")).collect())


def quarantine(lake: Lake) -> list[tuple[str, int | None, list[str]]]:
    rows = lake.read("silver.quarantine").collect()
    return sorted((r["contract"], json.loads(r["row"]).get("trade_id"), r["reasons"]) for r in rows)


# -- trades: the common way ----------------------------------------------------------------------
def test_inserts_corrections_and_deletes_end_in_the_newest_state(lake: Lake, bronze: Bronze) -> None:
    bronze.add(
        "trades",
        ("I", None, *trade(1)),
        ("I", "01", *trade(2)),
        ("U", "03", *trade(2, notional=30)),
        ("U", "02", *trade(2, notional=25)),
        ("I", "04", *trade(3)),
        ("D", "05", *trade(3)),
    )
    assert refine(lake) == {TRADES: Counts(rows_in=6, rows_out=3, quarantined=0, deduplicated=3)}
    assert [(row[0], row[6], row[8]) for row in state(lake)] == [(1, Decimal(20), ""), (2, Decimal(30), "03")]
    bronze.add("trades", ("D", "06", *trade(1)), ("U", "07", *trade(2, asset="XYZ")), ("I", "08", *trade(4)))
    assert refine(lake)[TRADES] == Counts(rows_in=3, rows_out=3, quarantined=0, deduplicated=0)
    assert [(row[0], row[2]) for row in state(lake)] == [(2, "XYZ"), (4, "ABC")]


def test_rows_that_break_the_contract_are_set_aside_with_every_reason(lake: Lake, bronze: Bronze) -> None:
    bronze.add(
        "trades",
        ("I", "01", *trade(1, notional=-3)),
        ("I", "02", *trade(2, asset=None, side="gift")),
        ("I", "03", *trade(3)),
        ("U", "04", *trade(3, notional=-1)),
        ("U", "05", *trade(1, notional=3)),
        ("D", "06", *trade(2, asset=None, side="gift")),
    )
    assert refine(lake)[TRADES] == Counts(rows_in=6, rows_out=3, quarantined=3, deduplicated=0)
    assert quarantine(lake) == [
        (TRADES, 1, ["notional >= 0"]),
        (TRADES, 2, ["asset is not null", "side in ('buy', 'sell')"]),
        (TRADES, 3, ["notional >= 0"]),
    ]
    # The correction of trade 1 counts, the bad change of trade 3 does not, the bad trade 2 was deleted.
    assert [(row[0], row[6]) for row in state(lake)] == [(1, Decimal(3)), (3, Decimal(20))]
    row = lake.read("silver.quarantine").where("_change_seq = '01'").collect()[0]
    assert json.loads(row["row"])["traded_at"].startswith("2026-01-06T11:00:00")
    assert len(row["quarantine_id"]) == 64


@pytest.mark.long
@pytest.mark.parametrize("few", [FEW, 0])  # with 0 Spark keeps every batch
def test_what_was_deleted_does_not_come_back_with_its_late_insert(
    lake: Lake, bronze: Bronze, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(refine_module, "FEW", few)
    bronze.add("trades", ("D", "05", *trade(1)), ("I", "06", *trade(3)))
    refine(lake)
    bronze.add("trades", ("I", "03", *trade(1)), ("U", "04", *trade(1)), ("I", "02", *trade(2)))
    refine(lake)
    assert [row[0] for row in state(lake)] == [2, 3]
    bronze.add("trades", ("I", "07", *trade(1)), ("U", "01", *trade(3, notional=1)))  # booked anew
    refine(lake)
    assert [(row[0], row[8]) for row in state(lake)] == [(1, "07"), (2, "02"), (3, "06")]


@pytest.mark.long
@pytest.mark.parametrize("few", [FEW, 0])
def test_captured_twice_counts_once(
    lake: Lake, bronze: Bronze, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(refine_module, "FEW", few)
    twice = ("I", "01", *trade(1)), ("I", "02", *trade(2, notional=-1))
    bronze.add("trades", *twice)
    bronze.add("trades", *twice)
    assert refine(lake)[TRADES] == Counts(rows_in=4, rows_out=1, quarantined=2, deduplicated=1)
    bronze.add("trades", *twice)
    refine(lake)
    assert len(state(lake)) == 1
    assert len(quarantine(lake)) == 1


def test_without_news_nothing_is_written(lake: Lake, bronze: Bronze) -> None:
    assert refine(lake) == {}
    bronze.add("trades", ("I", "01", *trade(1)))
    refine(lake)
    before = lake.snapshot(TRADES)
    assert refine(lake) == {}
    assert lake.snapshot(TRADES) == before


CHANGES = st.lists(
    st.tuples(st.sampled_from("IUD"), st.integers(1, 3), st.sampled_from([20, 30, -1])),
    min_size=1,
    max_size=12,
)


@pytest.mark.long
@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=CHANGES, cuts=st.sets(st.integers(1, 11), max_size=3))
def test_batches_do_not_matter(bronze: Bronze, changes: list[tuple[str, int, int]], cuts: set[int]) -> None:
    rows = [
        (op, f"{n:02}", *trade(number, notional=value)) for n, (op, number, value) in enumerate(changes, 1)
    ]
    results = []
    for edges in ([0, len(rows)], sorted({0, len(rows), *(c for c in cuts if c < len(rows))})):
        for name in ("bronze.trades", TRADES, "silver.quarantine"):
            bronze.lake.spark.sql(f"DROP TABLE IF EXISTS {bronze.lake.catalog}.{name}")
        lake = Lake(bronze.lake.spark, "r-1", bronze.lake.catalog)
        bronze.lake = lake
        for start, end in pairwise(edges):
            bronze.add("trades", *rows[start:end])
            refine(lake)
        results.append((state(lake), quarantine(lake)))
    assert results[0] == results[1]


@pytest.mark.long
@pytest.mark.parametrize("point", ["set_aside", "merge"])
def test_killed_anywhere_and_repeated_is_the_same(
    lake: Lake, bronze: Bronze, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    bronze.add("trades", ("I", "01", *trade(1)), ("I", "02", *trade(2, notional=-1)))

    def kill(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(refine_module, point, kill)
        with pytest.raises(KeyboardInterrupt):
            refine(lake)
    again = Lake(lake.spark, "r-2", lake.catalog)
    assert refine(again)[TRADES] == Counts(rows_in=2, rows_out=1, quarantined=1, deduplicated=0)
    assert len(state(again)) == 1
    assert quarantine(again) == [(TRADES, 2, ["notional >= 0"])]


def test_counts_that_do_not_add_up_stop_the_table(
    lake: Lake, bronze: Bronze, monkeypatch: pytest.MonkeyPatch
) -> None:
    bronze.add("trades", ("I", "01", *trade(1)), ("I", "02", *trade(2)))
    appended = Lake.appended
    monkeypatch.setattr(Lake, "appended", lambda *arguments: appended(*arguments).where("trade_id = 1"))
    with pytest.raises(ReconciliationError, match=r"silver.trades: bronze added 2 rows, 1 were read"):
        refine(lake)
    assert not lake.exists(TRADES)


# -- the other tables ----------------------------------------------------------------------------
def test_customers_quotes_and_loads(lake: Lake, bronze: Bronze) -> None:
    bronze.add(
        "customers",
        ("I", "1", 1, AT, "GB", "basic"),
        ("U", "2", 1, AT, "GB", "gold"),
        ("I", "3", 2, AT, "gb", ""),
    )
    bronze.add("quotes", ("I", "1", "ABC", AT, 10), ("U", "2", "ABC", AT, 11), ("I", "3", "ABC", None, 10))
    bronze.add(
        "loads",
        ("I", "1", "2026-01-05", "shop", "abc", "{}", AT),
        ("I", "2", "2026-01-06", "shop", "abc", "{}", AT),
    )
    done = refine(lake)
    assert {name: (c.rows_in, c.rows_out, c.quarantined) for name, c in done.items()} == {
        "silver.customers": (3, 1, 1),
        "silver.quotes": (3, 1, 1),
        "silver.loads": (2, 1, 1),
    }
    at = datetime.fromisoformat(AT)
    assert state(lake, "silver.customers") == [(1, at, "GB", "gold", "2")]
    assert state(lake, "silver.quotes") == [("ABC", at, Decimal(11), "2")]
    assert state(lake, "silver.loads") == [(date(2026, 1, 5), "shop", "abc", "{}", at, "1")]
    reasons = {r["contract"]: r["reasons"] for r in lake.read("silver.quarantine").collect()}
    assert reasons == {
        "silver.customers": ["country matches ^[A-Z]{2}$", "tier matches ^[a-z][a-z0-9_]*$"],
        "silver.quotes": ["quoted_at is not null"],
        "silver.loads": ["weekday(week) = 0"],
    }


def collected(lake: Lake, name: str, rows: list[tuple[Any, ...]], columns: str) -> None:
    """Append rows to a bronze table whose rows are collected one by one."""
    frame = lake.spark.createDataFrame(rows, columns)
    frame = frame.withColumn("_extra", F.lit(None).cast("string"))
    frame = frame.withColumn("_source", F.lit("s")).withColumn("_source_file", F.lit("f"))
    frame = frame.withColumn("_run_id", F.lit("r-1")).withColumn("_ingested_at", F.lit(AT).cast("timestamp"))
    lake.append(name, frame, {"x": "1"})


def test_blueprints_leave_their_envelope_and_get_their_number(lake: Lake) -> None:
    """The envelope is what the parameters API stores: `assay.serving.api.store.Registered` as JSON."""
    rows = [
        ("shop", "v000001", enveloped("{}")),
        ("shop", "v000012", enveloped('{"a": 1}')),
        ("shop", "draft", enveloped("{}")),
        ("shop", "v000002", enveloped("no")),
        ("shop", "v000003", "no"),
    ]
    collected(lake, "bronze.parameters", rows, "blueprint string, version string, document string")
    assert refine(lake)["silver.blueprints"] == Counts(5, 2, 3, 0)
    assert state(lake, "silver.blueprints") == [
        ("shop", "v000001", 1, "{}"),
        ("shop", "v000012", 12, '{"a": 1}'),
    ]
    reasons = {r["row"]: r["reasons"] for r in lake.read("silver.quarantine").collect()}
    assert [reasons[row] for row in sorted(reasons)] == [
        ["number is int", "version matches ^v[0-9]{6}$", "number is not null"],
        ["get_json_object(document, '$') is not null"],
        ["document is not null", "get_json_object(document, '$') is not null"],
    ]


def enveloped(document: str) -> str:
    """A document as the parameters API stores it."""
    return json.dumps(asdict(Registered("shop", 1, "0123456789ab", document, "2026-01-05T00:00:00")))


JOURNAL = (
    "day string, entry string, run_id string, job string, step string, state string, rows_in long, "
    "rows_out long, rows_quarantined long, seconds double, error string, warnings string, week string"
)


def test_the_journal_is_typed(lake: Lake) -> None:
    good = ("2026-01-05", "t#r#j#s", "r", "j", "s", "SUCCEEDED", 3, 2, 1, 0.5, None, "late", "2026-01-05")
    collected(
        lake,
        "bronze.journal",
        [good, ("2026-01-05", "u#r#j#s", "r", "j", "s", "LOST", *[None] * 6, "soon")],
        JOURNAL,
    )
    assert refine(lake)["silver.journal"] == Counts(2, 1, 1, 0)
    monday = date(2026, 1, 5)
    assert state(lake, "silver.journal") == [(monday, *good[1:-1], monday)]
    assert lake.read("silver.quarantine").collect()[0]["reasons"] == [
        "week is date",
        "state in ('STARTED', 'SUCCEEDED', 'FAILED')",
    ]


# -- exposures -----------------------------------------------------------------------------------
def event(number: int, customer: int | None, arm: str, hour: int, experiment: str = "e") -> tuple[Any, ...]:
    return (number, experiment, customer, arm, f"2026-01-06 {hour:02}:00:00")


def exposures(lake: Lake) -> list[tuple[Any, ...]]:
    return [(r[1], r[2], r[3].hour, r[4], r[5], r[6]) for r in state(lake, "silver.exposures")]


@pytest.mark.long
def test_the_first_exposure_counts_whatever_comes_in_which_run(lake: Lake, bronze: Bronze) -> None:
    bronze.add(
        "exposures",
        ("I", None, *event(1, 7, "a", 12)),
        ("I", "01", *event(2, 7, "a", 14)),
        ("I", "02", *event(3, 8, "b", 10)),
        ("I", "03", *event(4, None, "b", 10)),
    )
    assert refine(lake)["silver.exposures"] == Counts(rows_in=4, rows_out=2, quarantined=1, deduplicated=1)
    assert exposures(lake) == [("7", "a", 12, 2, 1, False), ("8", "b", 10, 1, 1, False)]
    bronze.add("exposures", ("I", "04", *event(5, 7, "b", 9)), ("I", "05", *event(6, 9, "a", 9, "other")))
    refine(lake)
    assert exposures(lake) == [
        ("7", "b", 9, 3, 2, True),
        ("8", "b", 10, 1, 1, False),
        ("9", "a", 9, 1, 1, False),
    ]
    reasons = lake.read("silver.quarantine").collect()[0]["reasons"]
    assert reasons == ["unit is not null"]


@pytest.mark.long
def test_corrected_moved_and_deleted_exposures(lake: Lake, bronze: Bronze) -> None:
    bronze.add(
        "exposures",
        ("I", "01", *event(1, 7, "a", 12)),
        ("I", "02", *event(2, 7, "b", 14)),
        ("I", "03", *event(3, 8, "b", 10)),
        ("I", "04", *event(4, 9, "a", 10)),
    )
    refine(lake)
    bronze.add(
        "exposures",
        ("D", "05", *event(1, 7, "a", 12)),
        ("D", "06", *event(3, 8, "b", 10)),
        ("U", "07", *event(4, 10, "a", 10)),
    )
    refine(lake)
    assert exposures(lake) == [("10", "a", 10, 1, 1, False), ("7", "b", 14, 1, 1, False)]
    # Unit 9 is touched again: the event that moved away long ago must not come back with its old version.
    bronze.add("exposures", ("I", "08", *event(5, 9, "b", 20)))
    refine(lake)
    assert exposures(lake) == [
        ("10", "a", 10, 1, 1, False),
        ("7", "b", 14, 1, 1, False),
        ("9", "b", 20, 1, 1, False),
    ]
