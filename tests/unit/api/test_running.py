"""Runs: Glue's documents as a run's progress; what the routes make of them. A real Glue: tests/stack."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from assay.runtime import clients, workflows
from assay.serving.api import pages, tokens, workflow
from assay.serving.api.resources import Resource

from . import lake
from .calling import asking, problem

AT = datetime(2026, 3, 2, 3, 15, tzinfo=UTC)
RUN = "wr_20260302T031500_1a2b3c4d"


class Glue:
    """Says of one run what is written down for it, in the shapes of the service model."""

    def __init__(self, run: dict[str, Any] | None, *, busy: bool = False) -> None:
        self.run, self.busy = run, busy
        self.asked: list[dict[str, Any]] = []

    def start_workflow_run(self, **request: Any) -> dict[str, Any]:
        self.asked.append(request)
        if self.busy:
            raise _error("ConcurrentRunsExceededException")
        return {"RunId": RUN}

    def get_workflow_run(self, **request: Any) -> dict[str, Any]:
        self.asked.append(request)
        if self.run is None:
            raise _error("EntityNotFoundException")
        return {"Run": self.run}


def _error(code: str) -> ClientError:
    document: Any = {"Error": {"Code": code, "Message": "."}, "ResponseMetadata": {"HTTPStatusCode": 400}}
    return ClientError(document, "Glue")


def attempt(job: str, state: str, number: int = 0, **more: Any) -> dict[str, Any]:
    return {"JobName": job, "JobRunState": state, "StartedOn": AT, "Attempt": number, **more}


def told(status: str, *attempts: dict[str, Any], **more: Any) -> dict[str, Any]:
    nodes = [{"Type": "TRIGGER"}] + [
        {
            "Type": "JOB",
            "Name": name,
            "JobDetails": {"JobRuns": [a for a in attempts if a["JobName"] == name]},
        }
        for name in dict.fromkeys(each["JobName"] for each in attempts)
    ]
    properties = {"WorkflowRunProperties": {"week": "2026-02-23"}}
    run = {"WorkflowRunId": RUN, "Status": status, "StartedOn": AT, "Graph": {"Nodes": nodes}}
    return {**run, **properties, **more}


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Any:
    def play(run: dict[str, Any] | None, **given: Any) -> Glue:
        glue = Glue(run, **given)
        monkeypatch.setattr(clients, "glue", lambda: glue)
        return glue

    return play


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[httpx.Client]:
    monkeypatch.setenv(tokens.VARIABLE, str(tmp_path / "tokens.json"))
    with asking(tokens.make(tmp_path / "tokens.json", "test")) as client:
        yield client


@pytest.mark.parametrize(
    ("run", "state"),
    [
        (told("RUNNING", attempt("gold", "RUNNING")), "RUNNING"),
        (told("STOPPING"), "RUNNING"),
        (told("STOPPED", attempt("gold", "STOPPED")), "STOPPED"),
        (told("COMPLETED", attempt("gold", "SUCCEEDED")), "SUCCEEDED"),
        (told("COMPLETED", attempt("gold", "FAILED")), "FAILED"),
        (told("COMPLETED", attempt("gold", "FAILED"), attempt("gold", "SUCCEEDED", 1)), "SUCCEEDED"),
        (told("COMPLETED", attempt("gold", "SUCCEEDED", 1), attempt("gold", "TIMEOUT", 2)), "FAILED"),
        (told("COMPLETED", Graph={}, Statistics={"FailedActions": 1}), "FAILED"),
        (told("COMPLETED", Graph={}, Statistics={"SucceededActions": 6}), "SUCCEEDED"),
        (told("COMPLETED", attempt("gold", "SUCCEEDED"), ErrorMessage="no"), "FAILED"),
        (told("ERROR"), "FAILED"),
    ],
)
def test_a_run_is_what_its_last_attempts_are(serve: Any, run: dict[str, Any], state: str) -> None:
    serve(run)
    found = workflow.find(RUN)
    assert found is not None
    assert (found.state, found.done) == (state, state != "RUNNING")


def test_a_run_tells_of_its_jobs(serve: Any, api: httpx.Client) -> None:
    serve(
        told(
            "COMPLETED", attempt("assay-gold", "FAILED", ExecutionTime=41, CompletedOn=AT, ErrorMessage="no")
        )
    )
    answer = api.get(f"/v1/runs/{RUN}")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json() == {
        "run": RUN, "week": "2026-02-23", "state": "FAILED", "started_at": "2026-03-02T03:15:00Z",
        "ended_at": None,
        "jobs": [{
            "job": "assay-gold", "state": "FAILED", "started_at": "2026-03-02T03:15:00Z",
            "ended_at": "2026-03-02T03:15:00Z", "seconds": 41.0, "error": "no",
        }],
    }  # fmt: skip


@pytest.mark.parametrize("week", ["", "soon", None])
def test_a_property_is_whatever_somebody_wrote(serve: Any, week: str | None) -> None:
    serve(told("RUNNING") | {"WorkflowRunProperties": {} if week is None else {"week": week}})
    found = workflow.find(RUN)
    assert found is not None
    assert found.week is None


def test_a_run_is_started_with_its_week(
    serve: Any, api: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    glue = serve(told("RUNNING"))
    answer = api.post("/v1/runs", json={"week": "2026-02-23"})
    assert (answer.status_code, answer.headers["location"]) == (202, f"/v1/runs/{RUN}")
    assert answer.json()["state"] == "RUNNING"
    assert glue.asked[0] == {"Name": "assay", "RunProperties": {"week": "2026-02-23"}}
    monkeypatch.setenv(workflows.NAME, "mine")
    assert api.post("/v1/runs", json={}).status_code == 202
    assert glue.asked[2] == {"Name": "mine", "RunProperties": {}}


def test_one_run_at_a_time(serve: Any, api: httpx.Client) -> None:
    serve(told("RUNNING"), busy=True)
    assert problem(api.post("/v1/runs", json={})) == (
        409, "a run is under way; start the next when it has ended",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            {"week": "2026-02-24"},
            "body.week: 2026-02-24 is no Monday, by which a week is named; here 2026-02-23",
        ),
        ({"week": "soon"}, "body.week: Input should be a valid date"),
        ({"weak": "2026-02-23"}, "body.weak: Extra inputs are not permitted"),
        ([], "body: Input should be a valid dictionary"),
    ],
)
def test_what_is_no_wish_starts_nothing(serve: Any, api: httpx.Client, body: object, said: str) -> None:
    glue = serve(None)
    code, detail = problem(api.post("/v1/runs", json=body))
    assert code == 422
    assert detail.startswith(said)
    assert glue.asked == []


def test_a_refusal_of_glue_is_not_told(
    serve: Any, api: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    glue = serve(None)

    def refuse(**_: object) -> None:
        raise _error("AccessDeniedException")

    monkeypatch.setattr(glue, "start_workflow_run", refuse)
    assert problem(api.post("/v1/runs", json={})) == (500, "the request could not be served")


@pytest.mark.parametrize(
    ("states", "state"),
    [
        (("SUCCEEDED", "SUCCEEDED"), "SUCCEEDED"),
        (("SUCCEEDED", "STARTED"), "STARTED"),
        (("FAILED", "STARTED"), "FAILED"),
    ],
)
def test_a_run_that_the_workflow_does_not_know_is_told_by_gold(
    serve: Any, api: httpx.Client, monkeypatch: pytest.MonkeyPatch, states: tuple[str, ...], state: str
) -> None:
    serve(None)
    rows = [row | {"state": each} for row, each in zip(lake.runs(), states, strict=False)]

    def newest(resource: Resource, within: dict[str, str], *, most: int) -> list[dict[str, Any]]:
        assert (resource.table, within, most) == ("runs", {"run": "r-1"}, 100)
        return rows

    monkeypatch.setattr(pages, "newest", newest)
    found = api.get("/v1/runs/r-1").json()
    assert (found["state"], [each["state"] for each in found["jobs"]]) == (state, list(states))
    monkeypatch.setattr(pages, "newest", lambda *_, **__: [])
    assert problem(api.get("/v1/runs/r-1")) == (404, "there is no run 'r-1'")
    assert problem(api.get("/v1/runs/a%20b"))[0] == 422
