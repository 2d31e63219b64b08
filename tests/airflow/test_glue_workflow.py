"""The operator: one live or good run per Airflow run, and one sentence that names what failed."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.standard.triggers.temporal import DateTimeTrigger
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred
from botocore.exceptions import ClientError
from fake_aws import JOBS, SUCCEEDED, FakeAws, Plan
from glue_workflow import (
    OUTCOME,
    OWNER,
    GlueWorkflowHook,
    GlueWorkflowRunOperator,
    GlueWorkflowTrigger,
    failure,
)

PROPERTIES = {"week": "2026-01-12", "blueprint": ""}


class Pushed:
    """The task instance of a context: keeps what is pushed."""

    def __init__(self) -> None:
        self.xcom: dict[str, str] = {}

    def xcom_push(self, key: str, value: str) -> None:
        self.xcom[key] = value


def operator() -> GlueWorkflowRunOperator:
    return GlueWorkflowRunOperator(
        task_id="week", workflow_name="assay", run_properties=dict(PROPERTIES), poll=0.01
    )


def context(run_id: str = "scheduled__1") -> dict[str, Any]:
    return {"run_id": run_id, "ti": Pushed(), "dag": SimpleNamespace(dag_id="d")}


def deferral(task: GlueWorkflowRunOperator, about: dict[str, Any]) -> TaskDeferred:
    with pytest.raises(TaskDeferred) as caught:
        task.execute(about)
    return caught.value


def finish(task: GlueWorkflowRunOperator, about: dict[str, Any]) -> dict[str, Any]:
    """From the first try of a task to its end, as worker and triggerer go it."""
    deferred = deferral(task, about)
    assert deferred.method_name == "ended"
    assert isinstance(deferred.trigger, GlueWorkflowTrigger)

    async def fired() -> str:
        trigger = GlueWorkflowTrigger(**deferred.trigger.serialize()[1])  # as the triggerer makes it
        return str((await anext(aiter(trigger.run()))).payload)

    return task.ended(about, asyncio.run(fired()))


def failing(job: str, *attempts: tuple[str, str | None]) -> Plan:
    done = JOBS[: JOBS.index(job)]
    return Plan({**{name: [(SUCCEEDED, None)] for name in done}, job: list(attempts)}, gate=())


def test_a_run_is_started_with_its_properties_and_its_owner(aws: FakeAws) -> None:
    found = finish(operator(), about := context())
    (run,) = aws.runs
    assert run.properties == {"week": "2026-01-12", OWNER: "adhoc_airflow/scheduled__1/week"}
    assert found == {
        "run_id": "wr_1",
        "status": "COMPLETED",
        "jobs": {f"assay-{job}": SUCCEEDED for job in JOBS},
        "error": None,
    }
    assert about["ti"].xcom == {OUTCOME: "workflow assay, run wr_1: every job succeeded"}


def test_a_trigger_waits_until_the_run_has_ended(aws: FakeAws) -> None:
    aws.plans = [Plan(looks=4)]
    finish(operator(), context())
    assert (
        aws.runs[0].looks == 6
    )  # three times RUNNING, then its end is seen by the trigger, then by the task


def test_the_triggerer_can_import_the_trigger() -> None:
    path, arguments = GlueWorkflowTrigger("assay", "wr_1", 30.0, None, "eu-west-1").serialize()
    assert path == "glue_workflow.GlueWorkflowTrigger"
    assert arguments == {
        "name": "assay", "run_id": "wr_1", "poll": 30.0, "aws_conn_id": None, "region_name": "eu-west-1",
    }  # fmt: skip


@pytest.mark.parametrize("page", [1, 100])
def test_another_try_joins_a_live_run_and_a_good_run(aws: FakeAws, page: int) -> None:
    aws.page = page
    aws.runs = [FakeAwsRun("wr_0", "adhoc_airflow/another/week")]
    deferral(operator(), context())
    deferral(operator(), context())
    assert len(aws.runs) == 2
    finish(operator(), context())
    assert finish(operator(), context())["run_id"] == "wr_2"
    assert len(aws.runs) == 2


def test_after_a_failed_run_another_try_starts_a_new_one(aws: FakeAws) -> None:
    aws.plans = [failing("gold", ("FAILED", "no rows"))]
    with pytest.raises(AirflowFailException):
        finish(operator(), context())
    assert finish(operator(), context())["run_id"] == "wr_2"


@pytest.mark.usefixtures("aws")
def test_other_airflow_runs_have_runs_of_their_own() -> None:
    finish(operator(), context("scheduled__1"))
    assert finish(operator(), context("backfill__1"))["run_id"] == "wr_2"


def test_a_busy_workflow_is_waited_for(aws: FakeAws) -> None:
    aws.busy = 1
    task, about = operator(), context()
    deferred = deferral(task, about)
    assert deferred.method_name == "execute"
    assert isinstance(deferred.trigger, DateTimeTrigger)
    assert finish(task, about)["run_id"] == "wr_1"


@pytest.mark.parametrize(
    ("plan", "sentence"),
    [
        (
            failing("gold", ("FAILED", "first"), ("FAILED", "the gate\n  is closed")),
            "workflow assay, run wr_1: job assay-gold FAILED: the gate is closed",
        ),
        (
            failing("bronze", ("TIMEOUT", None)),
            "workflow assay, run wr_1: job assay-bronze TIMEOUT: no reason given",
        ),
        (
            Plan({"ingest": [("STOPPED", "by hand")]}, status="STOPPED"),
            "workflow assay, run wr_1: job assay-ingest STOPPED: by hand",
        ),
        (
            Plan({"ingest": [(SUCCEEDED, None)]}, status="ERROR"),
            "workflow assay, run wr_1: ERROR with {}, and no job says why",
        ),
    ],
)
def test_a_run_that_did_not_succeed_is_one_sentence(aws: FakeAws, plan: Plan, sentence: str) -> None:
    aws.plans = [plan]
    about = context()
    with pytest.raises(AirflowFailException) as caught:
        finish(operator(), about)
    assert str(caught.value) == sentence
    assert about["ti"].xcom == {OUTCOME: sentence}


def test_an_attempt_that_was_made_good_is_no_failure(aws: FakeAws) -> None:
    attempts = {job: [(SUCCEEDED, None)] for job in JOBS}
    aws.plans = [Plan(attempts | {"silver": [("FAILED", "S3 was slow"), (SUCCEEDED, None)]})]
    assert finish(operator(), context())["error"] is None


def test_a_failure_that_only_the_counts_know_is_told() -> None:
    run = {
        "Name": "assay", "WorkflowRunId": "wr_9", "Status": "COMPLETED",
        "Statistics": {"SucceededActions": 5, "FailedActions": 1},
    }  # fmt: skip
    sentence = failure(run)
    assert sentence is not None
    assert "COMPLETED with {'FailedActions': 1}" in sentence
    assert failure(run | {"Statistics": {"SucceededActions": 5}}) is None


def test_an_error_of_the_service_is_not_swallowed(aws: FakeAws, monkeypatch: pytest.MonkeyPatch) -> None:
    refusal = {"__type": "EntityNotFoundException", "Message": "no workflow assay"}
    monkeypatch.setattr(aws, "_StartWorkflowRun", lambda _: (400, refusal))
    with pytest.raises(ClientError, match="no workflow assay"):
        GlueWorkflowHook().start("assay", {})


def FakeAwsRun(run_id: str, owner: str) -> Any:  # noqa: N802 it makes one
    from fake_aws import Run

    return Run(run_id, {OWNER: owner}, Plan(looks=0))
