"""What ran: workflow runs and job runs in SQLite, kept across processes and kills.

A run belongs to the process that started it, known by pid and start time. When that process is gone, its
unfinished runs are STOPPED: nobody will finish them.
"""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from assay.errors import TerminalError
from assay.local import process
from assay.local.state import write_json

RUNNING, COMPLETED, STOPPED = "RUNNING", "COMPLETED", "STOPPED"
_LOCK_SECONDS = 30.0
_GONE = "the process that ran it ended before it did"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS workflow_runs (
    run_id TEXT PRIMARY KEY, workflow TEXT NOT NULL, status TEXT NOT NULL, properties TEXT NOT NULL,
    started_at TEXT NOT NULL, ended_at TEXT, error TEXT, pid INTEGER NOT NULL, pid_started REAL NOT NULL);
CREATE TABLE IF NOT EXISTS job_runs (
    id TEXT PRIMARY KEY, run_id TEXT NOT NULL REFERENCES workflow_runs, job TEXT NOT NULL,
    attempt INTEGER NOT NULL, trigger TEXT NOT NULL, state TEXT NOT NULL, started_at TEXT NOT NULL,
    ended_at TEXT, seconds REAL, error TEXT);
CREATE INDEX IF NOT EXISTS job_runs_of_run ON job_runs (run_id);
"""
_COUNTED = {
    "SucceededActions": "SUCCEEDED", "FailedActions": "FAILED", "TimeoutActions": "TIMEOUT",
    "StoppedActions": "STOPPED", "ErroredActions": "ERROR", "RunningActions": "RUNNING",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class JobRun:
    """One attempt of a job.

    Attributes:
        id: Its id, as `--JOB_RUN_ID`.
        job: The job's name.
        attempt: 0 for the first.
        trigger: Name of the trigger that started it.
        state: RUNNING, SUCCEEDED, FAILED, STOPPED, TIMEOUT or ERROR.
        started_at: UTC.
        ended_at: UTC; None while it runs.
        seconds: How long it ran; None while it runs.
        error: Why it did not succeed, in one sentence.
    """

    id: str
    job: str
    attempt: int
    trigger: str
    state: str
    started_at: datetime
    ended_at: datetime | None = None
    seconds: float | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class WorkflowRun:
    """One run of a workflow.

    Attributes:
        run_id: Its id, as `--WORKFLOW_RUN_ID`.
        workflow: The workflow's name.
        status: RUNNING, COMPLETED or STOPPED; as in AWS, COMPLETED does not mean that every job succeeded.
        properties: Its run properties.
        started_at: UTC.
        ended_at: UTC; None while it runs.
        error: What went wrong and what did not start because of it; None when all is well.
        jobs: Every attempt, in order of start.
    """

    run_id: str
    workflow: str
    status: str
    properties: Mapping[str, str]
    started_at: datetime
    ended_at: datetime | None
    error: str | None
    jobs: tuple[JobRun, ...]

    @property
    def latest(self) -> dict[str, JobRun]:
        """Job → its latest attempt."""
        return {run.job: run for run in self.jobs}

    @property
    def statistics(self) -> dict[str, int]:
        """Glue's counts over the latest attempts: TotalActions, SucceededActions, FailedActions and so on."""
        states = [run.state for run in self.latest.values()]
        return {"TotalActions": len(states)} | {name: states.count(state) for name, state in _COUNTED.items()}

    @property
    def succeeded(self) -> bool:
        """Whether the run is complete and nothing went wrong in it."""
        return self.status == COMPLETED and self.error is None


class History:
    """The runs of one local stack; used by one thread.

    Args:
        folder: Holds `history.db` and one `<run id>.json` per run.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder = folder
        self._db = sqlite3.connect(folder / "history.db", timeout=_LOCK_SECONDS, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.executescript(_SCHEMA)
        self._stop_abandoned()

    def __enter__(self) -> Self:
        """The history itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the database."""
        self.close()

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    def start(self, workflow: str, properties: Mapping[str, str], limit: int | None = None) -> str:
        """Record that a run of a workflow starts in this process.

        Args:
            workflow: The workflow's name.
            properties: Its run properties; jobs read them from `<run id>.json`.
            limit: How many runs of this workflow there may be at once.

        Returns:
            The run's id.

        Raises:
            TerminalError: As many runs as allowed are under way.
        """
        me = process.identify(os.getpid())
        now = _now()
        run_id = f"wr_{now:%Y%m%dT%H%M%S}_{secrets.token_hex(4)}"
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")  # the count and the insertion must be one step
            live = self._db.execute(
                "SELECT run_id, pid FROM workflow_runs WHERE workflow = ? AND status = ?", (workflow, RUNNING)
            ).fetchall()
            if limit is not None and len(live) >= limit:
                running = ", ".join(f"{row['run_id']} in process {row['pid']}" for row in live)
                raise TerminalError(
                    f"workflow {workflow} may have {limit} runs at once and has {running}; wait for its end"
                )
            self._db.execute(
                "INSERT INTO workflow_runs VALUES (?, ?, ?, ?, ?, NULL, NULL, ?, ?)",
                (
                    run_id,
                    workflow,
                    RUNNING,
                    json.dumps(dict(properties)),
                    now.isoformat(),
                    me.pid,
                    me.started,
                ),
            )
        write_json(
            self.folder / f"{run_id}.json",
            {"Name": workflow, "RunId": run_id, "RunProperties": dict(properties)},
        )
        return run_id

    def end(self, run_id: str, status: str, error: str | None = None) -> None:
        """Record that a run of a workflow ended."""
        self._db.execute(
            "UPDATE workflow_runs SET status = ?, ended_at = ?, error = ? WHERE run_id = ?",
            (status, _now().isoformat(), error, run_id),
        )

    def start_job(self, run_id: str, job: str, *, attempt: int, trigger: str, state: str = RUNNING) -> str:
        """Record that an attempt of a job starts; from the second on its id ends in `_attempt_N`."""
        job_run_id = f"jr_{secrets.token_hex(16)}" + (f"_attempt_{attempt}" if attempt else "")
        self._db.execute(
            "INSERT INTO job_runs VALUES (?, ?, ?, ?, ?, ?, ?, NULL, NULL, NULL)",
            (job_run_id, run_id, job, attempt, trigger, state, _now().isoformat()),
        )
        return job_run_id

    def end_job(self, job_run_id: str, state: str, seconds: float, error: str | None = None) -> None:
        """Record how an attempt of a job ended."""
        self._db.execute(
            "UPDATE job_runs SET state = ?, ended_at = ?, seconds = ?, error = ? WHERE id = ?",
            (state, _now().isoformat(), seconds, error, job_run_id),
        )

    def running(self, job: str) -> int:
        """How many runs of a job are under way, in whatever workflow and process."""
        (count,) = self._db.execute(
            "SELECT count(*) FROM job_runs WHERE job = ? AND state = ?", (job, RUNNING)
        ).fetchone()
        return int(count)

    def run(self, run_id: str) -> WorkflowRun:
        """A run.

        Raises:
            TerminalError: There is no run of that id.
        """
        row = self._db.execute("SELECT * FROM workflow_runs WHERE run_id = ?", (run_id,)).fetchone()
        if row is None:
            raise TerminalError(f"no run {run_id!r} in {self.folder}; `assay status` lists the runs")
        return self._workflow_run(row)

    def runs(self, limit: int = 20) -> list[WorkflowRun]:
        """The latest runs, newest first."""
        query = "SELECT * FROM workflow_runs ORDER BY started_at DESC, rowid DESC LIMIT ?"
        with closing(self._db.execute(query, (limit,))) as rows:
            return [self._workflow_run(row) for row in rows.fetchall()]

    def _workflow_run(self, row: sqlite3.Row) -> WorkflowRun:
        jobs = self._db.execute("SELECT * FROM job_runs WHERE run_id = ? ORDER BY rowid", (row["run_id"],))
        return WorkflowRun(
            run_id=row["run_id"],
            workflow=row["workflow"],
            status=row["status"],
            properties=json.loads(row["properties"]),
            started_at=datetime.fromisoformat(row["started_at"]),
            ended_at=_moment(row["ended_at"]),
            error=row["error"],
            jobs=tuple(_job_run(job) for job in jobs.fetchall()),
        )

    def _stop_abandoned(self) -> None:
        rows = self._db.execute(
            "SELECT run_id, pid, pid_started FROM workflow_runs WHERE status = ?", (RUNNING,)
        ).fetchall()
        for row in rows:
            if not process.is_alive(process.Record(row["pid"], row["pid_started"])):
                self._db.execute(
                    "UPDATE job_runs SET state = ?, ended_at = ?, error = ? WHERE run_id = ? AND state = ?",
                    (STOPPED, _now().isoformat(), _GONE, row["run_id"], RUNNING),
                )
                self.end(row["run_id"], STOPPED, _GONE)


def _job_run(row: sqlite3.Row) -> JobRun:
    return JobRun(
        id=row["id"],
        job=row["job"],
        attempt=row["attempt"],
        trigger=row["trigger"],
        state=row["state"],
        started_at=datetime.fromisoformat(row["started_at"]),
        ended_at=_moment(row["ended_at"]),
        seconds=row["seconds"],
        error=row["error"],
    )


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _now() -> datetime:
    return datetime.now(UTC)
