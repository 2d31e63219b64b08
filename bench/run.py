"""What does a week cost here, and what is it spent on? Weeks of the default blueprint on their own stack.

The weeks run as `assay run` runs them, all jobs in one session of Spark, the first with its start. Seconds of
processor are those that the kernel counts: of the JVM by what its threads are for, of Python, and of the
servers that stand in for AWS.

`python bench/run.py --weeks 3` takes four minutes on two idle cores; docs/performance.py shows what else it
keeps, plans among it. `--trial` only prints, `--conf KEY=VALUE` changes a setting of Spark.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from assay import configs
from assay.cli import run, weeks
from assay.lake import Lake, contracts
from assay.local import stack, state
from assay.spark import executed
from assay.spec import load_blueprint

import record

GOALS = {1: 60.0}
LATER = 12.0
"""Seconds of the first week with the start of Spark, and of any other."""
WHY = "Why a later week takes longer than its goal, and what would close the gap: docs/performance.md."
_TICKS = os.sysconf("SC_CLK_TCK")
_THREADS = {
    "C1 CompilerThre": "the JVM's first compiler",
    "C2 CompilerThre": "the JVM's second compiler",
    "GC Thread": "the JVM's memory",
    "G1 ": "the JVM's memory",
    "VM Thread": "the JVM's memory",
    "Executor task l": "Spark's tasks",
}
Found = dict[str, Any]
_PLANS = "Spark's planning, catalogs and commits"


@dataclass(frozen=True, slots=True)
class Spent:
    """What was spent until a moment.

    Attributes:
        at: The moment, in seconds of a clock.
        cpu: What for → seconds of processor.
        counted: What was done → how often, or for how many seconds.
    """

    at: float
    cpu: Counter[str]
    counted: Counter[str]


def main() -> None:
    """Run the weeks, print and store what each cost."""
    asked = _arguments()
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as folder:
        os.environ[state.HOME_VARIABLE] = str(Path(folder) / ".assay")
        options = [f"--conf {shlex.quote(setting)}" for setting in asked.conf]
        os.environ["PYSPARK_SUBMIT_ARGS"] = " ".join([*options, "pyspark-shell"])
        try:
            spent, queries = _weeks(asked.blueprint.resolve(), asked.weeks)
            files = _files()
        finally:
            stack.reset()
    _print(spent)
    if not asked.trial:
        _store(spent, queries, files)


def _store(spent: list[Found], queries: list[Found], files: list[Found]) -> None:
    rows = [
        record.row(
            f"week {each['week']}" + ", with the start of Spark" * (each["week"] == 1),
            each["seconds"],
            "s",
            most=GOALS.get(each["week"], LATER),
        )
        for each in spent
    ]
    record.store(
        "run", "A week on one machine", __doc__, rows, packages=("pyspark", "ministack"), notes=[WHY]
    )
    detail = {"weeks": spent, "queries": queries, "files": files}
    path = record.RESULTS / "run_detail.json"
    path.write_text(json.dumps(detail, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weeks", type=int, default=3)
    parser.add_argument("--blueprint", type=Path, default=configs.path(run.DEFAULT))
    parser.add_argument("--trial", action="store_true", help="print only")
    parser.add_argument("--conf", action="append", default=[], help="a setting of Spark, KEY=VALUE")
    return parser.parse_args()


def _weeks(path: Path, count: int) -> tuple[list[Found], list[Found]]:
    """What each week cost, and the queries of the last one."""
    blueprint = load_blueprint(path)
    workflow, numbers = run.prepare(blueprint, path, weeks.Asked(weeks=count))
    rows = []
    for number in numbers:
        jobs: dict[str, float] = {}
        mark, before = _newest(), _spent()
        ended = workflow.run(
            {"week": blueprint.week_start(number).isoformat(), **run.of_the_run(path, None)},
            on_event=lambda event, jobs=jobs: (
                jobs.update({event.job: event.seconds}) if event.seconds else None
            ),
        )
        if not ended.succeeded:
            raise SystemExit(f"week {number} failed: {ended.error}")
        after = _spent()
        cpu = after.cpu - before.cpu
        rows.append(
            {
                "week": number,
                "seconds": after.at - before.at,
                "cpu_seconds": cpu.total(),
                "cpu": dict(cpu.most_common()),
                "counted": dict(after.counted - before.counted),
                "jobs": jobs,
            }
        )
    return rows, [_shown(query) for query in executed.queries(_session(), mark)]


def _shown(query: executed.Query) -> Found:
    names = [step.name for step in query.steps]
    return {
        "seconds": query.seconds or 0.0,
        "writes": query.written and query.written.partition(".")[2],
        "reads": dict(Counter(step.table.partition(".")[2] for step in query.scans if step.table)),
        "shuffles": names.count("Exchange"),
        "broadcasts": names.count("BroadcastExchange"),
        "plan": query.tree(),
    }


def _files() -> list[Found]:
    """Table → its files, their rows and bytes, those that have any."""
    lake = Lake(_session(), "bench")
    found = []
    for name in contracts.names():
        if not lake.exists(name):
            continue
        row = (
            lake.spark.table(f"{lake.catalog}.{name}.files")
            .agg(
                F.count("*").alias("files"),
                F.sum("record_count").alias("rows"),
                F.sum("file_size_in_bytes").alias("bytes"),
            )
            .collect()[0]
        )
        if row["files"]:
            found.append({"table": name, **row.asDict()})
    return found


def _spent() -> Spent:
    """Until now: of the JVM by kinds of threads, of this process and its other children, of the servers."""
    cpu: Counter[str] = Counter()
    me = psutil.Process()
    cpu["Python of the jobs"] = _seconds(me)
    for child in me.children(recursive=True):
        if child.name() == "java":
            cpu += _of_threads(child)
    for server in stack.status():
        if server.pid is not None:
            process = psutil.Process(server.pid)
            family = (process, *process.children(recursive=True))
            cpu[f"the {server.name}"] = sum(_seconds(each) + _reaped(each) for each in family)
    return Spent(time.perf_counter(), cpu, _counted())


def _seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def _reaped(process: psutil.Process) -> float:
    """Of children that have ended."""
    times = process.cpu_times()
    return times.children_user + times.children_system


def _of_threads(java: psutil.Process) -> Counter[str]:
    """Seconds of a JVM's threads by what they are for; what ended ones took counts as planning."""
    found: Counter[str] = Counter()
    for folder in Path(f"/proc/{java.pid}/task").iterdir():
        try:
            text = (folder / "stat").read_text(encoding="utf-8")
        except OSError:  # it has ended
            continue
        name, fields = text.partition("(")[2].rpartition(")")[0], text.rpartition(")")[2].split()
        kind = next((kind for begin, kind in _THREADS.items() if name.startswith(begin)), _PLANS)
        found[kind] += (int(fields[11]) + int(fields[12])) / _TICKS  # utime and stime
    found[_PLANS] += max(0.0, _seconds(java) - sum(found.values()))
    workers = _reaped(java) + sum(_seconds(each) + _reaped(each) for each in java.children(recursive=True))
    found["Python workers"] = workers
    return found


def _session() -> SparkSession:
    """That of the jobs."""
    spark = SparkSession._instantiatedSession  # noqa: SLF001 of any thread
    if spark is None:
        raise SystemExit("no job started Spark")
    return spark


def _newest() -> int:
    """The number of the last query; -1 before there is a session."""
    return -1 if SparkSession._instantiatedSession is None else executed.newest(_session())  # noqa: SLF001


def _counted() -> Counter[str]:
    """What the JVM says it has done; nothing before there is one."""
    if _newest() < 0:
        return Counter()
    spark = _session()
    jvm: Any = spark._jvm  # noqa: SLF001 the JVM's edge
    codegen = jvm.org.apache.spark.metrics.source.CodegenMetrics
    generator = jvm.org.apache.spark.sql.catalyst.expressions.codegen.CodeGenerator
    context: Any = spark.sparkContext._jsc.sc()  # noqa: SLF001 as above
    return Counter(
        {
            "jobs of Spark": context.dagScheduler().numTotalJobs(),
            "queries": executed.newest(spark) + 1,
            "classes made": codegen.METRIC_COMPILATION_TIME().getCount(),
            "seconds of making classes": generator.compileTime() / 1e9,
        }
    )


def _print(spent: list[Found]) -> None:
    for week in spent:
        print(f"week {week['week']}: {week['seconds']:.1f} s, {week['cpu_seconds']:.0f} s of processor")
        for name in ("jobs", "cpu", "counted"):
            print(f"  {name}: " + ", ".join(f"{what} {number:.4g}" for what, number in week[name].items()))


if __name__ == "__main__":
    main()
