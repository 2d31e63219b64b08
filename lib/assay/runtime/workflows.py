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

from assay.errors import InputError
from assay.runtime import clients

NAME = "ASSAY_NAME"
"""Variable that names the installation, which is the workflow's name; "assay" if it is not set."""
_LIVE = frozenset({"RUNNING", "STOPPING"})
_PAGE = 25


@dataclass(frozen=True, slots=True)
class JobState:
    """The last attempt of a job in a run.

    Attributes:
        job: Its name.
        state: Glue's word: WAITING, RUNNING, SUCCEEDED, FAILED, STOPPED, TIMEOUT and so on.
        attempts: How many there were.
        seconds: How long the last one ran so far; None if Glue does not say.
        error: Why it did not succeed; None if it did.
    """

    job: str
    state: str
    attempts: int
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
    """

    id: str
    status: str
    properties: Mapping[str, str]
    started_at: datetime
    ended_at: datetime | None
    jobs: Mapping[str, JobState]
    error: str | None

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
        states = {job.state for job in self.jobs.values()}
        return self.status == "COMPLETED" and self.error is None and states == {"SUCCEEDED"}


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


def start(week: date, blueprint: str = "") -> str:
    """Start a run.

    Args:
        week: The Monday that names the week.
        blueprint: Path or URI of the blueprint, as the jobs find it; empty for the workflow's own.

    Returns:
        Its id.

    Raises:
        InputError: The day is no Monday, or a run is under way.
        TransientError: Glue did not answer.
        TerminalError: Glue refuses.
    """
    if week.weekday() != 0:
        raise InputError(f"{week} is a {week:%A}; a week is named by its Monday")
    going = next((run for run in runs() if run.live), None)
    if going is not None:
        raise InputError(
            f"run {going.id} of week {going.week} is under way; start the next when it has ended"
        )
    properties = {"week": week.isoformat()} | ({"blueprint": blueprint} if blueprint else {})
    with clients.calling(f"start workflow {name()}"):
        return clients.glue().start_workflow_run(Name=name(), RunProperties=properties)["RunId"]


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
    )


def _state(job: str, attempts: Iterable[Mapping[str, Any]]) -> JobState:
    ordered = sorted(attempts, key=lambda attempt: (attempt["StartedOn"], attempt.get("Attempt", 0)))
    last = ordered[-1]
    seconds = last.get("ExecutionTime")
    return JobState(
        job=job,
        state=last["JobRunState"],
        attempts=len(ordered),
        seconds=None if seconds is None else float(seconds),
        error=last.get("ErrorMessage"),
    )
