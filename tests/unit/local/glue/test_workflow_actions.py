"""Runs of a workflow, started and watched through boto3."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError

from tests.unit.local.glue.conftest import Glue


@pytest.fixture
def chain(glue: Glue) -> Glue:
    for name in ("one", "two", "three"):
        glue.job(name)
    glue.start("one")
    glue.when({"one": "SUCCEEDED"}, "two", Arguments={"--x": "action"}, Timeout=7)
    glue.when({"two": "SUCCEEDED"}, "three")
    return glue


def test_a_run_runs_to_its_end(chain: Glue) -> None:
    client = chain.up()
    before = datetime.now(UTC)
    run_id = client.start_workflow_run(Name="w", RunProperties={"b": "2"})["RunId"]
    run = chain.ended(run_id)
    assert (run["Name"], run["WorkflowRunId"], run["Status"]) == ("w", run_id, "COMPLETED")
    assert run["WorkflowRunProperties"] == {"a": "1", "b": "2"}
    assert before <= run["StartedOn"] <= run["CompletedOn"] <= datetime.now(UTC)
    assert run["Statistics"] == {
        "TotalActions": 3, "SucceededActions": 3, "FailedActions": 0, "TimeoutActions": 0, "StoppedActions": 0,
        "ErroredActions": 0, "RunningActions": 0, "WaitingActions": 0,
    }  # fmt: skip
    assert "Graph" not in run
    assert chain.order == ["one", "two", "three"]
    assert {call["WORKFLOW_RUN_ID"] for call in chain.calls} == {run_id}
    assert chain.calls[1]["x"] == "action"
    assert len({call["pid"] for call in chain.calls}) == 1, "one process, so one Spark session"
