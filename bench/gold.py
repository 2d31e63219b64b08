"""How long does gold take for a whole history at once? `python bench/gold.py`, 20 minutes.

20 experiments with two arms, each customer in two of them, ten events a customer over three weeks before and
the week itself, six metrics with the same of the past as covariate, on two cores. Assay's job reads silver,
keeps what each unit did in each week, and writes audited moments, results and health. DuckDB with
tea-tasting, and plain PySpark with pandas and SciPy, compute the results alone from the same Parquet files
and keep nothing. Time is that of the work, without the start of the process; memory that of the process with
all that it starts; bytes are those asked of files, whichever cache they came from.

What was measured stays in the folder: the bench goes on where it stopped, `--again` begins anew.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import measure
import record

BENCH = Path(__file__).parent
PEERS = BENCH.parent / ".venv-peers" / "bin" / "python"
CONTESTANTS = {"assay": Path(sys.executable), "duckdb": PEERS, "pyspark": Path(sys.executable)}
NAMES = {"duckdb": "DuckDB + tea-tasting", "pyspark": "PySpark + pandas + SciPy"}
GOALS: dict[str, dict[str, float]] = {"duckdb": {"most": 3.0}, "pyspark": {"most": 0.2}}
"""Of the time of each peer, at the greatest size: at most 3 times DuckDB's, 5 times faster than PySpark."""
MEGA = 1e6
BEYOND = (
    "What Assay writes beyond its peers is a row per unit, measure and week, in order and audited: from it "
    "the next week's results are made by reading that week alone. A row per unit and week, with a column per "
    "measure, would be a sixth of the rows here; its table would change with every metric."
)
Measured = dict[str, dict[str, Any]]


def run(folder: Path, events: int, only: list[str], *, again: bool) -> Measured:
    """What each contestant took at one size, measured now or before."""
    folder.mkdir(parents=True, exist_ok=True)
    book = folder / "measured.json"
    found: Measured = json.loads(book.read_text(encoding="utf-8")) if book.exists() and not again else {}
    environment = {"PYTHONPATH": os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), str(BENCH)]))}
    measure.watch([sys.executable, BENCH / "gold_world.py", folder, str(events)], environment)
    for name, python in CONTESTANTS.items():
        if name in found or name not in only:
            continue
        watched = measure.watch([python, BENCH / f"gold_{name}.py", folder], environment)
        said = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        found[name] = {
            "seconds": said["seconds"], "read": said["read"] / MEGA, "whole": watched.seconds,
            "memory": watched.memory / MEGA, "parts": said.get("parts", {}),
        }  # fmt: skip
        print(f"{events:,} events, {name}: {found[name]}")
        book.write_text(json.dumps(found), encoding="utf-8")
    return found


def rows_of(events: int, found: Measured, *, greatest: bool) -> list[record.Row]:
    """Assay beside each peer at one size."""
    ours, size, rows = found["assay"], f"{events:,} events", []
    for name in NAMES.keys() & found.keys():
        theirs, goal = found[name], GOALS[name] if greatest else {}
        beside = {"against": NAMES[name]}
        rows += [
            record.row(f"{size}: work", ours["seconds"], "s", peer=theirs["seconds"], **beside, **goal),
            record.row(f"{size}: whole process", ours["whole"], "s", peer=theirs["whole"], **beside),
            record.row(f"{size}: most memory", ours["memory"], "MB", peer=theirs["memory"], **beside),
            record.row(f"{size}: read", ours["read"], "MB", peer=theirs["read"], **beside),
        ]  # fmt: skip
    return sorted(rows, key=lambda each: str(each["against"]))


def differences(folder: Path, names: list[str]) -> list[str]:
    """How far the results of the peers are from ours, one sentence each.

    Raises:
        SystemExit: A peer counted other units, or has other results: then a time says nothing.
    """
    ours = _results(folder, "assay")
    said = []
    for name in names:
        theirs = _results(folder, name)
        if ours.keys() != theirs.keys():
            raise SystemExit(f"{name} has other results than Assay: {len(theirs)}, not {len(ours)}")
        pairs = [(ours[key], theirs[key]) for key in ours]
        if any(mine["units"] != other["units"] for mine, other in pairs):
            raise SystemExit(f"{name} counted other units than Assay")
        means = max(
            abs(b / a - 1)
            for mine, other in pairs
            for a, b in zip(mine["means"], other["means"], strict=True)
        )
        moved = max(abs(mine["estimate"] - other["estimate"]) / mine["std_error"] for mine, other in pairs)
        p_values = max(abs(mine["p_value"] - other["p_value"]) for mine, other in pairs)
        said.append(
            f"{NAMES[name]} and Assay agree: the same units in all {len(pairs)} comparisons; means of arms "
            f"differ by {means:.1g} at most, relatively; CUPED's estimates, whose slope is pooled over both "
            f"arms there and within them here, by {moved:.1g} standard errors, p-values by {p_values:.1g}."
        )
    return said


def _results(folder: Path, name: str) -> dict[tuple[str, str], dict[str, Any]]:
    kept = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))["results"]
    return {(each["experiment"], each["metric"]): each for each in kept}


def growth(measured: dict[int, Measured]) -> list[str]:
    """How time grows with the number of events, and where Assay overtakes a peer."""
    said = []
    for name in ("assay", *NAMES):
        sizes = [size for size in sorted(measured) if name in measured[size]]
        slopes = [
            f"{_slope(small, large, *(measured[size][name]['seconds'] for size in (small, large))):.2f}"
            for small, large in pairwise(sizes)
        ]
        if slopes:
            shown = NAMES.get(name, "Assay")
            said.append(f"{shown}: time grows with events to the power of {', then '.join(slopes)}.")
    parts = measured[max(measured)]["assay"]["parts"]
    said.append(f"Of Assay's time: {', '.join(f'{what} {taken:,.1f} s' for what, taken in parts.items())}.")
    return said + [_overtaken(measured, name) for name in NAMES]


def _slope(small: int, large: int, before: float, after: float) -> float:
    return math.log(after / before) / math.log(large / small)


def _overtaken(measured: dict[int, Measured], name: str) -> str:
    """Between which sizes Assay gets faster than a peer."""
    sizes = [size for size in sorted(measured) if {"assay", name} <= measured[size].keys()]
    gaps = [math.log(measured[s]["assay"]["seconds"] / measured[s][name]["seconds"]) for s in sizes]
    for (small, before), (large, after) in pairwise(zip(sizes, gaps, strict=True)):
        if before > 0 >= after:
            place = math.exp(math.log(small) + math.log(large / small) * before / (before - after))
            return f"Assay overtakes {NAMES[name]} at about {place:,.0f} events (interpolated)."
    faster = (
        "faster" if gaps and max(gaps) <= 0 else "slower" if gaps and min(gaps) > 0 else "not always faster"
    )
    return f"Assay is {faster} than {NAMES[name]} at all measured sizes."  # fmt: skip


def main() -> int:
    """Measure each size and keep all."""
    parser = argparse.ArgumentParser(prog="bench/gold.py")
    parser.add_argument("--events", nargs="+", type=float, default=[1e5, 1e6, 1e7])
    parser.add_argument("--folder", type=Path, default=Path(".assay") / "bench")
    parser.add_argument("--only", nargs="+", choices=CONTESTANTS, default=list(CONTESTANTS))
    parser.add_argument("--again", action="store_true", help="measure again what was measured before")
    parser.add_argument(
        "--remove", action="store_true", help="delete the tables at the end; what was measured stays"
    )
    given = parser.parse_args()
    sizes = sorted(int(each) for each in given.events)
    folders = {size: (given.folder / f"gold-{size}").absolute() for size in sizes}
    measured = {size: run(folders[size], size, given.only, again=given.again) for size in sizes}
    if any("assay" not in found or len(found) < 2 for found in measured.values()):
        print("measured in part: without `--only`, the rest follows and all of it is kept")
        return 0
    greatest = sizes[-1]
    rows = [row for size in sizes for row in rows_of(size, measured[size], greatest=size == greatest)]
    agree = differences(folders[greatest], [name for name in NAMES if name in measured[greatest]])
    versions, notes = record.pinned("duckdb", "tea-tasting"), [*agree, *growth(measured), BEYOND]
    packages = ("pyspark", "pandas", "scipy")
    record.store("gold", "Gold", __doc__, rows, packages=packages, versions=versions, notes=notes)
    if given.remove:
        for folder in folders.values():
            for part in ("lake", "drawn", "local", "warehouse"):
                shutil.rmtree(folder / part, ignore_errors=True)
            (folder / "world.json").unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
