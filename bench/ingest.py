"""How fast does a week get into PostgreSQL, and out by change capture? `python bench/ingest.py`, 2 minutes.

A week of 200,000 customers is loaded as the ingest job loads it: one transaction, by COPY of CSV, with
corrections and deletions. The floor is COPY of the same rows, in the binary form or the text that PostgreSQL
itself wrote beforehand, into the same empty tables with their keys. Change capture then takes the week from
its slot into landing files; `pg_recvlogical` drains another slot of the same content and throws it away.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import psutil
import psycopg

from assay import generators
from assay.generators import Week
from assay.local import names, postgres, process
from assay.local.aws import Aws
from assay.local.replication import NAME, Capture
from assay.local.running import Stack
from assay.sources import database, tables
from assay.spec import Blueprint

import place
import record
from generator import CUSTOMERS, world

PIECE, REPEATS, WAIT = 2**20, 3, 300.0
PEER = "bench_peer"
FLOORS = {"binary": 0.8, "text": None}
"""Forms of COPY, and the share of its speed that is the goal."""
BETWEEN = (
    "Capture decodes each change, orders it, types it and writes Parquet into the emulator of S3, in one "
    "process; `pg_recvlogical` looks at nothing. A batch is planned before it is taken, so that a kill "
    "repeats it: capture peeks by the slot's function, and does not follow its stream."
)
LOADED = (tables.CUSTOMERS, tables.EXPOSURES, tables.TRADES, tables.QUOTES)


def emptied(connection: psycopg.Connection) -> None:
    """Start each run from the same state: empty tables, and nothing left to be written back."""
    connection.execute(
        "TRUNCATE " + ", ".join(f"{tables.SCHEMA}.{each.name}" for each in (*LOADED, tables.LOADS))
    )
    connection.execute("CHECKPOINT")


def ours(connection: psycopg.Connection, blueprint: Blueprint, week: Week) -> None:
    """The week as the job loads it."""
    database.load(connection, week, blueprint=blueprint.name, version=blueprint.version)


def prepared(connection: psycopg.Connection, folder: Path, form: str) -> dict[str, Path]:
    """The tables as files in one of PostgreSQL's own forms, `binary` or `text`."""
    files = {each.name: folder / f"{each.name}.{form}" for each in LOADED}
    for name, path in files.items():
        statement = f"COPY {tables.SCHEMA}.{name} TO STDOUT (FORMAT {form})"
        with path.open("wb") as file, connection.cursor().copy(statement) as stream:
            for piece in stream:
                file.write(piece)
    return files


def floor(connection: psycopg.Connection, files: dict[str, Path], form: str) -> None:
    """The same rows from those files."""
    with connection.transaction():
        for name, path in files.items():
            statement = f"COPY {tables.SCHEMA}.{name} FROM STDIN (FORMAT {form})"
            with path.open("rb") as file, connection.cursor().copy(statement) as stream:
                while piece := file.read(PIECE):
                    stream.write(piece)


def least(connection: psycopg.Connection, run: Callable[[], None]) -> tuple[float, str]:
    """Least seconds of some runs, each from the same state, and what processors did in it."""
    server, found = psutil.Process(connection.info.backend_pid), []
    for _ in range(REPEATS):
        emptied(connection)
        before, mine, start = server.cpu_times(), time.process_time(), time.perf_counter()
        run()
        seconds, client, after = time.perf_counter() - start, time.process_time() - mine, server.cpu_times()
        work = after.user + after.system - before.user - before.system
        found.append((seconds, f"{client:.2f} s of processor here and {work:.2f} s in the server"))
    return min(found)


def captured(running: Stack) -> tuple[int, float]:
    """Changes that our capture lands, and its seconds."""
    with contextlib.closing(capture(running)) as landing:
        start, total = time.perf_counter(), 0
        while count := landing.cycle():
            total += count
        return total, time.perf_counter() - start


def capture(running: Stack) -> Capture:
    """Our capture, into the stack's landing bucket."""
    return Capture(running.database.dsn, Aws(running.endpoint).s3, names.LANDING)


def drained(running: Stack, end: str) -> float:
    """Seconds of PostgreSQL's own client for the same, into nothing."""
    program = postgres.locate(running.home).binaries / "bin" / "pg_recvlogical"
    options = ["-o", "proto_version=1", "-o", f"publication_names={NAME}", "--no-loop", "-f", "/dev/null"]
    command = [program, "-d", running.database.dsn, "--slot", PEER, "--start", "--endpos", end, *options]
    start = time.perf_counter()
    done = subprocess.run(command, check=False, timeout=WAIT, capture_output=True, text=True)
    taken = time.perf_counter() - start
    if done.returncode:
        raise SystemExit(f"pg_recvlogical failed: {done.stderr.strip()}")
    return taken


def peeked(connection: psycopg.Connection) -> float:
    """Seconds of the function that our capture reads by, when nobody looks at what it gives."""
    start = time.perf_counter()
    connection.execute(
        "select count(*) from pg_logical_slot_peek_binary_changes("
        "%s, null, null, 'proto_version', '1', 'publication_names', %s)",
        [NAME, NAME],
    )
    return time.perf_counter() - start


def position(connection: psycopg.Connection) -> str:
    """The end of what is written now."""
    row = connection.execute("select pg_current_wal_lsn()::text").fetchone()
    return str(row[0]) if row else "0/0"


def loading(
    connection: psycopg.Connection, blueprint: Blueprint, week: Week, folder: Path
) -> tuple[list[record.Row], str]:
    """Rows a second into the database, and where the time goes."""
    database.create(connection)
    seconds, work = least(connection, lambda: ours(connection, blueprint, week))
    inserted = sum(week.rows[each.name] for each in LOADED)
    what, rows, said = f"a week of {inserted:,} rows into PostgreSQL", [], [f"Loading takes {work}"]
    for form, goal in FLOORS.items():
        emptied(connection)
        ours(connection, blueprint, week)
        files = prepared(connection, folder, form)
        beside, other = least(connection, partial(floor, connection, files, form))
        rates = (inserted / seconds, inserted / beside)
        rows.append(record.row(what, rates[0], "rows/s", peer=rates[1], against=f"{form} COPY", least=goal))
        said.append(f"{form} COPY {other}")
    return rows, f"{'; '.join(said)}. What binary COPY saves is the server's reading of text."


def capturing(
    running: Stack, connection: psycopg.Connection, blueprint: Blueprint, week: Week
) -> list[record.Row]:
    """Changes a second out of the database."""
    emptied(connection)
    with contextlib.closing(capture(running)) as first:
        first.prepare()  # unless the stack's own had time for it
    connection.execute("select pg_replication_slot_advance(%s, pg_current_wal_lsn())", [NAME])
    connection.execute("select pg_create_logical_replication_slot(%s, 'pgoutput')", [PEER])
    ours(connection, blueprint, week)
    end = position(connection)
    beneath = peeked(connection)
    count, seconds = captured(running)
    beside = drained(running, end)
    what = f"{count:,} changes from the slot into landing"
    rows = [record.row(what, count / seconds, "rows/s", peer=count / beside, against="`pg_recvlogical`")]
    return [
        *rows,
        record.row(what, count / seconds, "rows/s", peer=count / beneath, against="the slot's function"),
    ]


def main() -> int:
    """Measure and keep."""
    blueprint = world()
    week = generators.arrivals(blueprint, 1)
    print(f"drawn: {sum(week.rows.values()):,} rows of {CUSTOMERS:,} customers")
    with (
        place.stack_here() as running,
        tempfile.TemporaryDirectory() as folder,
        psycopg.connect(running.database.dsn, autocommit=True, options="-c timezone=UTC") as connection,
    ):
        process.stop(process.Record(**running.home.read()["processes"]["capture"]))  # ours is the capture
        server = connection.info.server_version // 10_000
        rows, note = loading(connection, blueprint, week, Path(folder))
        rows = [*rows, *capturing(running, connection, blueprint, week)]
    versions = {"PostgreSQL": str(server)}
    record.store(
        "ingest",
        "Ingest and change capture",
        __doc__,
        rows,
        packages=("psycopg", "pyarrow"),
        versions=versions,
        notes=[note, BETWEEN],
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
