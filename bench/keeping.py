"""Where what was measured is kept: bench/results, in the fields that the page of all benches shows."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "bench" / "results"
Row = dict[str, Any]


def row(what: str, ours: float, unit: str, *, most: float | None = None) -> Row:
    """One figure, with its goal: to be at most so much."""
    judged = {"goal": "", "met": None} if most is None else {"goal": f"≤ {most:g}", "met": ours <= most}
    return {"what": what, "ours": ours, "unit": unit, "peer": None, "against": "", "ratio": None, **judged}


def keep(
    name: str, title: str, about: str, rows: Sequence[Row], notes: Sequence[str], more: Mapping[str, Any]
) -> Path:
    """Print rows, and keep them with machine, versions and the measurements behind them.

    Args:
        name: Of the bench, and of its file.
        title: Its heading.
        about: What was measured, in a few sentences.
        rows: As `row` makes them.
        notes: What is to be said beside the rows.
        more: Measurements that the rows were computed from.
    """
    found = {
        "name": name,
        "title": title,
        "about": about,
        "date": datetime.now(UTC).date().isoformat(),
        "commit": _git("rev-parse", "--short", "HEAD") + "+" * bool(_git("status", "--porcelain", "lib")),
        "machine": machine(),
        "versions": {"Python": platform.python_version(), "pyspark": version("pyspark")},
        "rows": list(rows),
        "notes": list(notes),
        **more,
    }
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    for each in rows:
        verdict = {None: "", True: f", goal {each['goal']} (met)", False: f", goal {each['goal']} (missed)"}
        print(f"{each['what']}: {each['ours']:,.4g} {each['unit']}{verdict[each['met']]}")
    for note in notes:
        print(note)
    print(f"kept in {path.relative_to(ROOT)}")
    return path


def machine() -> dict[str, Any]:
    """Cores, memory and processor."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    model = next((line.partition(": ")[2] for line in lines if line.startswith("model name")), "")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {"cores": os.cpu_count(), "memory": f"{memory:.0f} GiB", "cpu": model or platform.machine()}


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip()
