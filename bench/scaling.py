"""How does a week's cost grow with events, with experiments, and with metrics of one fact?

`python bench/scaling.py` takes about twenty minutes: each of seven worlds runs its first two weeks through
the workflow, in a process and on a stack of its own; the second is measured. Broken off, it goes on where it
stopped. It prints slopes on a log-log scale and keeps them in bench/results/scaling.json;
with `--model` it also writes glue_configs/measured.yaml, from which `assay cost` predicts (run weeks.py
before: what history costs is taken from its results).
"""

from __future__ import annotations

import argparse
import itertools
import math
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import one_week
import scaling_model
from metered import total
from one_week import Blueprint, Week

import record

WEEKS = 2
CUSTOMERS, EXPERIMENTS, METRICS = 20_000, 8, 8
"""The world that the others differ from in one number each."""
BASE = {"customers": CUSTOMERS, "experiments": EXPERIMENTS, "metrics": METRICS}
SIZES: dict[str, tuple[int, ...]] = {
    "customers": (CUSTOMERS, 5 * CUSTOMERS, 25 * CUSTOMERS),
    "experiments": (2, EXPERIMENTS, 32),
    "metrics": (2, METRICS, 32),
}
LINEAR, BELOW = 1.1, 1.0
_LAYERS_TRAFFIC = 0.5
_MB = 1e6
ABOUT = (
    "The second week of worlds that differ in one number: how many customers, all of whom trade alike; how "
    "many experiments, each in a layer of its own with half of the customers; how many metrics, all of the "
    "same fact. A slope of 1 on a log-log scale is proportional, of 0 constant."
)


def world(document: Blueprint, *, customers: int, experiments: int, metrics: int) -> None:
    """Make a world of a size.

    Args:
        document: The small blueprint.
        customers: How many there are.
        experiments: How many, all from week 2 on.
        metrics: How many, half with a cap and half with a window of days of their own.
    """
    document["name"] = f"scaling_{customers}_{experiments}_{metrics}"
    document["population"] |= {"initial": customers, "signups_per_week": 0}
    document["metrics"] = dict(itertools.islice(_metrics(), metrics))
    arms = [{"name": "control", "allocation": 0.5}, {"name": "treatment", "allocation": 0.5}]
    one = {"traffic": _LAYERS_TRAFFIC, "first_week": 2, "weeks": 2, "metrics": [*document["metrics"]]}
    document["experiments"] = {f"experiment_{n}": {**one, "arms": arms} for n in range(1, experiments + 1)}


def _metrics() -> Iterator[tuple[str, dict[str, Any]]]:
    plain = {"type": "mean", "numerator": "trades.notional", "minimum_effect": 0.05}
    for n in itertools.count(1):
        yield f"capped_{n}", {**plain, "cap": 500.0 + n}
        yield f"first_{n}_days", {**plain, "window": {"from_day": 0, "to_day": n}}


def main() -> None:
    """Run the worlds that are missing, then compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--home", type=Path, default=Path(".assay") / "scaling", help="for all that is kept")
    parser.add_argument("--share", type=float, default=1.0, help="of the customers: 0.1 for a quick look")
    parser.add_argument("--quick", action="store_true", help="the usual and the greatest of each size only")
    parser.add_argument("--model", action="store_true", help="also write glue_configs/measured.yaml")
    asked = parser.parse_args()
    if not 0 < asked.share <= 1:
        parser.error(f"--share is {asked.share}; give more than 0, and 1 at most")
    home = asked.home.resolve() / f"share-{asked.share:g}"
    points = {
        axis: [
            _point(home, axis, size, asked.share)
            for size in sizes
            if not asked.quick or size in (BASE[axis], max(sizes))
        ]
        for axis, sizes in SIZES.items()
    }
    told(points)
    if asked.model:
        scaling_model.write([world for found in points.values() for world in found])


def _point(home: Path, axis: str, size: int, share: float) -> Week:
    """The last week of one world; a world that two axes share is run once."""
    sizes = BASE | {axis: size}
    sizes["customers"] = max(1, round(share * sizes["customers"]))
    folder = home / "-".join(f"{name}-{number}" for name, number in sizes.items())
    if not one_week.out(folder, WEEKS).exists():
        _run(folder, partial(world, **sizes))
    before, found = (one_week.read(folder, number) for number in (WEEKS - 1, WEEKS))
    print(f"{axis} {sizes[axis]:,}: {found['events']:,} events, {cpu(found):.1f} s of processors, "
          f"{megabytes(found):.1f} MB read", flush=True)  # fmt: skip
    return {**found, **sizes, **one_week.left(before, found)}


def _run(folder: Path, change: Callable[[Blueprint], None]) -> None:
    from assay.local import stack

    os.environ["ASSAY_HOME"] = str(folder / "stack")
    stack.reset()
    shutil.rmtree(folder, ignore_errors=True)
    path = one_week.blueprint(folder / "world.yaml", change)
    try:
        one_week.started()
        one_week.run(path, range(1, WEEKS + 1), folder, maintain=True)
    finally:
        stack.reset()


def cpu(week: Week) -> float:
    """Seconds of processors of the workflow's jobs."""
    return float(sum(cost["cpu"] for cost in _jobs(week)))


def megabytes(week: Week) -> float:
    """MB that the emulator sent to them."""
    return sum(total(cost["counts"], "bytes ") for cost in _jobs(week)) / _MB


def _jobs(week: Week) -> list[dict[str, Any]]:
    return [cost for name, cost in week["jobs"].items() if name != one_week.MAINTAIN]


def slope(sizes: Sequence[float], values: Sequence[float]) -> float:
    """The slope of a straight line through the logarithms, by least squares."""
    x, y = ([math.log(each) for each in of] for of in (sizes, values))
    middle = sum(x) / len(x)
    return sum((a - middle) * b for a, b in zip(x, y, strict=True)) / sum((a - middle) ** 2 for a in x)


def told(points: dict[str, list[Week]]) -> None:
    """Print and keep the slopes."""
    rows, notes = [], []
    for axis, found in points.items():
        name, size, goal = ("events", "events", LINEAR) if axis == "customers" else (axis, axis, BELOW)
        sizes = [week[size] for week in found]
        for what, measure in (("processor seconds", cpu), ("MB read", megabytes)):
            of = slope(sizes, [measure(week) for week in found])
            rows.append(record.row(f"slope of {what} in {name}", of, "", most=goal))
            each = ", ".join(f"{n:,}: {measure(week):.1f}" for n, week in zip(sizes, found, strict=True))
            steps = [_step(found[n : n + 2], sizes[n : n + 2], measure) for n in range(len(found) - 1)]
            per = "million events" if axis == "customers" else f"{axis.removesuffix('s')} more"
            unit = 1e6 if axis == "customers" else 1.0
            more = ", then ".join(f"{unit * step:.2f}" for step in steps)
            notes.append(f"{what[0].upper()}{what[1:]} by {name}: {each}; per {per} {more}.")
    kept = {axis: [_short(week) for week in found] for axis, found in points.items()}
    record.store(
        "scaling", "Growth of a week's cost", __doc__, rows,
        about=ABOUT, packages=["pyspark"], notes=notes, more={"points": kept},
    )  # fmt: skip


def _step(pair: Sequence[Week], sizes: Sequence[float], measure: Callable[[Week], float]) -> float:
    """How much one more costs, between two sizes."""
    return (measure(pair[1]) - measure(pair[0])) / (sizes[1] - sizes[0])


def _short(week: Week) -> Week:
    """A world without the counts of single tables."""
    sizes = {name: week[name] for name in ("events", "customers", "experiments", "metrics", *one_week.LEFT)}
    jobs = {
        name: {"cpu": round(cost["cpu"], 2), "bytes": total(cost["counts"], "bytes ")}
        for name, cost in week["jobs"].items()
    }
    return {**sizes, "jobs": jobs}


if __name__ == "__main__":
    main()
