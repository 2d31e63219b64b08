"""Rows of the history of runs as values, and back."""

from __future__ import annotations

import json
import sqlite3
from datetime import datetime

from assay.local.runs import JobRun, Resumption, WorkflowRun


def workflow_run(row: sqlite3.Row, jobs: tuple[JobRun, ...]) -> WorkflowRun:
    """A run of a workflow from its row and the runs of its jobs."""
    return WorkflowRun(
        run_id=row["run_id"],
        workflow=row["workflow"],
        status=row["status"],
        properties=json.loads(row["properties"]),
        started_at=datetime.fromisoformat(row["started_at"]),
        ended_at=moment(row["ended_at"]),
        error=row["error"],
        jobs=jobs,
        resumption=resumption(row["resumption"]),
    )


def job_run(row: sqlite3.Row) -> JobRun:
    """A run of a job from its row."""
    return JobRun(
        id=row["id"],
        job=row["job"],
        attempt=row["attempt"],
        trigger=row["trigger"],
        state=row["state"],
        started_at=datetime.fromisoformat(row["started_at"]),
        ended_at=moment(row["ended_at"]),
        seconds=row["seconds"],
        error=row["error"],
        run_id=row["run_id"],
        request=json.loads(row["request"]),
        previous=row["previous"],
        predecessors=tuple((job, run_id) for job, run_id in json.loads(row["predecessors"])),
    )


def resumption_text(resumption: Resumption | None) -> str | None:
    """A resumption as its column holds it."""
    if resumption is None:
        return None
    return json.dumps([resumption.previous, resumption.chosen, resumption.kept])


def resumption(text: str | None) -> Resumption | None:
    """A resumption from its column."""
    if text is None:
        return None
    previous, chosen, kept = json.loads(text)
    return Resumption(previous, tuple(chosen), tuple(kept))


def moment(text: str | None) -> datetime | None:
    """A time from its column."""
    return None if text is None else datetime.fromisoformat(text)
