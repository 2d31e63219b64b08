"""The page *Start a run*: runs of a workflow that really runs, started and watched through Glue's API."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from streamlit.testing.v1 import AppTest
from tests.unit.dashboard.conftest import page, table
from tests.unit.local.glue.conftest import Glue

from assay.runtime import workflows
from assay.runtime.workflows import JobState, Run
from assay.serving.dashboard import starting

pytestmark = pytest.mark.long


def opened() -> AppTest:
    return page("starting", None)


def until(app: AppTest, ready: Callable[[AppTest], bool], seconds: float = 60) -> None:
    """Run the page again, as its clock does, until it shows something."""
    deadline = time.monotonic() + seconds
    while not ready(app):
        assert time.monotonic() < deadline
        time.sleep(0.1)
        app.run()
        assert not app.exception


def states(app: AppTest) -> list[str]:
    return list(table(app, "jobs")["state"])


def done(app: AppTest) -> bool:
    return any("all jobs succeeded" in each.value for each in app.markdown)


def test_a_run_is_started_and_watched_to_its_end(glue: Glue) -> None:
    glue.up()
    app = opened()
    assert [each.value for each in app.info] == ["Nothing has run yet."]
    assert app.date_input[0].value == date(2026, 1, 5), "the first week of the blueprint that ships"
    app.button[0].click().run()
    assert not app.error
    until(app, done)
    assert states(app) == ["SUCCEEDED", "SUCCEEDED"]
    assert [call["week"] for call in glue.calls if "week" in call] == []
    (run,) = workflows.runs()
    assert run.properties["week"] == "2026-01-05"
    assert "blueprint" not in run.properties
    assert opened().date_input[0].value == date(2026, 1, 12), "the week after the last that succeeded"


def test_weeks_follow_one_another(glue: Glue) -> None:
    glue.up()
    app = opened()
    app.text_input[0].set_value("s3://b/mine.yaml")
    app.number_input[0].set_value(2)
    app.button[0].click().run()
    assert not app.error
    until(app, lambda _: sum(run.succeeded for run in workflows.runs()) == 2)
    weeks = [(run.week, run.properties["blueprint"]) for run in workflows.runs()]
    assert weeks == [("2026-01-12", "s3://b/mine.yaml"), ("2026-01-05", "s3://b/mine.yaml")]
    assert opened().selectbox[0].options == [starting.OWN, "s3://b/mine.yaml"]


def test_a_run_that_is_going_is_told_and_watched(glue: Glue) -> None:
    glue.job("w-one", {"--sleep": "300"})
    glue.up()
    run_id = workflows.start(date(2026, 1, 5))
    app = opened()
    assert [each.value for each in app.info] == [
        f"Run {run_id} of week 2026-01-05 is under way; the next can start when it has ended."
    ]
    app.button[0].click().run()
    assert [each.value for each in app.error] == ["a run is under way; start the next when it has ended"]
    assert len(workflows.runs()) == 1
    assert any("RUNNING" in each.value for each in app.markdown)


def test_a_week_that_fails_ends_the_row(glue: Glue) -> None:
    glue.job("w-one", {"--failures": "9"})
    glue.up()
    app = opened()
    app.number_input[0].set_value(3)
    app.button[0].click().run()
    until(app, lambda page: any("not every job succeeded" in each.value for each in page.markdown))
    app.run()
    (run,) = workflows.runs()
    assert not run.succeeded
    shown = table(app, "jobs").set_index("job")
    assert shown.loc["w-one", "state"] == "FAILED"
    assert "attempt 0 of w-one failed" in shown.loc["w-one", "error"]
    assert shown.loc["w-two", "state"] == "not started"


def test_a_day_that_is_no_monday_is_refused(glue: Glue) -> None:
    glue.up()
    app = opened()
    app.date_input[0].set_value(date(2026, 1, 7))
    app.button[0].click().run()
    assert [each.value for each in app.error] == ["2026-01-07 is a Wednesday; a week is named by its Monday"]
    assert workflows.runs() == []


def test_a_cleared_week_is_refused(glue: Glue) -> None:
    glue.up()
    app = opened()
    app.date_input[0].set_value(None)
    app.button[0].click().run()
    assert [each.value for each in app.error] == ["no week is chosen; choose the Monday that names it"]


def test_without_an_endpoint_the_page_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened()
    (error,) = app.error
    assert error.value.startswith("cannot list the runs of workflow assay: ")
    assert error.value.endswith("or start the local stack with `assay up`")
    assert not app.exception
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    (error,) = opened().error
    assert error.value.endswith("is the service reachable?")


def test_another_workflow_is_missing(glue: Glue, monkeypatch: pytest.MonkeyPatch) -> None:
    glue.up()
    monkeypatch.setenv(workflows.NAME, "another")
    (error,) = opened().error
    assert "cannot list the runs of workflow another" in error.value


def test_the_next_week_follows_the_last_that_succeeded() -> None:
    def run(week: str, state: str) -> Run:
        began = datetime(2026, 1, 12, tzinfo=UTC)
        jobs = {"a": JobState("a", state, 1, began, began, 1.0, None)}
        return Run("wr", "COMPLETED", {"week": week} if week else {}, began, began, jobs, None, 0)

    past = [run("2026-01-19", "FAILED"), run("2026-01-12", "SUCCEEDED"), run("", "SUCCEEDED")]
    assert starting.next_week(past, date(2026, 1, 5)) == date(2026, 1, 19)
    assert starting.next_week(past[:1], date(2026, 1, 5)) == date(2026, 1, 5)
