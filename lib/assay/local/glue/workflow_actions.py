"""Glue's actions on workflows and their runs."""

from __future__ import annotations

from collections.abc import Mapping

from assay.local import plan
from assay.local.glue import documents
from assay.local.glue.call import Call, NotOursError
from assay.local.glue.faults import GlueError
from assay.local.glue.launch import launch
from assay.local.glue.shapes import Document
from assay.local.history import TooManyRunsError
from assay.local.runs import ERROR, RUNNING, STOPPING, Resumption, WorkflowRun

_PAGE = 100


def start_workflow_run(call: Call) -> Document:
    """StartWorkflowRun."""
    _require_workflow(call)
    return {"RunId": start(call, call.request.get("RunProperties", {}))}


def start(call: Call, properties: Mapping[str, str], resumption: Resumption | None = None) -> str:
    """Start a run of the workflow in a process of its own.

    Args:
        call: Knows the workflow.
        properties: Replace the workflow's defaults of the same name.
        resumption: What the run resumes, if it does.

    Returns:
        The run's id.

    Raises:
        GlueError: `ConcurrentRunsExceededException`.
    """
    definition = call.installed.definition
    merged = {**definition.properties, **properties}
    try:
        run_id = call.history.start(definition.name, merged, definition.max_concurrent_runs, resumption)
    except TooManyRunsError as error:
        raise GlueError("ConcurrentRunsExceededException", error.message) from error
    try:
        launch(call.setup, call.history, run_id)
    except Exception as error:
        call.history.end(run_id, ERROR, str(error))
        raise
    return run_id


def get_workflow(call: Call) -> Document:
    """GetWorkflow."""
    _require_workflow(call)
    last = call.history.runs(1, workflow=call.request["Name"])
    return {
        "Workflow": documents.workflow(
            call.installed,
            last[0] if last else None,
            call.history.inactive_triggers(),
            graph=call.request.get("IncludeGraph", False),
        )
    }


def get_workflow_run(call: Call) -> Document:
    """GetWorkflowRun."""
    return {"Run": _document(call, call.workflow_run())}


def get_workflow_runs(call: Call) -> Document:
    """GetWorkflowRuns, newest first."""
    name = call.request["Name"]
    if name != call.installed.definition.name and not call.history.runs(1, workflow=name):
        raise NotOursError

    def fetch(limit: int, before: str | None) -> list[WorkflowRun]:
        return call.history.runs(limit, workflow=name, before=before)

    runs, more = call.page(f"runs of workflow {name}", _PAGE, fetch, lambda run: run.run_id)
    return {"Runs": [_document(call, run) for run in runs], **more}


def stop_workflow_run(call: Call) -> Document:
    """StopWorkflowRun: STOPPING until its jobs have ended, then STOPPED."""
    run = call.workflow_run()
    if not call.history.stop(run.run_id) and run.status not in {RUNNING, STOPPING}:
        raise GlueError(
            "IllegalWorkflowStateException", f"run {run.run_id} is {run.status}; it cannot be stopped"
        )
    return {}


def resume_workflow_run(call: Call) -> Document:
    """ResumeWorkflowRun: a new run of the chosen nodes and of all that is downstream of them."""
    run = call.workflow_run()
    _require_workflow(call)
    if run.ended_at is None or run.succeeded:
        why = "every job of it succeeded" if run.succeeded else f"it is {run.status}"
        raise GlueError("IllegalWorkflowStateException", f"run {run.run_id} cannot be resumed: {why}")
    definition = call.installed.definition
    names = {documents.node_id(definition, "JOB", job): job for job in definition.jobs}
    for node in call.request["NodeIds"]:
        if names.get(node) not in run.latest:
            raise GlueError("InvalidInputException", f"node {node} is no job that ran in {run.run_id}")
    if not call.request["NodeIds"]:
        raise GlueError("InvalidInputException", "NodeIds is empty; name the nodes to restart")
    chosen = [names[node] for node in call.request["NodeIds"]]
    run_id = start(call, run.properties, plan.resumption(definition, run, chosen))
    return {"RunId": run_id, "NodeIds": call.request["NodeIds"]}


def get_workflow_run_properties(call: Call) -> Document:
    """GetWorkflowRunProperties."""
    return {"RunProperties": dict(call.workflow_run().properties)}


def put_workflow_run_properties(call: Call) -> Document:
    """PutWorkflowRunProperties."""
    call.history.set_properties(call.workflow_run().run_id, call.request["RunProperties"])
    return {}


def _require_workflow(call: Call) -> None:
    if call.request["Name"] != call.installed.definition.name:
        raise NotOursError


def _document(call: Call, run: WorkflowRun) -> Document:
    return documents.workflow_run(run, call.installed, graph=call.request.get("IncludeGraph", False))
