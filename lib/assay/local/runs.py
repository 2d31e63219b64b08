"""Runs as values: a run of a workflow, a run of a job, and the states that Glue knows of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

STARTING, WAITING, RUNNING, STOPPING = "STARTING", "WAITING", "RUNNING", "STOPPING"
SUCCEEDED, FAILED, TIMEOUT, STOPPED, ERROR = "SUCCEEDED", "FAILED", "TIMEOUT", "STOPPED", "ERROR"
COMPLETED = "COMPLETED"
BUSY = (STARTING, RUNNING, STOPPING)
"""The states of a job run that count against its job's MaxConcurrentRuns."""
_COUNTED = {
    "SucceededActions": (SUCCEEDED,), "FailedActions": (FAILED,), "TimeoutActions": (TIMEOUT,),
    "StoppedActions": (STOPPED,), "ErroredActions": (ERROR,), "RunningActions": BUSY,
    "WaitingActions": (WAITING,),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class JobRun:
    """One attempt of a job.

    Attributes:
        id: Its id, as `--JOB_RUN_ID`.
        job: The job's name.
        attempt: 0 for the first.
        trigger: Name of the trigger that started it; empty for a job that was started by itself.
        state: STARTING, WAITING, RUNNING, STOPPING, SUCCEEDED, FAILED, STOPPED, TIMEOUT or ERROR.
        started_at: UTC.
        ended_at: UTC; None while it runs.
        seconds: How long it ran; None while it runs.
        error: Why it did not succeed, in one sentence.
        run_id: The workflow run that it belongs to, if any.
        request: What this start asked for beside the job's own definition, as in Glue's `StartJobRun`:
            `Arguments`, `Timeout`, `WorkerType` and so on.
        previous: Id of the attempt that this one repeats.
        predecessors: (job, run id) of the runs that its trigger watched.
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
    run_id: str | None = None
    request: Mapping[str, object] = field(default_factory=dict)
    previous: str | None = None
    predecessors: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Resumption:
    """What a run takes over from the one that it resumes.

    Attributes:
        previous: Id of that run.
        chosen: Jobs that it begins with.
        kept: Ids of the job runs whose outcome stands: those of every job not downstream of a chosen one.
    """

    previous: str
    chosen: tuple[str, ...]
    kept: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WorkflowRun:
    """One run of a workflow.

    Attributes:
        run_id: Its id, as `--WORKFLOW_RUN_ID`.
        workflow: The workflow's name.
        status: RUNNING, STOPPING, COMPLETED or STOPPED; as in AWS, COMPLETED does not mean that every job
            succeeded.
        properties: Its run properties.
        started_at: UTC.
        ended_at: UTC; None while it runs.
        error: What went wrong and what did not start because of it; None when all is well.
        jobs: Every attempt, in order of start; first those kept from the run that this one resumes.
        resumption: What it resumes, if it does.
    """

    run_id: str
    workflow: str
    status: str
    properties: Mapping[str, str]
    started_at: datetime
    ended_at: datetime | None
    error: str | None
    jobs: tuple[JobRun, ...]
    resumption: Resumption | None = None

    @property
    def latest(self) -> dict[str, JobRun]:
        """Job → its latest attempt."""
        return {run.job: run for run in self.jobs}

    @property
    def statistics(self) -> dict[str, int]:
        """Glue's counts over the latest attempts: TotalActions, SucceededActions, FailedActions and so on."""
        states = [run.state for run in self.latest.values()]
        counts = {name: sum(state in counted for state in states) for name, counted in _COUNTED.items()}
        return {"TotalActions": len(states)} | counts

    @property
    def succeeded(self) -> bool:
        """Whether the run is complete and nothing went wrong in it."""
        return self.status == COMPLETED and self.error is None
