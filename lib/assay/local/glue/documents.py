"""Runs in Glue's shapes: `JobRun`, `WorkflowRun`, and the graph of a workflow."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from datetime import UTC, datetime

from assay.local.glue.setup import Installed
from assay.local.glue.shapes import Document
from assay.local.runs import COMPLETED, WAITING, JobRun, WorkflowRun
from assay.stacks.definition import Definition

_OF_THE_JOB = (
    "GlueVersion", "WorkerType", "NumberOfWorkers", "ExecutionClass", "Timeout", "SecurityConfiguration",
    "NotificationProperty", "JobRunQueuingEnabled", "JobMode",
)  # fmt: skip
_OF_THE_START = (*_OF_THE_JOB, "Arguments", "AllocatedCapacity", "MaxCapacity", "ExecutionRoleSessionPolicy")


def job_run(run: JobRun, job: Mapping[str, object] | None) -> Document:
    """A run of a job.

    Args:
        run: The run.
        job: Its job in Glue's shape; None when no template defines it any more.
    """
    document: Document = {"JobMode": "SCRIPT", "Arguments": {}}
    document |= {name: value for name, value in (job or {}).items() if name in _OF_THE_JOB}
    document |= {name: value for name, value in run.request.items() if name in _OF_THE_START}
    document |= {
        "Id": run.id,
        "Attempt": run.attempt,
        "JobName": run.job,
        "JobRunState": run.state,
        "StartedOn": run.started_at,
        "LastModifiedOn": run.ended_at or run.started_at,
        "ExecutionTime": _seconds(run),
        "PredecessorRuns": [{"JobName": job, "RunId": run_id} for job, run_id in run.predecessors],
    }
    optional = {
        "PreviousRunId": run.previous,
        "TriggerName": run.trigger or None,
        "CompletedOn": run.ended_at,
        "ErrorMessage": run.error,
        "StateDetail": "as many runs of the job as it allows are under way" if run.state == WAITING else None,
    }
    return document | _present(optional)


def workflow_run(run: WorkflowRun, installed: Installed, *, graph: bool) -> Document:
    """A run of a workflow.

    Args:
        run: The run.
        installed: What the templates install.
        graph: Whether the graph is asked for; a workflow that no template defines any more has none.
    """
    ended_badly = run.ended_at is not None and run.status != COMPLETED
    optional = {
        "PreviousRunId": run.resumption.previous if run.resumption else None,
        "CompletedOn": run.ended_at,
        "ErrorMessage": run.error if ended_badly else None,
        "Graph": _graph(installed, run.jobs) if graph and run.workflow == installed.definition.name else None,
    }
    return {
        "Name": run.workflow,
        "WorkflowRunId": run.run_id,
        "WorkflowRunProperties": dict(run.properties),
        "StartedOn": run.started_at,
        "Status": run.status,
        "Statistics": run.statistics,
    } | _present(optional)


def workflow(
    installed: Installed, last: WorkflowRun | None, inactive: Collection[str], *, graph: bool
) -> Document:
    """The workflow.

    Args:
        installed: What the templates install.
        last: Its latest run.
        inactive: Names of triggers that were deactivated.
        graph: Whether the graph is asked for.
    """
    optional = {
        "LastRun": workflow_run(last, installed, graph=graph) if last else None,
        "Graph": _graph(installed, (), inactive) if graph else None,
    }
    return installed.workflow | _present(optional)


def trigger(document: Mapping[str, object], inactive: Collection[str]) -> Document:
    """A trigger with its state.

    Args:
        document: It in Glue's shape.
        inactive: Names of triggers that were deactivated.
    """
    active = "DEACTIVATED" if document["Name"] in inactive else "ACTIVATED"
    return {**document, "State": "CREATED" if document["Type"] == "ON_DEMAND" else active}


def node_id(definition: Definition, kind: str, name: str) -> str:
    """The id of a node of a workflow's graph, the same in every run.

    Args:
        definition: The workflow.
        kind: "JOB" or "TRIGGER".
        name: Of the job or trigger.
    """
    return "wnode_" + hashlib.sha256(f"{definition.name}\n{kind}\n{name}".encode()).hexdigest()


def _graph(installed: Installed, runs: Collection[JobRun], inactive: Collection[str] = ()) -> Document:
    definition = installed.definition
    triggers = [
        {"TriggerDetails": {"Trigger": trigger(installed.triggers[each.name], inactive)}}
        | _node(definition, "TRIGGER", each.name)
        for each in definition.triggers
    ]
    jobs = [
        {"JobDetails": {"JobRuns": [job_run(run, installed.jobs[name]) for run in runs if run.job == name]}}
        | _node(definition, "JOB", name)
        for name in definition.jobs
    ]
    return {"Nodes": [*triggers, *jobs], "Edges": _edges(definition)}


def _node(definition: Definition, kind: str, name: str) -> Document:
    return {"Type": kind, "Name": name, "UniqueId": node_id(definition, kind, name)}


def _edges(definition: Definition) -> list[Document]:
    pairs = []
    for each in definition.triggers:
        here = ("TRIGGER", each.name)
        pairs += [(("JOB", condition.job), here) for condition in each.conditions]
        pairs += [(here, ("JOB", action.job)) for action in each.actions]
    return [
        {"SourceId": node_id(definition, *source), "DestinationId": node_id(definition, *destination)}
        for source, destination in pairs
    ]


def _seconds(run: JobRun) -> int:
    if run.state == WAITING:
        return 0
    return int((datetime.now(UTC) - run.started_at).total_seconds() if run.seconds is None else run.seconds)


def _present(optional: Mapping[str, object]) -> Document:
    return {name: value for name, value in optional.items() if value is not None}
