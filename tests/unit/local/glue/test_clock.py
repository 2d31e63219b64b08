"""The clock: what is due fires once, what is past or deactivated does not."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from tests.unit.local.glue.conftest import Glue, until

from assay.local.glue import clock

DUE = datetime(2026, 1, 5, 3, 15, tzinfo=UTC)  # a Monday
SECOND, WEEK = timedelta(seconds=1), timedelta(days=7)


@pytest.fixture
def weekly(glue: Glue) -> Glue:
    glue.job("one")
    glue.start("one")
    properties = glue.resources["start"]["Properties"]
    properties |= {"Type": "SCHEDULED", "Schedule": "cron(15 3 ? * MON *)", "StartOnCreation": True}
    glue.write()
    return glue


def runs(glue: Glue) -> list[str]:
    with glue.history() as history:
        return [run.run_id for run in history.runs(workflow="w")]


def test_what_is_due_starts_the_workflow_once(weekly: Glue) -> None:
    assert clock.tick(weekly.setup, DUE - SECOND, DUE) == ["start"]
    (run_id,) = runs(weekly)
    assert clock.tick(weekly.setup, DUE, DUE + SECOND) == []
    assert clock.tick(weekly.setup, DUE - SECOND, DUE + SECOND) == [], "as after a restart within the second"
    assert runs(weekly) == [run_id]
    weekly.up()
    assert weekly.ended(run_id)["Statistics"]["SucceededActions"] == 1
    assert clock.tick(weekly.setup, DUE + timedelta(days=7) - SECOND, DUE + timedelta(days=7)) == ["start"]


def test_what_passed_while_nothing_ran_does_not_fire(weekly: Glue) -> None:
    assert clock.tick(weekly.setup, DUE + timedelta(minutes=1), DUE + timedelta(hours=2)) == []
    assert clock.tick(weekly.setup, DUE, DUE) == []
    assert runs(weekly) == []


def test_a_deactivated_schedule_does_not_fire(weekly: Glue) -> None:
    with weekly.history() as history:
        history.triggers.set_active("start", active=False)
    assert clock.tick(weekly.setup, DUE - SECOND, DUE) == []
    with weekly.history() as history:
        history.triggers.set_active("start", active=True)
    assert clock.tick(weekly.setup, DUE - SECOND, DUE) == ["start"]


def test_a_job_of_no_workflow_has_a_schedule_of_its_own(
    weekly: Glue, caplog: pytest.LogCaptureFixture
) -> None:
    weekly.job("upkeep")
    weekly.alone("saturday", "upkeep", "cron(15 3 ? * SAT *)", {"--action": "maintain"})
    client = weekly.up()
    saturday = DUE + timedelta(days=5)
    assert clock.tick(weekly.setup, saturday - SECOND, saturday) == ["saturday"]
    (run,) = client.get_job_runs(JobName="upkeep")["JobRuns"]
    done = weekly.job_ended("upkeep", run["Id"])
    assert (done["JobRunState"], done["TriggerName"]) == ("SUCCEEDED", "saturday")
    assert done["Arguments"] == {"--action": "maintain"}
    assert runs(weekly) == []
    with weekly.history() as history:
        history.admit("upkeep", 1, queue=False, request={})
    assert clock.tick(weekly.setup, saturday + WEEK - SECOND, saturday + WEEK) == ["saturday"]
    assert "trigger saturday started nothing: job upkeep may have 1 runs at once" in caplog.text


def test_a_run_under_way_keeps_the_next_from_starting(weekly: Glue, caplog: pytest.LogCaptureFixture) -> None:
    with weekly.history() as history:
        under_way = history.start("w", {})
    clock.tick(weekly.setup, DUE - SECOND, DUE)
    assert runs(weekly) == [under_way]
    assert "trigger start started nothing: workflow w may have 1 runs at once" in caplog.text


def test_the_clock_goes_on_after_an_error(
    weekly: Glue, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    looks: list[datetime] = []

    def look(_: object, before: datetime, now: datetime) -> list[str]:
        looks.append(before)
        if len(looks) == 1:
            raise ZeroDivisionError
        assert now > before
        return []

    monkeypatch.setattr(clock, "_LOOK_SECONDS", 0.01)
    monkeypatch.setattr(clock, "tick", look)

    async def for_a_moment() -> None:
        task = asyncio.create_task(clock.run(weekly.setup))
        await asyncio.to_thread(until, lambda: len(looks) > 2, "it looked three times")
        task.cancel()

    asyncio.run(for_a_moment())
    assert "the schedule could not be looked at" in caplog.text
    assert looks == sorted(looks)
