"""The change capture against a real PostgreSQL and a real S3 interface, killed at every point."""

from __future__ import annotations

import io
import os
import random
import signal
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

import psycopg
import pyarrow.parquet as pq
import pytest
from psycopg.rows import dict_row

from assay.errors import StackError
from assay.local import names, process, stack
from assay.local.aws import Aws
from assay.local.replication import NAME, Capture, lsn_number
from assay.local.running import Stack

POINTS = ("after plan", "after a file", "after mark", "after advance")
TRADES = (
    "create table brokerage.trades (trade_id bigint primary key, price numeric(18,4), "
    "quantity numeric(18,6), note text, traded_at timestamptz, ok boolean); "
    "alter table brokerage.trades replica identity full"
)
LOADS = (
    "create table brokerage.loads (week date primary key, changes text); "
    "alter table brokerage.loads replica identity full"
)


class KilledError(Exception):
    """Stands for a SIGKILL at a point of the capture."""


@dataclass
class World:
    """A database of its own tables and a bucket of its own."""

    stack: Stack
    aws: Aws
    bucket: str
    sql: psycopg.Connection[dict[str, Any]]

    def capture(self, crash: Callable[[str], None] = lambda _: None, **options: Any) -> Capture:
        return Capture(self.stack.database.dsn, self.aws.s3, self.bucket, crash, **options)

    def files(self, table: str = "trades") -> list[str]:
        pages = self.aws.s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=f"rds/brokerage/{table}/"
        )
        return [entry["Key"] for page in pages for entry in page.get("Contents", [])]

    def rows(self, key: str) -> list[dict[str, Any]]:
        body = self.aws.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        return list(pq.read_table(io.BytesIO(body)).to_pylist())

    def replayed(self) -> tuple[dict[int, dict[str, Any]], int]:
        """The table as its change files make it, and how many changes came twice."""
        state: dict[int, dict[str, Any]] = {}
        seen: Counter[str] = Counter()
        loads = [key for key in self.files() if "/LOAD" in key]
        changes = [row for key in self.files() if "/LOAD" not in key for row in self.rows(key)]
        seen.update(row["change_seq"] for row in changes)
        ordered = sorted(changes, key=lambda row: row["change_seq"])
        for row in [row for key in loads for row in self.rows(key)] + ordered:
            row.pop("dms_ts"), row.pop("change_seq")
            if row.pop("Op") == "D":
                state.pop(row["trade_id"])
            else:
                state[row["trade_id"]] = row
        return state, sum(seen.values()) - len(seen)

    def source(self) -> dict[int, dict[str, Any]]:
        return {row["trade_id"]: row for row in self.sql.execute("select * from brokerage.trades")}

    def traffic(self, seed: int, count: int = 20) -> None:
        chance = random.Random(seed)  # noqa: S311  # no secrets
        for _ in range(count):
            key = chance.randint(1, 60)
            with self.sql.transaction():
                if chance.random() < 0.3:
                    self.sql.execute("delete from brokerage.trades where trade_id = %s", [key])
                self.sql.execute(
                    "insert into brokerage.trades values (%s, %s, 0.000001, %s, clock_timestamp(), %s) "
                    "on conflict (trade_id) do update set price = trades.price + 1, note = excluded.note",
                    [
                        key,
                        Decimal(chance.randint(0, 10**9)) / 10**4,
                        chance.choice([None, "", "é ✓"]),
                        key % 2 == 0,
                    ],
                )
                self.sql.execute(
                    "update brokerage.trades set quantity = quantity + 0.000001 where trade_id = %s", [key]
                )


@pytest.fixture(scope="module")
def quiet_stack(stack_home: None) -> Iterator[Stack]:  # noqa: ARG001  # it must exist first
    """The stack without its own capture: the tests are the capture."""
    running = stack.up()
    process.stop(process.Record(**running.home.read()["processes"]["capture"]))
    yield running
    s3 = Aws(running.endpoint).s3
    for entry in s3.list_objects_v2(Bucket=names.LANDING, Prefix="_dms_state/").get("Contents", []):
        s3.delete_object(Bucket=names.LANDING, Key=entry["Key"])  # its slot is gone: it starts afresh


@pytest.fixture
def world(quiet_stack: Stack) -> Iterator[World]:
    """An empty schema, no slot, an empty bucket."""
    aws, bucket = Aws(quiet_stack.endpoint), f"landing-{uuid.uuid4().hex[:8]}"
    aws.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": names.REGION})
    with psycopg.connect(quiet_stack.database.dsn, autocommit=True, row_factory=dict_row) as connection:
        clear(connection)
        connection.execute(TRADES)
    made = World(quiet_stack, aws, bucket, connect(quiet_stack))
    yield made
    made.sql.close()
    with connect(quiet_stack) as connection:
        clear(connection)


def connect(running: Stack) -> psycopg.Connection[dict[str, Any]]:
    return psycopg.connect(running.database.dsn, autocommit=True, row_factory=dict_row)


def clear(connection: psycopg.Connection[dict[str, Any]]) -> None:
    connection.execute(
        "select pg_terminate_backend(active_pid) from pg_replication_slots where active_pid is not null"
    )
    connection.execute("select pg_drop_replication_slot(slot_name) from pg_replication_slots")
    connection.execute(f"drop publication if exists {NAME}")
    connection.execute("drop schema if exists brokerage cascade")
    connection.execute("create schema brokerage")


def prepared(world: World) -> Capture:
    capture = world.capture()
    capture.prepare()
    return capture


def test_what_was_there_is_loaded_and_what_follows_is_captured(world: World) -> None:
    world.traffic(1)
    capture = world.capture(rows_per_file=10)
    capture.prepare()
    before = world.files()
    assert before[0].endswith("LOAD00000001.parquet")
    assert len(before) >= 2
    world.traffic(2)
    assert capture.cycle() > 0
    assert capture.cycle() == 0
    assert world.replayed() == (world.source(), 0)
    capture.prepare()  # again: nothing is loaded twice
    assert len(world.files()) == len(before) + 1
    capture.close()


@pytest.mark.long
@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("nth", [1, 2])
def test_a_kill_at_any_point_loses_and_repeats_nothing(world: World, point: str, nth: int) -> None:
    world.sql.execute(LOADS)
    prepared(world).close()
    hits = 0

    def crash(reached: str) -> None:
        nonlocal hits
        hits += reached == point
        if reached == point and hits == nth:
            raise KilledError

    for seed in range(3):
        world.traffic(seed)
        world.sql.execute(
            "insert into brokerage.loads values (date '2026-01-05' + %s::int, '{}')", [seed * 7]
        )
        doomed = world.capture(crash)
        for _ in range(nth):
            try:
                doomed.cycle()
            except KilledError:
                break
        doomed.close()
        world.traffic(100 + seed)  # the world goes on before the restart
        survivor = prepared(world)
        while survivor.cycle():
            pass
        survivor.close()
        assert world.replayed() == (world.source(), 0)
    assert hits >= nth
    names_in_order = [key for key in world.files() if "/LOAD" not in key]
    assert names_in_order == sorted(set(names_in_order))


@pytest.mark.parametrize("point", ["after slot", "after a load file"])
def test_a_kill_during_the_full_load_begins_it_again(world: World, point: str) -> None:
    world.traffic(1)

    def crash(reached: str) -> None:
        if reached == point:
            raise KilledError

    doomed = world.capture(crash)
    with pytest.raises(KilledError):
        doomed.prepare()
    doomed.close()
    world.traffic(2)
    survivor = prepared(world)
    world.traffic(3)
    survivor.cycle()
    survivor.close()
    assert world.replayed() == (world.source(), 0)


def test_a_kill_of_the_database_after_a_batch_repeats_nothing(world: World) -> None:
    capture = prepared(world)
    world.sql.execute("checkpoint")
    for seed in range(3):  # the slot is written to disk with the first of these, not with every one
        world.traffic(seed)
        assert capture.cycle() > 0
    capture.close()
    record = process.Record(**world.stack.home.read()["processes"]["postgres"])
    os.kill(record.pid, signal.SIGKILL)
    while process.is_alive(record):
        time.sleep(0.01)
    record = world.stack.database.start()
    processes = world.stack.home.read()["processes"]
    world.stack.home.update(processes=processes | {"postgres": asdict(record)})
    while not world.stack.database.answers():
        time.sleep(0.01)
    world.sql = connect(world.stack)
    found = world.sql.execute("select confirmed_flush_lsn::text as at from pg_replication_slots").fetchone()
    last = world.capture()._get("last")
    assert found is not None
    assert last is not None
    assert lsn_number(found["at"]) < last["end"]  # what PostgreSQL forgets: else this test proves nothing
    world.traffic(4)
    survivor = prepared(world)
    survivor.cycle()
    survivor.close()
    assert world.replayed() == (world.source(), 0)


def test_the_loads_file_comes_last_and_all_are_of_one_batch(world: World) -> None:
    world.sql.execute(LOADS)
    order: list[str] = []
    capture = world.capture(order.append)
    capture.prepare()
    put, written = capture.s3.put_object, []
    capture.s3.put_object = lambda **it: (written.append(it["Key"]), put(**it))[1]  # type: ignore[method-assign,func-returns-value]
    with world.sql.transaction():
        world.sql.execute("insert into brokerage.loads values ('2026-01-05', '{}')")
        world.sql.execute("insert into brokerage.trades (trade_id) values (1)")
    capture.cycle()
    capture.s3.put_object = put  # type: ignore[method-assign]
    capture.close()
    files = [key for key in written if key.startswith("rds/")]
    assert [key.split("/")[2] for key in files] == ["trades", "loads"]
    assert len({key.rsplit("/", 1)[1] for key in files}) == 1


def test_changes_of_one_key_in_one_commit_are_ordered(world: World) -> None:
    capture = prepared(world)
    with world.sql.transaction():
        world.sql.execute("insert into brokerage.trades (trade_id, price) values (1, 1.5)")
        world.sql.execute("update brokerage.trades set price = 2.5")
        world.sql.execute("delete from brokerage.trades")
        world.sql.execute("insert into brokerage.trades (trade_id, price) values (1, 3.5)")
    assert capture.cycle() == 4
    capture.close()
    (key,) = world.files()
    rows = world.rows(key)
    assert [row["Op"] for row in rows] == ["I", "U", "D", "I"]
    assert [row["change_seq"] for row in rows] == sorted({row["change_seq"] for row in rows})
    assert len({row["dms_ts"] for row in rows}) == 1
    assert rows[2]["price"] == Decimal("2.5000")  # a deleted row comes whole


def test_null_and_empty_decimals_and_microseconds_survive(world: World) -> None:
    world.sql.execute(
        "insert into brokerage.trades values "
        "(1, 12345678901234.5678, 0.000001, '', '2026-01-05 00:00:00.123456Z', true),"
        "(2, -0.0001, 999999999999.999999, null, null, null),"
        "(3, 0, 0, E'a,\"b\\n', '1999-12-31 23:59:59Z', false)"
    )
    prepared(world).close()
    assert world.replayed()[0] == world.source()


def test_large_values_that_did_not_change_are_kept(world: World) -> None:
    world.sql.execute("alter table brokerage.trades alter note set storage external")
    capture = prepared(world)
    world.sql.execute("insert into brokerage.trades (trade_id, note) values (1, repeat('x', 9000))")
    world.sql.execute("update brokerage.trades set price = 7")
    assert capture.cycle() == 2
    capture.close()
    assert world.replayed()[0] == world.source()


def test_without_full_identity_such_a_value_is_refused_with_the_remedy(world: World) -> None:
    world.sql.execute("alter table brokerage.trades alter note set storage external")
    world.sql.execute("alter table brokerage.trades replica identity default")
    capture = prepared(world)
    world.sql.execute("insert into brokerage.trades (trade_id, note) values (1, repeat('x', 9000))")
    world.sql.execute("update brokerage.trades set price = 7")
    with pytest.raises(StackError, match=r"alter table brokerage.trades replica identity full"):
        capture.cycle()
    capture.close()


def test_a_table_altered_in_between_gives_two_files(world: World) -> None:
    capture = prepared(world)
    world.sql.execute("insert into brokerage.trades (trade_id) values (1)")
    world.sql.execute("alter table brokerage.trades add column venue text")
    world.sql.execute("insert into brokerage.trades (trade_id, venue) values (2, 'x')")
    assert capture.cycle() == 2
    first, second = world.files()
    assert "venue" not in world.rows(first)[0]
    assert world.rows(second)[0]["venue"] == "x"
    world.sql.execute("insert into brokerage.trades (trade_id) values (3)")
    capture.cycle()
    assert sorted(world.files())[:2] == [first, second]
    capture.close()


@pytest.mark.parametrize("point", ["never", "after plan", "after a file", "after mark"])
def test_columns_added_renamed_retyped_and_dropped_are_captured_as_they_were(
    world: World, point: str
) -> None:
    def crash(reached: str) -> None:
        if reached == point:
            raise KilledError

    prepared(world).close()
    run = world.sql.execute
    run("insert into brokerage.trades (trade_id, price, note) values (1, 1.5, 'a')")
    run("alter table brokerage.trades add column venue text default 'X'")
    run("insert into brokerage.trades (trade_id, price, venue) values (2, 2.5, 'Y')")
    run("alter table brokerage.trades rename column note to remark")
    run("update brokerage.trades set remark = 'b' where trade_id = 1")
    run("alter table brokerage.trades alter column price type double precision")
    with world.sql.transaction():  # and while a transaction is under way
        run("insert into brokerage.trades (trade_id, price) values (3, 0.1)")
        run("alter table brokerage.trades drop column ok")
        run("update brokerage.trades set price = 'NaN' where trade_id = 3")
    run("update brokerage.trades set quantity = 7")
    doomed = world.capture(crash)
    if point == "never":
        assert doomed.cycle() == 8
    else:
        with pytest.raises(KilledError):
            doomed.cycle()
    doomed.close()
    survivor = prepared(world)
    while survivor.cycle():
        pass
    run("alter table brokerage.trades drop column venue")  # with nothing in the slot
    run("update brokerage.trades set quantity = 8")
    assert survivor.cycle() == 3
    survivor.close()
    forms = [[*world.rows(key)[0]][1:-2] for key in world.files()]
    whole = ["trade_id", "price", "quantity", "note", "traded_at", "ok", "venue"]
    renamed = ["remark" if name == "note" else name for name in whole]
    assert forms[:3] == [whole[:-1], whole, renamed]
    assert forms[3:5] == [renamed, [name for name in renamed if name != "ok"]]
    assert forms[5:] == [[name for name in renamed if name not in ("ok", "venue")]]
    state, doubled = world.replayed()
    assert (repr(sorted(state.items())), doubled) == (repr(sorted(world.source().items())), 0)


def test_a_batch_ends_with_a_whole_transaction(world: World) -> None:
    capture = world.capture(max_changes=5)
    capture.prepare()
    for start in (0, 20):
        world.sql.execute(
            "insert into brokerage.trades (trade_id) select generate_series(%s::int, %s::int)",
            [start, start + 9],
        )
    assert capture.cycle() == 10
    assert capture.cycle() == 10
    assert capture.cycle() == 0
    capture.close()


def test_other_tables_do_not_hold_the_log_back(world: World) -> None:
    capture = prepared(world)
    before = capture._positions()[0]
    world.sql.execute("create table public.other as select generate_series(1, 1000) as id")
    assert capture.cycle() == 0
    assert capture._positions()[0] > before
    world.sql.execute("drop table public.other")
    capture.close()


def test_a_lost_slot_is_said_not_silently_made_again(world: World) -> None:
    prepared(world).close()
    world.sql.execute("select pg_drop_replication_slot(%s)", [NAME])
    fresh = world.capture()
    with pytest.raises(StackError, match=r"lost its place in the database.*assay reset"):
        fresh.prepare()
    with pytest.raises(StackError, match="is gone from the database"):
        fresh.cycle()
    fresh.close()
