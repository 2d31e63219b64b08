"""What ran: workflow runs and job runs in SQLite, kept across processes and kills.

A run belongs to the process that runs it, known by pid and start time. When that process is gone, its
unfinished runs are STOPPED: nobody will finish them.
"""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from assay.errors import TerminalError
from assay.local import history_rows as rows
from assay.local import history_schema, process
from assay.local.runs import RUNNING, STARTING, STOPPED, STOPPING, WAITING, JobRun, Resumption, WorkflowRun
from assay.local.trigger_book import TriggerBook

_GONE = "the process that ran it ended before it did"
_KILLED = "stopped on request; its process was killed"


class TooManyRunsError(TerminalError):
    """As many runs of a workflow or job are under way as its MaxConcurrentRuns allows."""


class NoSuchRunError(TerminalError):
    """There is no run of that id."""


class History:
    """The runs of one local stack; used by one thread.

    Args:
        folder: Holds `history.db`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._db = history_schema.connect(folder)
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

    @property
    def triggers(self) -> TriggerBook:
        """Which triggers are active, and what their schedules have fired for."""
        return TriggerBook(self._db)

    # --- workflow runs ---------------------------------------------------------------------------------

    def start(
        self,
        workflow: str,
        properties: Mapping[str, str],
        limit: int | None = None,
        resumption: Resumption | None = None,
    ) -> str:
        """Record that a run of a workflow starts in this process.

        Args:
            workflow: The workflow's name.
            properties: Its run properties.
            limit: How many runs of this workflow there may be at once.
            resumption: What it resumes, if it does.

        Returns:
            The run's id.

        Raises:
            TooManyRunsError: As many runs as allowed are under way.
        """
        me, now = process.identify(os.getpid()), _now()
        run_id = f"wr_{now:%Y%m%dT%H%M%S}_{secrets.token_hex(4)}"
        with self._transaction():  # the count and the insertion must be one step
            live = self._rows(
                "SELECT run_id, pid FROM workflow_runs WHERE workflow = ? AND ended_at IS NULL", workflow
            )
            if limit is not None and len(live) >= limit:
                running = ", ".join(f"{row['run_id']} in process {row['pid']}" for row in live)
                raise TooManyRunsError(
                    f"workflow {workflow} may have {limit} runs at once and has {running}; wait for its end"
                )
            self._db.execute(
                "INSERT INTO workflow_runs (run_id, workflow, status, properties, started_at, pid,"
                " pid_started, resumption) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    run_id,
                    workflow,
                    RUNNING,
                    json.dumps(dict(properties)),
                    now.isoformat(),
                    me.pid,
                    me.started,
                    rows.resumption_text(resumption),
                ),
            )
        return run_id

    def end(self, run_id: str, status: str, error: str | None = None) -> None:
        """Record that a run of a workflow ended."""
        self._db.execute(
            "UPDATE workflow_runs SET status = ?, ended_at = ?, error = ? WHERE run_id = ?",
            (status, _now().isoformat(), error, run_id),
        )

    def set_properties(self, run_id: str, properties: Mapping[str, str]) -> None:
        """Add to the properties of a run, or replace those of the same name."""
        with self._transaction():
            merged = {**self.run(run_id).properties, **properties}
            self._db.execute(
                "UPDATE workflow_runs SET properties = ? WHERE run_id = ?", (json.dumps(merged), run_id)
            )

    def run(self, run_id: str) -> WorkflowRun:
        """A run.

        Raises:
            NoSuchRunError: There is no run of that id.
        """
        found = self._rows("SELECT * FROM workflow_runs WHERE run_id = ?", run_id)
        if not found:
            raise NoSuchRunError(f"no run {run_id!r} in {self.folder}")
        return self._workflow_run(found[0])

    def runs(
        self, limit: int = 20, *, workflow: str | None = None, before: str | None = None
    ) -> list[WorkflowRun]:
        """The latest runs, newest first.

        Args:
            limit: How many at most.
            workflow: Of this workflow only.
            before: Only those older than this run, for the next page.
        """
        found = self._rows(
            "SELECT * FROM workflow_runs WHERE workflow = coalesce(?, workflow)"
            " AND rowid < coalesce((SELECT rowid FROM workflow_runs WHERE run_id = ?), 9e18)"
            " ORDER BY rowid DESC LIMIT ?",
            workflow,
            before,
            limit,
        )
        return [self._workflow_run(row) for row in found]

    # --- job runs --------------------------------------------------------------------------------------

    def start_job(
        self,
        run_id: str | None,
        job: str,
        *,
        attempt: int,
        trigger: str,
        state: str = RUNNING,
        request: Mapping[str, object] | None = None,
        previous: str | None = None,
        predecessors: Sequence[tuple[str, str]] = (),
    ) -> str:
        """Record that an attempt of a job starts in this process; the arguments are those of `JobRun`.

        Returns:
            Its id; from the second attempt on it ends in `_attempt_N`.
        """
        me = process.identify(os.getpid())
        job_run_id = f"jr_{secrets.token_hex(16)}" + (f"_attempt_{attempt}" if attempt else "")
        self._db.execute(
            "INSERT INTO job_runs (id, run_id, job, attempt, trigger, state, started_at, request, previous,"
            " predecessors, pid, pid_started) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                job_run_id,
                run_id,
                job,
                attempt,
                trigger,
                state,
                _now().isoformat(),
                json.dumps(dict(request or {})),
                previous,
                json.dumps([list(each) for each in predecessors]),
                me.pid,
                me.started,
            ),
        )
        return job_run_id

    def claim(self, job_run_id: str, limit: int) -> bool:
        """Let a recorded run of a job run, if its job may run once more.

        Args:
            job_run_id: In state WAITING or STARTING.
            limit: The job's MaxConcurrentRuns.

        Returns:
            Whether it is RUNNING now; otherwise it is unchanged.
        """
        with self._transaction():
            run = self.job_run(job_run_id)
            if run.state == WAITING and self.running(run.job) >= limit:
                return False
            done = self._db.execute(
                "UPDATE job_runs SET state = ? WHERE id = ? AND state IN (?, ?)",
                (RUNNING, job_run_id, WAITING, STARTING),
            )
            return done.rowcount == 1

    def admit(
        self, job: str, limit: int, *, queue: bool, request: Mapping[str, object], trigger: str = ""
    ) -> str:
        """Record that a run of a job is asked for by itself.

        Args:
            job: The job's name.
            limit: Its MaxConcurrentRuns.
            queue: Whether the run waits when there are as many.
            request: As in `JobRun`.
            trigger: Name of the trigger that asks; empty for none.

        Returns:
            The id of the run, which is STARTING or WAITING.

        Raises:
            TooManyRunsError: As many runs as allowed are under way, and it must not wait.
        """
        with self._transaction():
            full = self.running(job) >= limit
            if full and not queue:
                raise TooManyRunsError(f"job {job} may have {limit} runs at once and has them")
            state, previous = WAITING if full else STARTING, request.get("JobRunId")
            return self.start_job(
                None,
                job,
                attempt=0,
                trigger=trigger,
                state=state,
                request=request,
                previous=None if previous is None else str(previous),
            )

    def end_job(self, job_run_id: str, state: str, seconds: float, error: str | None = None) -> None:
        """Record how an attempt of a job ended."""
        self._db.execute(
            "UPDATE job_runs SET state = ?, ended_at = ?, seconds = ?, error = ? WHERE id = ?",
            (state, _now().isoformat(), seconds, error, job_run_id),
        )

    def running(self, job: str) -> int:
        """How many runs of a job occupy it, in whatever workflow and process; those that wait do not."""
        query = "SELECT count(*) AS n FROM job_runs WHERE job = ? AND ended_at IS NULL AND state <> ?"
        return int(self._rows(query, job, WAITING)[0]["n"])

    def job_run(self, job_run_id: str) -> JobRun:
        """A run of a job.

        Raises:
            NoSuchRunError: There is no run of that id.
        """
        found = self._rows("SELECT * FROM job_runs WHERE id = ?", job_run_id)
        if not found:
            raise NoSuchRunError(f"no run {job_run_id!r} of a job in {self.folder}")
        return rows.job_run(found[0])

    def job_runs(self, job: str, limit: int, before: str | None = None) -> list[JobRun]:
        """The latest runs of a job, newest first.

        Args:
            job: The job's name.
            limit: How many at most.
            before: Only those older than this run, for the next page.
        """
        found = self._rows(
            "SELECT * FROM job_runs WHERE job = ?"
            " AND rowid < coalesce((SELECT rowid FROM job_runs WHERE id = ?), 9e18)"
            " ORDER BY rowid DESC LIMIT ?",
            job,
            before,
            limit,
        )
        return [rows.job_run(row) for row in found]

    # --- stopping --------------------------------------------------------------------------------------

    def stop(self, run_id: str) -> bool:
        """Ask for the end of a workflow's run, and of the jobs that run in it.

        Returns:
            Whether it was RUNNING; otherwise nothing changes.
        """
        with self._transaction():
            asked = self._db.execute(
                "UPDATE workflow_runs SET status = ? WHERE run_id = ? AND status = ?",
                (STOPPING, run_id, RUNNING),
            ).rowcount
            for row in self._rows("SELECT id FROM job_runs WHERE run_id = ? AND ended_at IS NULL", run_id):
                if asked:
                    self._stop_job(row["id"])
        return bool(asked)

    def stop_job(self, job_run_id: str) -> bool:
        """Ask for the end of a job's run; one that waits ends at once.

        Returns:
            Whether it was under way; otherwise nothing changes.
        """
        with self._transaction():
            return self._stop_job(job_run_id)

    def _stop_job(self, job_run_id: str) -> bool:
        waiting = self._db.execute(
            "UPDATE job_runs SET state = ?, ended_at = ?, seconds = 0 WHERE id = ? AND state = ?",
            (STOPPED, _now().isoformat(), job_run_id, WAITING),
        )
        busy = self._db.execute(
            "UPDATE job_runs SET state = ? WHERE id = ? AND ended_at IS NULL", (STOPPING, job_run_id)
        )
        return bool(waiting.rowcount or busy.rowcount)

    # --- processes -------------------------------------------------------------------------------------

    def hand_over(self, run_id: str, runner: process.Record) -> None:
        """Let a run, of a workflow or a job, belong to a process of its own, no longer to this one.

        Args:
            run_id: The run.
            runner: The process that runs it, first of its process group.
        """
        for statement in (
            "UPDATE workflow_runs SET pid = ?, pid_started = ?, detached = 1 WHERE run_id = ?",
            "UPDATE job_runs SET pid = ?, pid_started = ?, detached = 1 WHERE id = ?",
        ):
            self._db.execute(statement, (runner.pid, runner.started, run_id))

    def runners(self) -> list[process.Record]:
        """The processes of their own that run something now."""
        query = """SELECT pid, pid_started FROM workflow_runs WHERE detached AND ended_at IS NULL
            UNION SELECT pid, pid_started FROM job_runs WHERE detached AND ended_at IS NULL"""
        return [process.Record(row["pid"], row["pid_started"]) for row in self._rows(query)]

    # -----------------------------------------------------------------------------------------------------

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        with self._db:  # commits, or rolls back what failed
            yield

    def _rows(self, query: str, *values: object) -> list[sqlite3.Row]:
        with closing(self._db.execute(query, values)) as cursor:
            return cursor.fetchall()

    def _workflow_run(self, row: sqlite3.Row) -> WorkflowRun:
        resumption = rows.resumption(row["resumption"])
        kept = [self.job_run(each) for each in resumption.kept] if resumption else []
        own = self._rows("SELECT * FROM job_runs WHERE run_id = ? ORDER BY rowid", row["run_id"])
        return rows.workflow_run(row, (*kept, *(rows.job_run(job) for job in own)))

    def _stop_abandoned(self) -> None:
        """End what belongs to processes that are gone."""
        for row in self._rows("SELECT * FROM workflow_runs WHERE ended_at IS NULL"):
            if not _lives(row):
                self.end(row["run_id"], STOPPED, _why(row["status"]))
        for row in self._rows("SELECT * FROM job_runs WHERE ended_at IS NULL"):
            if not _lives(row):
                began = datetime.fromisoformat(row["started_at"])
                self.end_job(row["id"], STOPPED, (_now() - began).total_seconds(), _why(row["state"]))


def is_stopping(folder: Path, run_id: str) -> bool:
    """Whether the end of a run, of a workflow or a job, was asked for; any thread may ask.

    Args:
        folder: The history's.
        run_id: The run.
    """
    query = """SELECT 1 FROM job_runs WHERE id = ? AND state = ?
        UNION SELECT 1 FROM workflow_runs WHERE run_id = ? AND status = ?"""
    with closing(sqlite3.connect(folder / "history.db", timeout=history_schema.LOCK_SECONDS)) as database:
        return database.execute(query, (run_id, STOPPING, run_id, STOPPING)).fetchone() is not None


def _why(state: str) -> str:
    return _KILLED if state == STOPPING else _GONE


def _lives(row: sqlite3.Row) -> bool:
    return process.is_alive(process.Record(row["pid"], row["pid_started"]))


def _now() -> datetime:
    return datetime.now(UTC)
