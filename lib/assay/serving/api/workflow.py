"""The workflow as Glue tells of it: a run is started, and how one stands.

Glue says COMPLETED of a run in which jobs failed: what counts are the last attempts of its jobs.

References:
    AWS Glue web API, "WorkflowRun", "WorkflowRunStatistics", "JobRun".
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from datetime import date
from typing import Any

from botocore.exceptions import ClientError

from assay.client.records import RUNNING, Job, Progress
from assay.runtime import clients
from assay.runtime.journal import FAILED, SUCCEEDED
from assay.serving.api.problems import behind

VARIABLE = "ASSAY_WORKFLOW"
_DEFAULT = "assay"
_BUSY = "ConcurrentRunsExceededException"
_LIVE = frozenset({"RUNNING", "STOPPING"})
_STOPPED = "STOPPED"
_BAD_COUNTS = ("FailedActions", "TimeoutActions", "StoppedActions", "ErroredActions")
_BAD_STATES = frozenset({"FAILED", "TIMEOUT", "STOPPED", "ERROR", "EXPIRED"})


def start(week: date | None) -> str | None:
    """Start a run.

    Args:
        week: Monday of the week to work on; the last complete one if None.

    Returns:
        Its id; None while as many runs as the workflow allows are under way.

    Raises:
        TransientError: Glue does not answer.
        TerminalError: It refuses.
    """
    name, properties = _name(), {} if week is None else {"week": week.isoformat()}
    with behind(), clients.calling(f"start workflow {name}"):
        try:
            return clients.glue().start_workflow_run(Name=name, RunProperties=properties)["RunId"]
        except ClientError as error:
            if error.response["Error"]["Code"] == _BUSY:
                return None
            raise


def find(run: str) -> Progress | None:
    """How a run stands; None if the workflow has no such run, or none any more.

    Args:
        run: Its id.

    Raises:
        TransientError: Glue does not answer.
        TerminalError: It refuses.
    """
    name = _name()
    with behind():
        try:
            with clients.calling(f"look at run {run} of workflow {name}"):
                found: Any = clients.glue().get_workflow_run(Name=name, RunId=run, IncludeGraph=True)["Run"]
        except clients.MissingError:
            return None
    attempts = _last_attempts(found)
    return Progress(
        run=run,
        week=_week(found.get("WorkflowRunProperties", {}).get("week")),
        state=_state(found, attempts),
        started_at=found.get("StartedOn"),
        ended_at=found.get("CompletedOn"),
        jobs=tuple(_job(each) for each in attempts),
    )


def _name() -> str:
    return os.environ.get(VARIABLE, _DEFAULT)


def _last_attempts(run: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The last attempt of every job, in the order in which the jobs began."""
    nodes = run.get("Graph", {}).get("Nodes", [])
    every = [each for node in nodes for each in node.get("JobDetails", {}).get("JobRuns", [])]
    ordered = sorted(every, key=lambda each: (each["StartedOn"], each.get("Attempt", 0)))
    return list({each["JobName"]: each for each in ordered}.values())


def _state(run: Mapping[str, Any], attempts: list[Mapping[str, Any]]) -> str:
    if run["Status"] in _LIVE:
        return RUNNING
    if run["Status"] == _STOPPED:
        return _STOPPED
    # Without a job that says so, the counts do: Glue may leave the graph out.
    counted = 0 if attempts else sum(run.get("Statistics", {}).get(name, 0) for name in _BAD_COUNTS)
    bad = counted or any(each["JobRunState"] in _BAD_STATES for each in attempts)
    return FAILED if bad or run["Status"] != "COMPLETED" or run.get("ErrorMessage") else SUCCEEDED


def _job(attempt: Mapping[str, Any]) -> Job:
    seconds = attempt.get("ExecutionTime")
    return Job(
        job=attempt["JobName"],
        state=attempt["JobRunState"],
        started_at=attempt.get("StartedOn"),
        ended_at=attempt.get("CompletedOn"),
        seconds=None if seconds is None else float(seconds),
        error=attempt.get("ErrorMessage"),
    )


def _week(text: str | None) -> date | None:
    """A property is whatever somebody wrote."""
    with contextlib.suppress(ValueError, TypeError):
        return date.fromisoformat(text or "")
    return None
