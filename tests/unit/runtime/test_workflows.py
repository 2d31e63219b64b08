"""Runs of the workflow as people see them, asked of a local Glue that really runs them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from tests.unit.local.glue.conftest import Glue, until

from assay.errors import InputError, TerminalError
from assay.runtime import workflows
from assay.runtime.workflows import Graph

MONDAY = date(2026, 1, 5)


@pytest.fixture
def glue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Glue]:
    one = Glue(tmp_path)
    one.resources["W"]["Properties"]["MaxConcurrentRuns"] = 1
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{one.port}")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv(workflows.NAME, "w")
    yield one
    one.kill_runners()
    one.down()


def test_the_graph_says_what_follows_what(glue: Glue) -> None:
    for name in ("a", "b", "c", "d"):
        glue.job(name)
    glue.start("a", "b")
    glue.when({"a": "SUCCEEDED", "b": "SUCCEEDED"}, "c", "d")
    glue.up()
    assert workflows.graph() == Graph(("a", "b", "c", "d"), (("a", "c"), ("a", "d"), ("b", "c"), ("b", "d")))


def test_a_run_is_told_from_its_start_to_its_end(glue: Glue) -> None:
    go_on = glue.held("a", {"--failures": "1"}, MaxRetries=1)
    glue.start("a")
    glue.up()
    run_id = workflows.start(MONDAY, "s3://b/mine.yaml")
    until(lambda: workflows.run(run_id).jobs.keys() == {"a"}, "the job begins")
    going = workflows.run(run_id)
    assert (going.live, going.succeeded, going.ended_at) == (True, False, None)
    with pytest.raises(workflows.BusyError, match="a run is under way; start the next when it has ended"):
        workflows.start(MONDAY)
    go_on()
    glue.ended(run_id)
    ended = workflows.run(run_id)
    assert (ended.live, ended.succeeded, ended.week) == (False, True, "2026-01-05")
    assert ended.properties["blueprint"] == "s3://b/mine.yaml"
    assert ended.ended_at is not None
    assert ended.ended_at > ended.started_at
    job = ended.jobs["a"]
    assert (job.state, job.attempts, job.error) == ("SUCCEEDED", 2, None)
    assert job.seconds is not None
    assert [run.id for run in workflows.runs()] == [run_id]


def test_a_complete_run_in_which_a_job_failed_did_not_succeed(glue: Glue) -> None:
    glue.job("a", {"--failures": "9"})
    glue.start("a")
    glue.up()
    run_id = workflows.start(MONDAY)
    glue.ended(run_id)
    run = workflows.run(run_id)
    assert (run.status, run.succeeded) == ("COMPLETED", False)
    assert "attempt 0 of a failed" in (run.jobs["a"].error or "")


def test_runs_are_listed_newest_first(glue: Glue) -> None:
    glue.job("a")
    glue.start("a")
    glue.up()
    assert workflows.runs() == []
    first, second = (_ended(glue, week) for week in (MONDAY, date(2026, 1, 12)))
    assert [run.id for run in workflows.runs()] == [second, first]
    assert len(workflows.runs(1)) == 1


def _ended(glue: Glue, week: date) -> str:
    run_id = workflows.start(week)
    glue.ended(run_id)
    return run_id


def test_a_day_that_is_no_monday_is_refused() -> None:
    with pytest.raises(InputError, match="2026-01-06 is a Tuesday; a week is named by its Monday"):
        workflows.start(date(2026, 1, 6))


def test_what_glue_does_not_know_is_told(glue: Glue, monkeypatch: pytest.MonkeyPatch) -> None:
    glue.job("a")
    glue.start("a")
    glue.up()
    with pytest.raises(TerminalError, match="cannot look at run wr_none: "):
        workflows.run("wr_none")
    monkeypatch.delenv(workflows.NAME)
    assert workflows.name() == "assay"
    with pytest.raises(TerminalError, match="cannot look at workflow assay: "):
        workflows.graph()
