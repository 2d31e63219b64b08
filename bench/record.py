"""What a bench measured, printed and kept: one file per bench in bench/results, which bench/page.py shows.

A row holds ours beside one other: a peer, or the floor below which nobody gets. Its ratio is ours over the
other's, and its goal is one of the ratio, or of ours where there is no other. Seconds differ between
machines, ratios hardly; so nothing here is ever asserted by a test.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "bench" / "results"
_GIBIBYTE = 2**20  # in kB, as /proc/meminfo counts
Row = dict[str, object]


def row(
    what: str,
    ours: float,
    unit: str,
    *,
    peer: float | None = None,
    against: str = "",
    least: float | None = None,
    most: float | None = None,
) -> Row:
    """One comparison.

    Args:
        what: What was measured, and how much of it.
        ours: Assay's figure.
        unit: Its unit, for example `s` or `rows/s`.
        peer: The other's figure in the same unit; None where there is none.
        against: Who the other is.
        least: Goal: the ratio (ours where there is no other) is this or more.
        most: Goal: it is this or less.
    """
    ratio = None if peer is None else ours / peer
    judged = ours if ratio is None else ratio
    goal = f"≥ {least:g}" if least is not None else f"≤ {most:g}" if most is not None else ""
    met = (least is None or judged >= least) and (most is None or judged <= most)
    return {
        "what": what, "ours": ours, "unit": unit, "peer": peer, "against": against, "ratio": ratio,
        "goal": goal, "met": met if goal else None,
    }  # fmt: skip


def store(
    name: str,
    title: str,
    doc: str | None,
    rows: Sequence[Row],
    *,
    about: str = "",
    more: Mapping[str, object] | None = None,
    packages: Iterable[str] = (),
    versions: Mapping[str, str] | None = None,
    notes: Sequence[str] = (),
) -> Path:
    """Print rows, and keep them with where and by what they were measured.

    Args:
        name: Of the bench, and of its file.
        title: Its heading on the page.
        doc: The bench's docstring, whose second paragraph says what was compared.
        rows: As `row` makes them.
        about: What was compared, where the docstring does not say it.
        more: Measurements that the rows were computed from.
        packages: Whose versions in this environment belong to the result.
        versions: More versions, of what lies outside of it.
        notes: Sentences below the table.
    """
    named = {package: version(package) for package in packages} | dict(versions or {})
    found = {
        "name": name,
        "title": title,
        "about": about or " ".join((doc or "").split("\n\n")[1].split()),
        "date": datetime.now(UTC).date().isoformat(),
        "commit": commit(),
        "machine": machine(),
        "versions": {"Python": platform.python_version(), **named},
        "rows": list(rows),
        "notes": list(notes),
        **(more or {}),
    }
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    for each in rows:
        print(_line(each))
    print(f"kept in {path.relative_to(ROOT)}; `python bench/page.py` shows it in docs/benchmarks.md")
    return path


def pinned(*names: str) -> dict[str, str]:
    """Versions of packages in the environment of the peers."""
    lines = (ROOT / "bench" / "requirements.txt").read_text(encoding="utf-8").splitlines()
    known = dict(line.split("==") for line in lines if "==" in line)
    return {name: known[name] for name in names}


def machine() -> dict[str, object]:
    """Cores, memory and processor of this machine."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    model = next((line.partition(": ")[2] for line in lines if line.startswith("model name")), "")
    return {"cores": os.cpu_count(), "memory": _memory(), "cpu": model or platform.machine()}


def commit() -> str:
    """The commit that was measured, with a `+` where files of it were changed."""
    head = _git("rev-parse", "--short", "HEAD")
    return head and head + "+" * bool(_git("status", "--porcelain", "--", "lib", "jobs"))


def _memory() -> str:
    info = Path("/proc/meminfo")
    if not info.exists():
        return ""
    kilobytes = next(line for line in info.read_text(encoding="utf-8").splitlines() if "MemTotal" in line)
    return f"{int(kilobytes.split()[1]) / _GIBIBYTE:.0f} GiB"


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _line(each: Row) -> str:
    beside = "" if each["peer"] is None else f", {each['against']} {each['peer']:,.4g}"
    ratio = "" if each["ratio"] is None else f", ratio {each['ratio']:.3g}"
    verdict = {None: "", True: " (met)", False: " (missed)"}[each["met"]]  # type: ignore[index]  # as `row` sets it
    goal = f", goal {each['goal']}{verdict}" if each["goal"] else ""
    return f"{each['what']}: {each['ours']:,.4g} {each['unit']}{beside}{ratio}{goal}"
