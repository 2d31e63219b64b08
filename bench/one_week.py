"""Weeks of a blueprint through the workflow, measured: what each job costs, and what a week leaves behind.

`python bench/one_week.py BLUEPRINT FOLDER NUMBER [NUMBER ...] [--maintain]`, with ASSAY_HOME: one process
with one Spark session for these weeks. The stack must have been started by `started`. With CLOCK_FILE
(tests/faults/clock.c) the clock goes on by a week from each to the next.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psutil

import metered

MAINTAIN = "maintain"
WEEK_SECONDS = 7 * 24 * 3600
Week = dict[str, Any]
"""What `main` writes, of one week."""


@dataclass
class Cost:
    """What a job cost.

    Attributes:
        seconds: Of the clock.
        cpu: Seconds of processors, of this process and all below it; servers of the stack are not among them.
        counts: What the meter counted.
    """

    seconds: float = 0.0
    cpu: float = 0.0
    counts: metered.Reading = field(default_factory=dict)


class Watch:
    """Tells jobs apart by what is told at their start and end."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._began: tuple[float, float, metered.Reading] = (0.0, 0.0, {})
        self.jobs: dict[str, Cost] = {}

    def start(self) -> None:
        """A job starts."""
        self._began = time.perf_counter(), _cpu(), metered.reading(self._endpoint)

    def end(self, job: str) -> None:
        """It has ended."""
        seconds, cpu, counts = self._began
        spent = metered.since(counts, metered.reading(self._endpoint))
        self.jobs[job] = Cost(time.perf_counter() - seconds, _cpu() - cpu, spent)

    def event(self, event: Any) -> None:
        """What the runner of the workflow tells."""
        if event.kind == "job started":
            self.start()
        elif event.kind == "job ended":
            self.end(event.job.rpartition("-")[2])


def run(
    blueprint: Path,
    numbers: Iterable[int],
    folder: Path,
    *,
    maintain: bool = False,
    environment: Mapping[str, str] | None = None,
) -> None:
    """Run weeks in a process of their own.

    Args:
        blueprint: Its file.
        numbers: Of the weeks.
        folder: Where the process leaves what it measured.
        maintain: Whether the tables are maintained after each, as every week in AWS.
        environment: More variables of the process.

    Raises:
        SystemExit: It failed.
    """
    command = [sys.executable, __file__, str(blueprint), str(folder), *map(str, numbers)]
    command += ["--maintain"] if maintain else []
    done = subprocess.run(command, env={**os.environ, **(environment or {})}, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command[1:])} ended with {done.returncode}")


def out(folder: Path, number: int) -> Path:
    """Where what was measured of a week is kept."""
    return folder / f"week-{number:02}.json"


def read(folder: Path, number: int) -> Week:
    """What was measured of a week."""
    found: Week = json.loads(out(folder, number).read_text(encoding="utf-8"))
    return found


def started() -> None:
    """Start the stack of ASSAY_HOME with the meter."""
    from assay.local import stack

    metered.install()
    stack.up()


def main() -> None:
    """Run the week, and write what it cost."""
    parser = argparse.ArgumentParser()
    parser.add_argument("blueprint", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("numbers", type=int, nargs="+")
    parser.add_argument("--maintain", action="store_true")
    asked = parser.parse_args()
    for number in asked.numbers:
        _set_clock(number)
        week = measured(asked.blueprint.resolve(), number, maintain=asked.maintain)
        _write(out(asked.folder, number), week)


def _set_clock(number: int) -> None:
    """Let all processes that have clock.c be so many weeks later."""
    path = os.environ.get("CLOCK_FILE")
    if path:
        with Path(path).open("r+b") as file:  # in its place: it is mapped
            file.write(((number - 1) * WEEK_SECONDS).to_bytes(8, sys.byteorder, signed=True))


def measured(path: Path, number: int, *, maintain: bool) -> Week:
    """Run the week in this process."""
    from assay.cli.run import of_the_run, prepare
    from assay.cli.weeks import Asked
    from assay.local import stack
    from assay.spec import load_blueprint

    blueprint = load_blueprint(path)
    workflow, _ = prepare(blueprint, path, Asked(week=number))
    running = stack.require_running()
    watch = Watch(running.endpoint)
    ended = workflow.run(
        {"week": blueprint.week_start(number).isoformat(), **of_the_run(path, None)}, on_event=watch.event
    )
    if not ended.succeeded:
        raise SystemExit(f"week {number}: {ended.error}")
    if maintain:
        watch.start()
        _maintain()
        watch.end(MAINTAIN)
    return {
        "week": number,
        "events": _events(running.database.dsn, blueprint.week_start(number).isoformat()),
        "jobs": {job: asdict(cost) for job, cost in watch.jobs.items()},
        "tables": _tables(),
        "landing_bytes": sum(size for _, size in _objects("assay-landing", "")),
        "database_bytes": _database_bytes(running.database.dsn),
    }


def _maintain() -> None:
    """The job as its weekly trigger starts it."""
    from assay.cli.upkeep import perform

    perform(MAINTAIN, {})


def _cpu() -> float:
    """Seconds of processors that this process and all below it took so far, ended ones too."""
    me = psutil.Process()
    return sum(_spent(each) for each in (me, *me.children(recursive=True)))


def _spent(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)


def _events(dsn: str, week: str) -> int:
    """Rows that the week changed in the database, as it says itself."""
    import psycopg

    with psycopg.connect(dsn) as connection:
        row = connection.execute("SELECT changes FROM brokerage.loads WHERE week = %s", [week]).fetchone()
    told = row[0] if row else {}
    changes = json.loads(told) if isinstance(told, str) else told
    return sum(each["changes"] if isinstance(each, dict) else each for each in changes.values())


def _database_bytes(dsn: str) -> int:
    import psycopg

    with psycopg.connect(dsn) as connection:
        row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    return int(row[0]) if row else 0


LEFT = ("bytes", "gold_bytes", "database_bytes", "reads", "writes")
"""What a week leaves behind, and asks of S3, by the names of `left`."""


def left(before: Week, week: Week) -> dict[str, int]:
    """What a week left behind, and how often its jobs and its maintenance asked S3.

    Args:
        before: The week before it.
        week: The week.
    """
    counts = [job["counts"] for job in week["jobs"].values()]
    asked = {method: sum(metered.total(each, f"requests {method} ") for each in counts) for method in METHODS}
    reads = asked["GET"] + asked["HEAD"]
    return {
        "bytes": max(_kept(week) - _kept(before), 0),
        "gold_bytes": max(_kept(week, "gold.") - _kept(before, "gold."), 0),
        "database_bytes": max(week["database_bytes"] - before["database_bytes"], 0),
        "reads": reads,
        "writes": asked["PUT"],
    }


METHODS = ("GET", "HEAD", "PUT")


def _kept(week: Week, layer: str = "") -> int:
    """Bytes of the newest states of tables, and of what landed unless one layer is asked for."""
    tables = sum(table.get("bytes", 0) for name, table in week["tables"].items() if name.startswith(layer))
    return int(tables + (0 if layer else week["landing_bytes"]))


def _tables() -> dict[str, dict[str, int]]:
    """Table → files, rows and bytes of its newest state, snapshots that are kept, and bytes of metadata."""
    found: dict[str, dict[str, int]] = {}
    newest: dict[str, str] = {}
    for key, size in _objects("assay-lake", "warehouse/"):
        _, database, table, kind, *_rest = key.split("/")
        name = f"{database.removesuffix('.db')}.{table}"
        counts = found.setdefault(
            name,
            dict.fromkeys(
                (f"{kind}_{of}" for kind in ("data", "metadata") for of in ("objects", "bytes")), 0
            ),
        )
        counts[f"{kind}_objects"] += 1
        counts[f"{kind}_bytes"] += size
        if key.endswith(".metadata.json"):
            newest[name] = max(newest.get(name, ""), key)
    for name, key in newest.items():
        found[name] |= _state(key)
    return found


def _state(key: str) -> dict[str, int]:
    from assay.runtime import clients

    body = json.loads(clients.s3().get_object(Bucket="assay-lake", Key=key)["Body"].read())
    heads = {each["snapshot-id"]: each["summary"] for each in body.get("snapshots", [])}
    summary = heads.get(body.get("current-snapshot-id"), {})
    live = {
        of: int(summary.get(f"total-{word}", 0))
        for of, word in (("files", "data-files"), ("rows", "records"), ("bytes", "files-size"))
    }
    return {**live, "snapshots": len(heads)}


def _objects(bucket: str, prefix: str) -> Iterator[tuple[str, int]]:
    from assay.runtime import clients

    for page in clients.s3().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for each in page.get("Contents", ()):
            yield each["Key"], each["Size"]


def _write(path: Path, what: object) -> None:
    """Whole or not at all: who goes on later relies on it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".part")
    beside.write_text(json.dumps(what, indent=1) + "\n", encoding="utf-8")
    beside.replace(path)


Blueprint = dict[str, Any]


def blueprint(place: Path, change: Callable[[Blueprint], None]) -> Path:
    """The small blueprint of the tests, changed.

    Args:
        place: Where to write it.
        change: Changes the document.
    """
    import yaml

    small = Path(__file__).parents[1] / "tests" / "data" / "blueprints" / "small.yaml"
    document = yaml.safe_load(small.read_text(encoding="utf-8"))
    change(document)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    return place


if __name__ == "__main__":
    main()
