"""Glue's actions on jobs and their runs."""

from __future__ import annotations

from collections.abc import Mapping

from assay.local.glue import documents
from assay.local.glue.call import Call, NotOursError
from assay.local.glue.faults import GlueError
from assay.local.glue.launch import launch
from assay.local.glue.shapes import Document
from assay.local.history import TooManyRunsError
from assay.local.runs import FAILED, JobRun
from assay.stacks.definition import Job

_PAGE = 100
_ENDED = "JobRunInTerminalStateException"


def start_job_run(call: Call) -> Document:
    """StartJobRun: a run by itself, which fires no trigger of the workflow."""
    request = {name: value for name, value in call.request.items() if name != "JobName"}
    job = call.installed.definition.all_jobs.get(call.request["JobName"])
    if job is None:
        raise NotOursError
    if "JobRunId" in request:
        repeated = call.job_run(job.name, request["JobRunId"])
        request = {"Arguments": repeated.request.get("Arguments", {}), **request}
    return {"JobRunId": start(call, job, request)}


def start(call: Call, job: Job, request: Mapping[str, object], *, trigger: str = "") -> str:
    """Start a run of a job by itself, in a process of its own.

    Args:
        call: Knows the history.
        job: The job.
        request: What the run is given, as in StartJobRun.
        trigger: Name of the trigger that starts it; empty for none.

    Returns:
        The run's id.

    Raises:
        GlueError: `ConcurrentRunsExceededException`.
    """
    queue = bool(request.get("JobRunQueuingEnabled", job.queuing))
    try:
        run_id = call.history.admit(
            job.name, job.max_concurrent_runs, queue=queue, request=request, trigger=trigger
        )
    except TooManyRunsError as error:
        raise GlueError("ConcurrentRunsExceededException", error.message) from error
    try:
        launch(call.setup, call.history, run_id)
    except Exception as error:
        call.history.end_job(run_id, FAILED, 0.0, str(error))
        raise
    return run_id


def get_job_run(call: Call) -> Document:
    """GetJobRun."""
    name = call.request["JobName"]
    job = call.job(name)
    document = documents.job_run(call.job_run(name, call.request["RunId"]), job)
    if not call.request.get("PredecessorsIncluded", False):
        document["PredecessorRuns"] = []
    return {"JobRun": document}


def get_job_runs(call: Call) -> Document:
    """GetJobRuns, newest first."""
    name = call.request["JobName"]
    job = call.job(name)

    def fetch(limit: int, before: str | None) -> list[JobRun]:
        return call.history.job_runs(name, limit, before)

    runs, more = call.page(f"runs of job {name}", _PAGE, fetch, lambda run: run.id)
    return {"JobRuns": [documents.job_run(run, job) for run in runs], **more}


def batch_stop_job_run(call: Call) -> Document:
    """BatchStopJobRun: STOPPING until the job has ended, then STOPPED, which triggers can watch."""
    name = call.request["JobName"]
    call.job(name)
    stopped, errors = [], []
    for run_id in call.request["JobRunIds"]:
        submission = {"JobName": name, "JobRunId": run_id}
        try:
            _stop(call, name, run_id)
        except GlueError as error:
            detail = {"ErrorCode": error.code, "ErrorMessage": error.message}
            errors.append({**submission, "ErrorDetail": detail})
        else:
            stopped.append(submission)
    return {"SuccessfulSubmissions": stopped, "Errors": errors}


def get_job(call: Call) -> Document:
    """GetJob."""
    if call.request["JobName"] not in call.installed.jobs:
        raise NotOursError
    return {"Job": call.installed.jobs[call.request["JobName"]]}


def _stop(call: Call, job: str, run_id: str) -> None:
    run = call.job_run(job, run_id)
    if not call.history.stop_job(run_id):
        raise GlueError(_ENDED, f"run {run_id} is {run.state}; it cannot be stopped")
