"""What does a week cost here, and what is it spent on? Weeks of the default blueprint on their own stack.

`python bench/run.py --weeks 3` takes five minutes on two idle cores. The weeks run in this process, as
`assay run` runs them. Seconds of processor are those that the kernel counts: of the JVM by what its threads
are for, of this process, of workers, and of the servers that stand in for AWS. The result is stored in
bench/results/run.json. `--trial` only prints it, `--conf KEY=VALUE` changes a setting of Spark for it.
"""

from __future__ import annotations

import argparse
import os
import shlex
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from assay import configs
from assay.cli import run, weeks
from assay.local import stack, state
from assay.spec import load_blueprint
from startup import store

GOALS = {1: 60.0}
LATER = 12.0
"""Seconds of the first week with the start of Spark, and of any other."""
_TICKS = os.sysconf("SC_CLK_TCK")
_THREADS = {
    "C1 CompilerThre": "the JVM's first compiler",
    "C2 CompilerThre": "the JVM's second compiler",
    "GC Thread": "the JVM's memory",
    "G1 ": "the JVM's memory",
    "VM Thread": "the JVM's memory",
    "Executor task l": "Spark's tasks",
}
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
            rows = _weeks(asked.weeks)
        finally:
            stack.reset()
    _print(rows)
    if not asked.trial:
        store("run", rows, versions=("pyspark", "ministack"))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weeks", type=int, default=3)
    parser.add_argument("--trial", action="store_true", help="print only")
    parser.add_argument("--conf", action="append", default=[], help="a setting of Spark, KEY=VALUE")
    return parser.parse_args()


def _weeks(count: int) -> list[dict[str, Any]]:
    path = configs.path(run.DEFAULT).resolve()
    blueprint = load_blueprint(path)
    workflow, numbers = run.prepare(blueprint, path, weeks.Asked(weeks=count))
    rows = []
    for number in numbers:
        jobs: dict[str, float] = {}
        before = _spent()
        ended = workflow.run(
            {"week": blueprint.week_start(number).isoformat(), **run.of_the_run(path, None)},
            on_event=lambda event, jobs=jobs: (
                jobs.update({event.job: event.seconds}) if event.seconds else None
            ),
        )
        if not ended.succeeded:
            raise SystemExit(f"week {number} failed: {ended.error}")
        after = _spent()
        goal = GOALS.get(number, LATER)
        seconds = after.at - before.at
        rows.append(
            {
                "what": f"week {number}" + (", with the start of Spark" if number == 1 else ""),
                "ours": seconds,
                "unit": "s",
                "goal": f"<= {goal:g} s",
                "met": seconds <= goal,
                "cpu_seconds": sum((after.cpu - before.cpu).values()),
                "cpu": dict((after.cpu - before.cpu).most_common()),
                "counted": dict(after.counted - before.counted),
                "jobs": jobs,
            }
        )
    return rows


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


def _counted() -> Counter[str]:
    """What the JVM says it has done; nothing before there is one."""
    from pyspark.sql import SparkSession

    spark = SparkSession.getActiveSession() or SparkSession._instantiatedSession  # noqa: SLF001 of any thread
    if spark is None:
        return Counter()
    jvm: Any = spark._jvm  # noqa: SLF001 the JVM's edge
    codegen = jvm.org.apache.spark.metrics.source.CodegenMetrics
    generator = jvm.org.apache.spark.sql.catalyst.expressions.codegen.CodeGenerator
    context: Any = spark.sparkContext._jsc.sc()  # noqa: SLF001 as above
    return Counter(
        {
            "jobs of Spark": context.dagScheduler().numTotalJobs(),
            "queries": jvm.org.apache.spark.sql.execution.SQLExecution.nextExecutionId(),
            "classes made": codegen.METRIC_COMPILATION_TIME().getCount(),
            "seconds of making classes": generator.compileTime() / 1e9,
        }
    )


def _print(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        print(
            f"{row['what']}: {row['ours']:.1f} s (goal {row['goal']}), {row['cpu_seconds']:.0f} of processor"
        )
        print("  jobs: " + ", ".join(f"{job} {seconds:.1f}" for job, seconds in row["jobs"].items()))
        print("  processor: " + ", ".join(f"{what} {seconds:.1f}" for what, seconds in row["cpu"].items()))
        print("  counted: " + ", ".join(f"{what} {number:.4g}" for what, number in row["counted"].items()))


if __name__ == "__main__":
    main()
