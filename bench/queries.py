"""How long do the named questions take at 52 weeks of history? `python bench/queries.py --trino`, 8 minutes.

Two weeks of a small blueprint run on a stack of its own; each table that a question reads then gets 25 copies
of its rows, moved by two weeks each in all dates and times, one commit a copy: as many rows, files and states
as 52 weeks leave where nothing is compacted. Each question is asked three times of each engine, as
`assay query` asks it, in a process that has asked before; the least time counts.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.table import Table

from assay.local.running import Stack
from assay.serving import queries
from assay.serving.queries import catalog, plan, saved, trino

import place
import record

BLUEPRINT = Path(__file__).parents[1] / "tests" / "data" / "blueprints" / "small.yaml"
RUN, WEEKS, REPEATS = 2, 52, 3
Asked = dict[str, float]


def tables() -> list[str]:
    """The tables that the questions read."""
    read = {name for each in saved.questions().values() for name in plan.plan(each.sql).tables}
    return sorted(".".join(name) for name in read)


def moved(rows: pa.Table, days: int) -> pa.Table:
    """The rows with every date and time so many days later."""
    for index, field in enumerate(rows.schema):
        column = rows.column(index)
        if pa.types.is_date32(field.type):
            later = pc.add(column.cast(pa.int32()), pa.scalar(days, pa.int32())).cast(pa.date32())
        elif pa.types.is_timestamp(field.type):
            later = pc.add(column, pa.scalar(timedelta(days=days), pa.duration("us"))).cast(field.type)
        else:
            continue
        rows = rows.set_column(index, field, later)
    return rows


def multiply(name: str) -> int:
    """Give a table the history of 52 weeks; its rows afterwards."""
    table: Table = catalog.glue().load_table(name)
    rows = table.scan().to_arrow()
    for copy in range(1, WEEKS // RUN):
        table.append(moved(rows, 7 * RUN * copy))
    return rows.num_rows * (WEEKS // RUN)


def least(ask: Callable[[], object]) -> float:
    """Least seconds of some calls."""
    found = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        ask()
        found.append(time.perf_counter() - start)
    return min(found)


def asked(engine: Callable[[str], object]) -> Asked:
    """Seconds of every question."""
    return {name: least(partial(engine, each.sql)) for name, each in saved.questions().items()}


def by_trino(running: Stack) -> Asked:
    """Seconds of every question by a real Trino server."""
    from assay.local.trino import server

    url = server.up(running)
    return asked(partial(trino.query, url=url))


def rows_of(now: Asked, before: Asked, other: Asked) -> list[record.Row]:
    """Every question beside two weeks ago and beside Trino; all together first."""
    shown = {"all together": list(now), **{name: [name] for name in now}}
    rows = []
    for what, names in shown.items():
        ours = sum(now[name] for name in names)
        for against, beside in ((f"DuckDB at {RUN} weeks", before), ("Trino", other)):
            if beside:
                theirs = sum(beside[name] for name in names)
                rows.append(record.row(f"{what}: by DuckDB", ours, "s", peer=theirs, against=against))
    return rows


def main() -> int:
    """Measure and keep."""
    parser = argparse.ArgumentParser(prog="bench/queries.py")
    parser.add_argument("--trino", action="store_true", help="ask a Trino server too (fetched once, 0.6 GB)")
    given = parser.parse_args()
    with place.stack_here() as running:
        place.run_weeks(BLUEPRINT, RUN)
        before = asked(queries.query)
        counted = {name: multiply(name) for name in tables()}
        print("rows: " + ", ".join(f"{name} {count:,}" for name, count in counted.items()))
        rows = rows_of(asked(queries.query), before, by_trino(running) if given.trino else {})
    notes = [f"Rows: {', '.join(f'{name} {count:,}' for name, count in counted.items())}."]
    if given.trino:
        notes.append("DuckDB runs in the asking process, Trino is a server that was started before.")
    packages = ("duckdb", "pyiceberg")
    record.store("queries", "Questions at 52 weeks", __doc__, rows, packages=packages, notes=notes)
    return 0


if __name__ == "__main__":
    sys.exit(main())
