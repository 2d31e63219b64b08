"""What was measured of weekly runs, as `bench/scaling.py` keeps it: the ground that predictions stand on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

import yaml

from assay import configs

FILE: Final = "glue_configs/measured.yaml"


@dataclass(frozen=True, slots=True)
class Run:
    """One measured run of the workflow; None, and a job left out, was not measured.

    Attributes:
        events: Rows that the week changed in the database.
        experiments: Experiments that were running.
        metrics: Metrics of each, all of one fact.
        bytes: What the week left in landing and lake.
        gold_bytes: Of these in gold.
        database_bytes: What it left in the database.
        reads: Requests to S3 that read or look.
        writes: Requests to S3 that write.
        cpu_seconds: Job → CPU seconds of its processes.
    """

    events: int
    experiments: int
    metrics: int
    bytes: int | None = None
    gold_bytes: int | None = None
    database_bytes: int | None = None
    reads: int | None = None
    writes: int | None = None
    cpu_seconds: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Measured:
    """Runs that differ in their sizes, and what history costs.

    Attributes:
        note: Machine and date.
        runs: At least one.
        history: Job → CPU seconds that a million events of earlier weeks cost it in each later one.
    """

    note: str
    runs: tuple[Run, ...]
    history: Mapping[str, float]


@cache
def shipped() -> Measured:
    """What the shipped file says."""
    return read(configs.path(FILE))


def read(path: Path) -> Measured:
    """What a file says, which `bench/scaling.py` wrote."""
    body = yaml.safe_load(path.read_text(encoding="utf-8"))
    return Measured(body["note"], tuple(Run(**run) for run in body["runs"]), body["history"])
