"""Writes glue_configs/measured.yaml, from which `assay cost` predicts.

Of the worlds that scaling.py measured, and of the year of weeks.py.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import yaml

import one_week
from weeks import CYCLE, FIRST

import record

FILE = record.ROOT / "glue_configs" / "measured.yaml"
_MILLION = 1e6
_CERTAIN = 3
"""Standard errors that a slope must be above 0 to be taken for one."""
HEAD = """\
# What was measured, for `assay cost`; by `python bench/scaling.py --model`. Each run is the second week
# of a world of its own size: events are the rows that the week changes in the database; bytes, gold_bytes and
# database_bytes what it leaves in landing and lake, in gold alone, and in the database; reads and writes its
# requests to S3; cpu_seconds those of each job's processes. history: processor seconds of a job for a million
# events of earlier weeks.
"""


def write(worlds: Sequence[Mapping[str, Any]]) -> None:
    """Write the file.

    Args:
        worlds: As `scaling` measured them; one that stands there twice counts once.
    """
    runs = {}
    for world in worlds:
        seconds = {name: round(cost["cpu"], 2) for name, cost in world["jobs"].items()}
        sizes = {name: int(world[name]) for name in ("events", "experiments", "metrics")}
        left = {name: int(world[name]) for name in one_week.LEFT}
        runs[tuple(sizes.values())] = {**sizes, **left, "cpu_seconds": seconds}
    machine, today = record.machine(), datetime.now(UTC).date()
    note = (
        f"Measured on {today} on {machine['cores']} cores ({machine['cpu']}), one run each, the second "
        "week of a process."
    )
    body = {"note": note, "runs": list(runs.values()), "history": _history()}
    text = yaml.safe_dump(body, sort_keys=False, width=120, default_flow_style=None, allow_unicode=True)
    FILE.write_text(HEAD + text, encoding="utf-8")
    print(f"kept in {FILE.relative_to(record.ROOT)}; `assay cost --markdown > docs/costs.md` follows")


def _history() -> dict[str, float]:
    """Job → processor seconds for a million events of earlier weeks; 0 where that cannot be told from 0.

    Weeks are compared with those at the same place of another round of experiments, which cost the same but
    for what is before them: a straight line with a height for each place.
    """
    path = record.RESULTS / "weeks.json"
    if not path.exists():
        return {}
    weeks = json.loads(path.read_text(encoding="utf-8"))["weeks"][FIRST - 1 :]  # the first makes the tables
    before = np.array([0, *itertools.accumulate(week["events"] for week in weeks)][:-1]) / _MILLION
    places = np.arange(len(weeks))[:, None] % CYCLE == np.arange(CYCLE)
    line = np.column_stack([before, places])
    spread = float(np.sqrt(np.linalg.inv(line.T @ line)[0, 0]))
    found = {}
    for job in weeks[0]["jobs"]:
        spent = np.array([week["jobs"][job]["cpu"] for week in weeks])
        fitted, *_ = np.linalg.lstsq(line, spent, rcond=None)
        left = spent - line @ fitted
        error = spread * float(np.sqrt(left @ left / (len(weeks) - line.shape[1])))
        slope = float(fitted[0])
        found[job] = round(slope, 2) if slope > _CERTAIN * error else 0.0
    return found
