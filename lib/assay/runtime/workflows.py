"""Runs of the Glue workflow, for people who start one and watch it: in AWS, and by the local Glue.

Glue says COMPLETED of a run in which jobs failed: what counts are the states of its jobs.

References:
    AWS Glue web API, "WorkflowRun", "WorkflowGraph", "JobRun".
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from botocore.exceptions import ClientError

from assay.errors import InputError
from assay.runtime import clients
from assay.runtime.journal import FAILED, SUCCEEDED

NAME = "ASSAY_NAME"
"""Variable that names the installation, which is the workflow's name; "assay" if it is not set."""
RUNNING, STOPPED = "RUNNING", "STOPPED"
_LIVE = frozenset({"RUNNING", "STOPPING"})
_BAD_COUNTS = ("FailedActions", "TimeoutActions", "StoppedActions", "ErroredActions")
_BUSY = "ConcurrentRunsExceededException"
_PAGE = 25


class BusyError(InputError):
    """As many runs of the workflow as it allows are under way."""


@dataclass(frozen=True, slots=True)
class JobState:
    """The last attempt of a job in a run.

    Attributes:
        job: Its name.
        state: Glue's word: WAITING, RUNNING, SUCCEEDED, FAILED, STOPPED, TIMEOUT and so on.
        attempts: How many there were.
        started_at: When the last one began, UTC.
        ended_at: When it ended; None while it is under way.
        seconds: How long the last one ran so far; None if Glue does not say.
        error: Why it did not succeed; None if it did.
    """

    job: str
    state: str
    attempts: int
    started_at: datetime
    ended_at: datetime | None
    seconds: float | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Run:
    """A run of the workflow.

    Attributes:
        id: Its id.
        status: Glue's word: RUNNING, STOPPING, COMPLETED, STOPPED or ERROR.
        properties: As it was started with.
        started_at: UTC.
        ended_at: UTC; None while it is under way.
        jobs: The jobs that were started, by name, in the order of the graph.
        error: What Glue says of the run as a whole.
        failures: Actions that failed, timed out or were stopped, as Glue counts them: attempts too that were
            repeated with success.
    """

    id: str
    status: str
    properties: Mapping[str, str]
    started_at: datetime
    ended_at: datetime | None
    jobs: Mapping[str, JobState]
    error: str | None
    failures: int

    @property
    def live(self) -> bool:
        """Whether it is under way."""
        return self.status in _LIVE

    @property
    def week(self) -> str:
        """The week that it works on, as it was started with; empty if it says none."""
        return self.properties.get("week", "")

    @property
    def succeeded(self) -> bool:
        """Whether it is over, and all its jobs succeeded."""
        return self.state == SUCCEEDED

    @property
    def state(self) -> str:
        """RUNNING, STOPPED, SUCCEEDED or FAILED."""
        if self.live:
            return RUNNING
        if self.status == STOPPED:
            return STOPPED
        jobs = {job.state for job in self.jobs.values()}
        # Without a job that says so, the counts do: Glue may leave the graph out.
        good = jobs == {SUCCEEDED} if jobs else not self.failures
        return SUCCEEDED if good and self.status == "COMPLETED" and not self.error else FAILED


@dataclass(frozen=True, slots=True)
class Graph:
    """What the workflow consists of.

    Attributes:
        jobs: Names, in the order of the definition.
        edges: (job, job that follows it), one for each trigger between them.
    """

    jobs: tuple[str, ...]
    edges: tuple[tuple[str, str], ...]


def name() -> str:
    """The name of the workflow, which is that of the installation."""
    return os.environ.get(NAME) or "assay"


def start(week: date | None, blueprint: str = "") -> str:
    """Start a run.

    Args:
        week: The Monday that names the week; None for the last complete one.
        blueprint: Path or URI of the blueprint, as the jobs find it; empty for the workflow's own.

    Returns:
        Its id.

    Raises:
        InputError: The day is no Monday.
        BusyError: As many runs as the workflow allows are under way.
        TransientError: Glue did not answer.
        TerminalError: Glue refuses.
    """
    if week is not None and week.weekday() != 0:
        raise InputError(f"{week} is a {week:%A}; a week is named by its Monday")
    given = {"week": "" if week is None else week.isoformat(), "blueprint": blueprint}
    properties = {name: value for name, value in given.items() if value}
    with clients.calling(f"start workflow {name()}"):
        try:
            return clients.glue().start_workflow_run(Name=name(), RunProperties=properties)["RunId"]
        except ClientError as error:
            if error.response["Error"]["Code"] == _BUSY:
                raise BusyError("a run is under way; start the next when it has ended") from error
            raise


def runs(most: int = _PAGE) -> list[Run]:
    """The runs that Glue knows, newest first.

    Args:
        most: How many, at most 1000.

    Raises:
        TransientError: Glue did not answer.
        TerminalError: Glue knows no such workflow.
    """
    with clients.calling(f"list the runs of workflow {name()}"):
        answer = clients.glue().get_workflow_runs(Name=name(), IncludeGraph=True, MaxResults=most)
    found = [_run(each) for each in answer.get("Runs", [])]
    return sorted(found, key=lambda run: run.started_at, reverse=True)


def run(run_id: str) -> Run:
    """One run as it stands.

    Args:
        run_id: Its id.

    Raises:
        TransientError: Glue did not answer.
        TerminalError: Glue knows no such run.
    """
    with clients.calling(f"look at run {run_id}"):
        answer = clients.glue().get_workflow_run(Name=name(), RunId=run_id, IncludeGraph=True)
    return _run(answer["Run"])


def graph() -> Graph:
    """Which job follows which.

    Raises:
        TransientError: Glue did not answer.
        TerminalError: Glue knows no such workflow.
    """
    with clients.calling(f"look at workflow {name()}"):
        answer = clients.glue().get_workflow(Name=name(), IncludeGraph=True)
    drawn: Any = answer["Workflow"].get("Graph", {})
    nodes = {node["UniqueId"]: node for node in drawn.get("Nodes", [])}
    follows: dict[str, list[str]] = {}
    for edge in drawn.get("Edges", []):
        follows.setdefault(edge["SourceId"], []).append(edge["DestinationId"])
    jobs = [id_ for id_, node in nodes.items() if node["Type"] == "JOB"]
    edges = {
        (nodes[job]["Name"], nodes[after]["Name"])
        for job in jobs
        for trigger in follows.get(job, [])
        for after in follows.get(trigger, [])
    }
    return Graph(tuple(nodes[job]["Name"] for job in jobs), tuple(sorted(edges)))


def _run(answer: Any) -> Run:
    nodes = answer.get("Graph", {}).get("Nodes", [])
    jobs = {
        node["Name"]: node.get("JobDetails", {}).get("JobRuns", []) for node in nodes if node["Type"] == "JOB"
    }
    return Run(
        id=answer["WorkflowRunId"],
        status=answer["Status"],
        properties=answer.get("WorkflowRunProperties", {}),
        started_at=answer["StartedOn"],
        ended_at=answer.get("CompletedOn"),
        jobs={name: _state(name, attempts) for name, attempts in jobs.items() if attempts},
        error=answer.get("ErrorMessage"),
        failures=sum(answer.get("Statistics", {}).get(count, 0) for count in _BAD_COUNTS),
    )


def _state(job: str, attempts: Iterable[Mapping[str, Any]]) -> JobState:
    ordered = sorted(attempts, key=lambda attempt: (attempt["StartedOn"], attempt.get("Attempt", 0)))
    last = ordered[-1]
    seconds = last.get("ExecutionTime")
    return JobState(
        job=job,
        state=last["JobRunState"],
        attempts=len(ordered),
        started_at=last["StartedOn"],
        ended_at=last.get("CompletedOn"),
        seconds=None if seconds is None else float(seconds),
        error=last.get("ErrorMessage"),
    )
