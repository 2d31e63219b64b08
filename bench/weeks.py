"""Does a week cost in the 52nd week what it cost in the second? A year of equal weeks, each measured.

`python bench/weeks.py --weeks 52` takes about 45 seconds a week; broken off, it goes on where it stopped.
Each week is on a clock that is a week later than the one before, and ends with the weekly maintenance, as in
AWS: states of tables become old and go, the journal is read back by a day. The weeks of a round of
experiments share a process, so that those at the same place of two rounds are spared the same. It prints the
growth over the year and keeps it in bench/results/weeks.json, with a plot in docs/weeks.svg.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import one_week
import weeks_plot
from metered import total
from one_week import Blueprint, Week

import record

CYCLE = 8
"""Weeks after which experiments begin anew: what is compared is a whole round of them."""
FIRST = 2
MOST = 1.2
_MB = 1e6
_CLOCK = Path(__file__).parents[1] / "tests" / "faults" / "clock.c"
CANARIES = 300
WHY = (
    "What grows is read whole each week: by the account of all layers, and where a table is a single file. "
    "Flat bytes need both mended: an account that goes on from the last one that agreed, and smaller files."
)
ABOUT = (
    "A year of equal weeks through the whole workflow and the weekly maintenance, on the local platform, "
    "each on a clock that is a week later; a process for each round of experiments, eight weeks. Compared "
    "are medians over eight weeks: those from week 2 on and the last ones."
)
Measure = Callable[[Week], float]


def constant(document: Blueprint) -> None:
    """Nobody signs up, and the canaries of a week are as few as can be: every week brings the same."""
    document["name"] = "weeks"
    document["population"]["signups_per_week"] = 0
    document["canaries"] = {"customers": CANARIES}


def cpu(week: Week) -> float:
    """Seconds of processors of all jobs, maintenance included."""
    return float(sum(job["cpu"] for job in week["jobs"].values()))


def seconds(week: Week) -> float:
    """Seconds of the clock of all jobs."""
    return float(sum(job["seconds"] for job in week["jobs"].values()))


def megabytes(week: Week, *places: str) -> float:
    """MB that the emulator sent, of some places or of all."""
    counts = [job["counts"] for job in week["jobs"].values()]
    return sum(total(each, f"bytes {place}") for each in counts for place in places or ("",)) / _MB


def requests(week: Week) -> float:
    """Requests to the emulator."""
    return float(sum(total(job["counts"], "requests ") for job in week["jobs"].values()))


def gets(week: Week) -> float:
    """Objects, or parts of them, that were read."""
    return float(sum(total(job["counts"], "requests GET ") for job in week["jobs"].values()))


def files(week: Week) -> float:
    """Data files of all tables' newest states."""
    return float(sum(table.get("files", 0) for table in week["tables"].values()))


def snapshots(week: Week) -> float:
    """States of all tables that are kept."""
    return float(sum(table.get("snapshots", 0) for table in week["tables"].values()))


def metadata(week: Week) -> float:
    """MB of tables' metadata."""
    return sum(table["metadata_bytes"] for table in week["tables"].values()) / _MB


COMPARED: dict[str, tuple[Measure, str]] = {
    "processor seconds of a week": (cpu, "s"),
    "seconds of a week": (seconds, "s"),
    "MB read in a week": (megabytes, "MB"),
    "requests of a week": (requests, ""),
    "objects read in a week": (gets, ""),
    "data files": (files, ""),
    "states kept": (snapshots, ""),
    "MB of metadata": (metadata, "MB"),
}
DRAWN = {
    "Processor seconds": cpu,
    "MB read": megabytes,
    "Objects read": gets,
    "Data files": files,
    "States kept": snapshots,
    "MB of metadata": metadata,
}
JUDGED = ("processor seconds of a week", "seconds of a week", "MB read in a week", "objects read in a week")
"""Time, bytes and files touched; what lies there is told beside."""


def grown(weeks: Sequence[Week], measure: Measure) -> tuple[float, float]:
    """The median over the first round of experiments, and over the last one."""
    span = min(CYCLE, max(1, (len(weeks) - FIRST + 1) // 2))
    first, last = weeks[FIRST - 1 : FIRST - 1 + span], weeks[-span:]
    return statistics.median(map(measure, first)), statistics.median(map(measure, last))


def main() -> None:
    """Run the weeks that are missing, then compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--weeks", type=int, default=52, help="how many in all; 4 or more")
    parser.add_argument(
        "--home", type=Path, default=Path(".assay") / "weeks", help="where everything is kept"
    )
    parser.add_argument("--anew", action="store_true", help="begin with week 1 again")
    asked = parser.parse_args()
    if asked.weeks < FIRST + 2:
        parser.error(f"--weeks is {asked.weeks}; give {FIRST + 2} or more")
    weeks = measured(asked.home.resolve(), asked.weeks, anew=asked.anew)
    told(weeks)


def measured(home: Path, count: int, *, anew: bool) -> list[Week]:
    """The weeks, those that were measured before among them.

    Args:
        home: The folder of the stack and of the measurements.
        count: How many weeks.
        anew: Whether to begin with week 1.
    """
    from assay.local import stack

    os.environ["ASSAY_HOME"] = str(home / "stack")
    if anew:
        stack.reset()
        shutil.rmtree(home, ignore_errors=True)
    path = one_week.blueprint(home / "weeks.yaml", constant)
    clock = _clock(home)
    found: list[Week] = []
    try:
        for numbers in rounds(count):
            lacking = [number for number in numbers if not one_week.out(home, number).exists()]
            if lacking:
                one_week.started()
                one_week.run(path, lacking, home, maintain=True, environment=clock)
            for number in numbers:
                found.append(one_week.read(home, number))
                print(_line(found[-1]), flush=True)
    finally:
        stack.down()
    return found


def rounds(count: int) -> list[list[int]]:
    """The weeks by process: the first, which makes the tables, then those of each round of experiments."""
    later = range(FIRST, count + 1)
    return [[1], *([*later[n : n + CYCLE]] for n in range(0, len(later), CYCLE))]


def _clock(home: Path) -> dict[str, str]:
    """The variables that move a process's clock, by the seconds in a file."""
    library, source, shift = home / "clock.so", _CLOCK, home / "clock.shift"
    shift.write_bytes(bytes(8))
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise SystemExit("there is no C compiler to make what moves a process's clock; install gcc")
    subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-o", library, source], check=True)
    return {"LD_PRELOAD": str(library), "CLOCK_FILE": str(shift)}


def _line(week: Week) -> str:
    jobs = ", ".join(f"{name} {job['cpu']:.1f}" for name, job in week["jobs"].items())
    return (
        f"week {week['week']:2}: {cpu(week):5.1f} s of processors ({jobs}), {megabytes(week):6.2f} MB in "
        f"{gets(week):,.0f} reads, {files(week):,.0f} files, {snapshots(week):,.0f} states"
    )


def told(weeks: Sequence[Week]) -> None:
    """Print and keep the growth, and draw the year."""
    rows = []
    for name, (measure, unit) in COMPARED.items():
        first, last = grown(weeks, measure)
        rows.append(record.row(f"{name}, at first", first, unit))
        rows.append(record.row(f"{name}, at last", last, unit))
        most = MOST if name in JUDGED else None
        rows.append(record.row(f"{name}, last / first", last / first if first else 1.0, "", most=most))
    jobs = {job for week in weeks for job in week["jobs"]}
    by_job = {
        job: grown(weeks, lambda week, j=job: week["jobs"].get(j, {"cpu": 0.0})["cpu"])
        for job in sorted(jobs)
    }
    notes = [
        f"Weeks: {len(weeks)}; {statistics.median(week['events'] for week in weeks):,.0f} changes in each."
    ]
    notes += [
        f"Processor seconds of {job}: {a:.1f} at first, {b:.1f} at last." for job, (a, b) in by_job.items()
    ]
    notes += [*_readers(weeks), WHY]
    record.store(
        "weeks", "A year of equal weeks", __doc__, rows,
        about=ABOUT, packages=["pyspark"], notes=notes, more={"weeks": [_short(week) for week in weeks]},
    )  # fmt: skip
    panels = {name: [(week["week"], measure(week)) for week in weeks] for name, measure in DRAWN.items()}
    weeks_plot.write(record.ROOT / "docs" / "weeks.svg", panels)


def _readers(weeks: Sequence[Week], most: int = 8) -> list[str]:
    """Where the bytes that are read come from, the fastest growing first."""
    places = {
        key.removeprefix("bytes ")
        for week in weeks
        for job in week["jobs"].values()
        for key in job["counts"]
        if key.startswith("bytes ")
    }
    pairs = {place: grown(weeks, lambda week, p=place: megabytes(week, p)) for place in places}
    growing = sorted(pairs.items(), key=lambda each: each[1][0] - each[1][1])[:most]
    return [
        f"MB read of {place}: {first:.2f} at first, {last:.2f} at last." for place, (first, last) in growing
    ]


def _short(week: Week) -> Week:
    """A week without the counts of single tables."""
    jobs = {
        name: {
            "seconds": round(job["seconds"], 2),
            "cpu": round(job["cpu"], 2),
            "bytes": total(job["counts"], "bytes "),
            "requests": total(job["counts"], "requests "),
            "gets": total(job["counts"], "requests GET "),
        }
        for name, job in week["jobs"].items()
    }
    return {
        "week": week["week"],
        "events": week["events"],
        "jobs": jobs,
        "files": files(week),
        "snapshots": snapshots(week),
        "metadata_bytes": int(metadata(week) * _MB),
    }


if __name__ == "__main__":
    main()
