"""How many events a second go from landing files to results? `python bench/chain.py`, 10 minutes.

The second week of the shipped blueprint, with as many customers as it has and with ten times as many, through
the whole workflow on a stack of its own: from the landing files of change capture through bronze, silver and
gold to certified results, each job's own time summed, one Spark session for all jobs. The week's trades are
counted; its exposures, quotes and canaries come on top.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
from pathlib import Path

from assay import generators
from assay.spec import Blueprint

import place
import record
from generator import world

JOBS = ("bronze", "silver", "gold", "calibrate")
WEEK = 2
"""The first week has no experiments."""


def through(blueprint: Blueprint) -> dict[str, float]:
    """Seconds of each job in the week."""
    with tempfile.TemporaryDirectory() as folder, place.stack_here():
        path = Path(folder) / "blueprint.json"
        path.write_text(blueprint.document(), encoding="utf-8")
        weeks = place.run_weeks(path, WEEK)
    return {name.removeprefix("assay-"): float(seconds) for name, seconds in weeks[-1]["jobs"].items()}


def measured(sizes: list[int], book: Path) -> dict[int, tuple[int, dict[str, float]]]:
    """Trades and seconds at each size; what was measured before is kept."""
    found = {int(size): each for size, each in json.loads(book.read_text()).items()} if book.exists() else {}
    for size in sizes:
        if size not in found:
            blueprint = world(size)
            events = generators.arrivals(blueprint, WEEK).trades.num_rows
            found[size] = (events, through(blueprint))
            book.parent.mkdir(parents=True, exist_ok=True)
            book.write_text(json.dumps(found), encoding="utf-8")
    return {size: (found[size][0], found[size][1]) for size in sizes}


def main() -> int:
    """Measure and keep."""
    parser = argparse.ArgumentParser(prog="bench/chain.py")
    parser.add_argument("--customers", nargs="+", type=int, default=[40_000, 400_000])
    parser.add_argument("--folder", type=Path, default=Path(".assay") / "bench")
    parser.add_argument("--again", action="store_true", help="measure again what was measured before")
    given = parser.parse_args()
    book = given.folder / "chain.json"
    if given.again:
        book.unlink(missing_ok=True)
    found = measured(sorted(given.customers), book)
    rows, notes = [], []
    for size, (events, jobs) in found.items():
        what = f"{size:,} customers, {events:,} trades a week"
        total = sum(jobs[name] for name in JOBS)
        rows += [record.row(f"{what}: landing to results", events / total, "events/s")]
        rows += [record.row(f"{what}: {name}", jobs[name], "s") for name in JOBS]
    sums = [(events, sum(jobs[name] for name in JOBS)) for events, jobs in found.values()]
    if len(sums) > 1:
        (small, few), (large, many) = sums[0], sums[-1]
        slope = math.log(many / few) / math.log(large / small)
        notes.append(f"Time grows with events to the power of {slope:.2f}; each job's fixed part is in it.")
    record.store("chain", "From landing to results", __doc__, rows, packages=("pyspark",), notes=notes)
    return 0


if __name__ == "__main__":
    sys.exit(main())
