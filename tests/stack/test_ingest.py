"""The ingest job against a real database, a real API and the emulator: whole weeks, once, in order."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import pytest

from assay import configs, generators
from assay.errors import InputError, ReconciliationError, TerminalError, TransientError
from assay.generators import columns
from assay.lake.units import Unit
from assay.local.job import load, shipped
from assay.local.running import Stack
from assay.medallion import promise
from assay.medallion.promise import Change
from assay.runtime import clients
from assay.sources import database, erase_database, forgotten, tables
from assay.spec import Blueprint

WEEKS = [date(2026, 1, 5), date(2026, 1, 12), date(2026, 1, 19)]
KEYS = {table.name: table.key for table in tables.ALL}


@pytest.fixture
def environment(local_stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Stack:
    for name, value in local_stack.environment().items():
        monkeypatch.setenv(name, value)
    return local_stack


@pytest.fixture
def secret(environment: Stack) -> Iterator[dict[str, Any]]:
    """The credentials of a database of the test's own, on the stack's server, in the stack's secrets."""
    mine = dict(clients.secret("assay/database"))
    name = f"test_{os.getpid()}_{time.monotonic_ns()}"
    assert environment.ports["postgres"] == mine["port"]
    with administrator(mine) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    mine["dbname"] = name
    clients.secretsmanager().create_secret(Name=name, SecretString=json.dumps(mine))
    yield mine
    with administrator(mine) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def administrator(secret: dict[str, Any]) -> psycopg.Connection:
    return psycopg.connect(
        host=secret["host"],
        port=secret["port"],
        dbname="assay",
        user=secret["username"],
        password=secret["password"],
        autocommit=True,
    )


@pytest.fixture
def blueprint(tmp_path: Path) -> Path:
    """The default blueprint with a small population, so that weeks are quick."""
    text = configs.path("glue_configs/blueprints/brokerage.yaml").read_text()
    path = tmp_path / "small.yaml"
    for old, new in {
        "name: brokerage": "name: ingest_test",
        "initial: 40000": "initial: 2000",
        "signups_per_week: 400": "signups_per_week: 50",
    }.items():
        assert old in text
        text = text.replace(old, new)
    path.write_text(text)
    return path


class Ingest:
    """The job as Glue would call it."""

    def __init__(self, stack: Stack, secret: dict[str, Any], blueprint: Path) -> None:
        self.main = load(shipped("s3://assay-artifacts/jobs/ingest.py"))
        self.secret = secret
        self.blueprint = blueprint
        self.url = stack.parameters_url

    def run(self, week: date, run_id: str = "wr_test", **more: str) -> None:
        given = {
            "JOB_NAME": "assay-ingest",
            "WORKFLOW_RUN_ID": run_id,
            "week": str(week),
            "blueprint": str(self.blueprint),
            "parameters_url": self.url,
            "database_secret": self.secret["dbname"],
            "enable-metrics": "true",
        }
        self.main([token for name, value in (given | more).items() for token in (f"--{name}", value)])

    def rows(self) -> dict[str, list[tuple[Any, ...]]]:
        with database.connect(self.secret) as connection:
            return {
                name: connection.execute(
                    f"SELECT * FROM brokerage.{name} ORDER BY {', '.join(key)}"
                ).fetchall()
                for name, key in KEYS.items()
            }


@pytest.fixture
def ingest(environment: Stack, secret: dict[str, Any], blueprint: Path) -> Ingest:
    return Ingest(environment, secret, blueprint)


def journal(run_id: str) -> list[dict[str, Any]]:
    items = clients.dynamodb().query(
        TableName="assay-journal",
        IndexName="run",
        KeyConditionExpression="run_id = :r",
        ExpressionAttributeValues={":r": {"S": run_id}},
    )["Items"]
    return [{name: next(iter(value.values())) for name, value in item.items()} for item in items]


def test_weeks_are_loaded_as_they_were_drawn(ingest: Ingest, blueprint: Path) -> None:
    for week in WEEKS:
        ingest.run(week)
    found = ingest.rows()
    parsed = Blueprint.parse(blueprint.read_text(), "it")
    weeks = [generators.arrivals(parsed, n) for n in (1, 2, 3)]
    assert found["customers"] == expected(weeks, "customers", "customer_updates", None)
    assert found["trades"] == expected(weeks, "trades", "trade_corrections", "trade_deletes")
    assert found["exposures"] == expected(weeks, "exposures", None, None)
    assert len(found["quotes"]) == sum(week.quotes.num_rows for week in weeks)
    assert sum(week.trade_deletes.num_rows + week.trade_corrections.num_rows for week in weeks) > 0


def expected(
    weeks: list[generators.Week], inserts: str, updates: str | None, deletes: str | None
) -> list[tuple[Any, ...]]:
    """What the weeks leave behind, by plain Python."""
    rows: dict[int, tuple[Any, ...]] = {}
    for week in weeks:
        for name in (inserts, updates):
            table = getattr(week, name) if name else None
            rows |= {row[0]: row for row in tuples(table)} if table is not None else {}
        for (key,) in tuples(getattr(week, deletes)) if deletes else ():
            del rows[key]
    return [rows[key] for key in sorted(rows)]


def tuples(table: pa.Table) -> list[tuple[Any, ...]]:
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


def test_the_mark_counts_the_changes_that_capture_will_see(ingest: Ingest, blueprint: Path) -> None:
    ingest.run(WEEKS[0])
    parsed = Blueprint.parse(blueprint.read_text(), "it")
    rows = generators.arrivals(parsed, 1).rows
    ((week, name, version, changes, loaded_at),) = ingest.rows()["loads"]
    assert (week, name, version) == (WEEKS[0], "ingest_test", parsed.version)
    promised = promise.parse(changes)
    assert {table: change.rows for table, change in promised.items()} == {
        "customers": rows["customers"] + rows["customer_updates"],
        "exposures": rows["exposures"],
        "trades": rows["trades"] + rows["trade_corrections"] + rows["trade_deletes"],
        "quotes": rows["quotes"],
    }
    drawn = generators.arrivals(parsed, 1)
    booked = {row[0]: row[6] for row in tuples(drawn.trades)}
    gone = [key for (key,) in tuples(drawn.trade_deletes)]
    assert gone
    assert promised["trades"].money == {
        ("notional", "I"): sum(booked.values()),
        ("notional", "U"): sum(row[6] for row in tuples(drawn.trade_corrections)),
        ("notional", "D"): sum(booked[key] for key in gone),
    }
    assert loaded_at.utcoffset().total_seconds() == 0


def test_a_week_again_changes_nothing(ingest: Ingest) -> None:
    ingest.run(WEEKS[0])
    before = ingest.rows()
    ingest.run(WEEKS[0])
    assert ingest.rows() == before


def test_every_step_is_in_the_journal(ingest: Ingest) -> None:
    run_id = f"wr_{time.monotonic_ns()}"
    ingest.run(WEEKS[0], run_id)
    entries = journal(run_id)
    steps = ["read blueprint", "prepare database", "register parameters", "draw week", "load database"]
    assert [(e["step"], e["state"]) for e in entries] == [
        (step, state) for step in steps for state in ("STARTED", "SUCCEEDED")
    ]
    assert {(e["job"], e["week"]) for e in entries} == {("assay-ingest", "2026-01-05")}
    last = entries[-1]
    assert int(last["rows_in"]) == int(last["rows_out"]) > 0
    assert float(last["seconds"]) > 0


def test_a_failing_step_is_in_the_journal(ingest: Ingest) -> None:
    run_id = f"wr_{time.monotonic_ns()}"
    with pytest.raises(InputError, match=r"--week is 2025-12-29; blueprint ingest_test begins on 2026-01-05"):
        ingest.run(date(2025, 12, 29), run_id)
    assert [(e["step"], e["state"]) for e in journal(run_id)] == [
        ("read blueprint", "STARTED"), ("read blueprint", "FAILED"),
    ]  # fmt: skip
    assert journal(run_id)[-1]["error"].startswith("InputError: --week is 2025-12-29")


def test_the_parameters_are_registered_before_the_week_is_loaded(ingest: Ingest) -> None:
    with pytest.raises(TransientError, match=r"parameters API http://127.0.0.1:9"):
        ingest.run(WEEKS[0], parameters_url="http://127.0.0.1:9")
    assert ingest.rows()["loads"] == []


def test_another_version_of_a_loaded_week_is_refused(ingest: Ingest, blueprint: Path) -> None:
    ingest.run(WEEKS[0])
    before = ingest.rows()
    blueprint.write_text(blueprint.read_text().replace("alpha: 0.05", "alpha: 0.01"))
    with pytest.raises(InputError, match=r"week 2026-01-05 is loaded from version .* `assay reset`"):
        ingest.run(WEEKS[0])
    assert ingest.rows() == before


def test_another_blueprint_is_refused(ingest: Ingest, blueprint: Path) -> None:
    ingest.run(WEEKS[0])
    blueprint.write_text(blueprint.read_text().replace("name: ingest_test", "name: shop"))
    with pytest.raises(InputError, match=r"holds blueprint 'ingest_test', not 'shop'; .* `assay reset`"):
        ingest.run(WEEKS[1])


def test_weeks_are_loaded_in_order(ingest: Ingest) -> None:
    with pytest.raises(InputError, match="week 2026-01-19 is week 3 of the blueprint and 2 earlier weeks"):
        ingest.run(WEEKS[2])
    assert ingest.rows()["customers"] == []


# --- the database alone ------------------------------------------------------------------------------------


def small_week(**tables_of_week: pa.Table) -> generators.Week:
    empty = {
        "customers": columns.CUSTOMERS, "customer_updates": columns.CUSTOMERS, "exposures": columns.EXPOSURES,
        "trades": columns.TRADES, "trade_corrections": columns.TRADES, "trade_deletes": columns.TRADE_KEYS,
        "quotes": columns.QUOTES,
    }  # fmt: skip
    rows = {name: schema.empty_table() for name, schema in empty.items()} | tables_of_week
    return generators.Week(number=1, start=WEEKS[0], bad_trades=0, **rows)


def customers(*rows: tuple[int, str | None, str | None]) -> pa.Table:
    ids, countries, tiers = zip(*rows, strict=True)
    times = pa.array([0] * len(rows), pa.timestamp("us", tz="UTC"))
    return pa.Table.from_arrays(
        [pa.array(ids), times, pa.array(countries), pa.array(tiers)], schema=columns.CUSTOMERS
    )


def test_texts_arrive_as_they_are(secret: dict[str, Any]) -> None:
    texts = [None, "", "NULL", "\\N", 'say "a, b"', "two\nlines", "ä€😀", "\\."]
    week = small_week(customers=customers(*((i, text, "x") for i, text in enumerate(texts))))
    with database.connect(secret) as connection:
        database.create(connection)
        database.load(connection, week, blueprint="b", version="v")
        found = connection.execute("SELECT country FROM brokerage.customers ORDER BY customer_id").fetchall()
    assert [text for (text,) in found] == texts


@pytest.mark.parametrize(
    "changes",
    [
        {"customer_updates": customers((1, "GB", "gold"), (7, "GB", "gold"))},
        {"trade_deletes": pa.table({"trade_id": pa.array([7])})},
    ],
)
def test_a_change_of_a_row_that_is_not_there_stops_the_whole_week(
    secret: dict[str, Any], changes: dict[str, pa.Table]
) -> None:
    with database.connect(secret) as connection:
        database.create(connection)
        week = small_week(customers=customers((1, "GB", "basic")), **changes)
        with pytest.raises(ReconciliationError, match="changes name 1 rows that are not there"):
            database.load(connection, week, blueprint="b", version="v")
        assert connection.execute("SELECT count(*) FROM brokerage.customers").fetchone() == (0,)


def load_alone(secret: dict[str, Any], week: generators.Week) -> None:
    with database.connect(secret) as connection:
        database.create(connection)
        database.load(connection, week, blueprint="b", version="v")


def test_a_row_that_is_changed_twice_is_refused(secret: dict[str, Any]) -> None:
    twice = customers((1, "GB", "plus"), (1, "GB", "gold"))
    week = small_week(customers=customers((1, "GB", "basic")), customer_updates=twice)
    with pytest.raises(TerminalError, match=r"the database refused: UniqueViolation in \w+, \w+ \(23505\)"):
        load_alone(secret, week)


def test_loading_twice_returns_the_first_load(secret: dict[str, Any]) -> None:
    week = small_week(customers=customers((1, "GB", "basic")))
    with database.connect(secret) as connection:
        database.create(connection)
        database.create(connection)
        first = database.load(connection, week, blueprint="b", version="v")
        assert first == (
            database.Load(
                WEEKS[0], "b", "v",
                {
                    "customers": Change(1), "exposures": Change(0), "quotes": Change(0),
                    "trades": Change(0, {("notional", op): Decimal(0) for op in "IUD"}),
                },
            ),
            True,
        )  # fmt: skip
        assert database.load(connection, week, blueprint="b", version="v") == (first[0], False)
        assert first[0].rows == 1


def two_weeks() -> tuple[generators.Week, generators.Week]:
    """Three customers and their trades; then changes and more trades of all three."""
    tier = {1: "basic", 2: "basic", 3: "basic"}
    first = small_week(
        customers=customers(*((each, "GB", tier[each]) for each in tier)),
        trades=trades({10: 1, 20: 2, 21: 2}),
        exposures=exposures({1: 1, 2: 2}),
    )
    second = small_week(
        customer_updates=customers((1, "GB", "gold"), (2, "GB", "gold")),
        trades=trades({30: 1, 40: 2, 41: 2, 50: 4}),
        trade_corrections=trades({10: 1, 20: 2}),
        trade_deletes=pa.table({"trade_id": pa.array([21, 41, 30])}),
        exposures=exposures({3: 2}),
        customers=customers((4, "GB", "basic")),
    )
    return first, replace(second, number=2, start=WEEKS[1])


def trades(of: dict[int, int]) -> pa.Table:
    count = len(of)
    values = {
        "trade_id": [*of], "customer_id": [*of.values()], "asset": ["ABC"] * count, "side": ["buy"] * count,
        "quantity": [Decimal(1)] * count, "price": [Decimal(1)] * count, "notional": [Decimal(1)] * count,
        "traded_at": [0] * count,
    }  # fmt: skip
    return pa.Table.from_pydict(values, schema=columns.TRADES)


def exposures(of: dict[int, int]) -> pa.Table:
    values = {
        "exposure_id": [*of], "experiment": ["x"] * len(of), "customer_id": [*of.values()],
        "arm": ["a"] * len(of), "exposed_at": [0] * len(of),
    }  # fmt: skip
    return pa.Table.from_pydict(values, schema=columns.EXPOSURES)


def test_who_was_forgotten_does_not_come_back_with_the_next_week(secret: dict[str, Any]) -> None:
    first, second = two_weeks()
    unit = Unit.parse("2")
    with database.connect(secret) as connection:
        assert erase_database.count(connection, unit) == {}
        assert erase_database.erase(connection, unit) == {}
        database.create(connection)
        database.load(connection, first, blueprint="b", version="v")
        assert erase_database.count(connection, unit) == {"customers": 1, "exposures": 1, "trades": 2}
        nothing = {"customers": 0, "exposures": 0, "trades": 0}
        assert erase_database.erase(connection, Unit.parse("9")) == nothing
        assert not forgotten.is_noted(connection)
        assert erase_database.erase(connection, unit) == {"customers": 1, "exposures": 1, "trades": 2}
        assert forgotten.is_noted(connection)
        done, new = database.load(connection, second, blueprint="b", version="v")
        assert new
        assert {table: change.rows for table, change in done.changes.items()} == {
            "customers": 2, "exposures": 0, "quotes": 0, "trades": 2 + 1 + 1,
        }  # fmt: skip
        assert erase_database.count(connection, unit) == nothing
        left = connection.execute("SELECT trade_id FROM brokerage.trades ORDER BY 1").fetchall()
        assert [number for (number,) in left] == [10, 50]


def test_connections_that_fail_are_explained(secret: dict[str, Any]) -> None:
    with pytest.raises(TransientError, match=r"database 127.0.0.1:9/.*; is it running and reachable, "):  # noqa: SIM117
        with database.connect(secret | {"port": 9}):
            pass
    with pytest.raises(InputError, match="the database's secret has no host, port; it needs host"):  # noqa: SIM117
        with database.connect({"dbname": "d", "username": "u", "password": "p"}):
            pass


def test_the_load_is_nearly_as_fast_as_copy_alone(
    secret: dict[str, Any], record_property: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """Measured, not asserted: the share of the load's time that is not COPY itself."""
    path = configs.path("glue_configs/blueprints/brokerage.yaml")
    week = generators.arrivals(Blueprint.parse(path.read_text(), "it"), 1)
    with database.connect(secret) as connection:
        database.create(connection)
        began = time.perf_counter()
        done, _ = database.load(connection, week, blueprint="b", version="v")
        loading = time.perf_counter() - began
        connection.execute("CREATE TABLE raw (LIKE brokerage.trades)")
        with connection.transaction():
            began = time.perf_counter()
            rows = database.copy(connection, psycopg.sql.Identifier("raw"), week.trades)
            copying = time.perf_counter() - began
    figures = {"load rows/s": round(done.rows / loading), "raw COPY rows/s": round(rows / copying)}
    record_property("figures", figures)
    with capsys.disabled():
        print(f"\n{figures}")  # noqa: T201
    assert rows == week.trades.num_rows
