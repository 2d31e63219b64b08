"""What should have run and did not, and what is too old: by the clock, the schedule and the contracts."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from assay import configs, stacks, upkeep
from assay.lake.contracts import Contract, names
from assay.local.running import Stack
from assay.local.state import Home
from assay.stacks import chain, definition
from assay.upkeep import alarms

START = date(2026, 1, 5)
NOW = datetime(2026, 2, 3, 12, 0, tzinfo=UTC)


def test_a_week_is_due_a_day_after_its_end_and_missing_until_it_succeeded() -> None:
    assert alarms.missing(START, [], datetime(2026, 1, 13, 0, 14, tzinfo=UTC)) == []
    (first,) = alarms.missing(START, [], datetime(2026, 1, 13, 0, 15, tzinfo=UTC))
    assert (first.kind, first.what, first.since) == (
        "missing run", "2026-01-05", datetime(2026, 1, 13, 0, 15, tzinfo=UTC),
    )  # fmt: skip
    assert first.sentence == (
        "week 2026-01-05 has no run that succeeded; it was due 2026-01-13 00:15 UTC: run it again"
    )


def test_weeks_that_are_done_are_not_missing() -> None:
    found = alarms.missing(START, ["2026-01-05", "2026-01-19"], NOW)
    assert [each.what for each in found] == ["2026-01-12", "2026-01-26"]
    assert alarms.missing(START, [f"2026-01-{day:02d}" for day in (5, 12, 19, 26)], NOW) == []
    assert alarms.missing(None, [], NOW) == []


def test_a_table_is_stale_when_it_is_older_than_its_contract_allows() -> None:
    promise = Contract.load("gold.runs").freshness
    fresh = {"gold.runs": NOW - promise}
    assert alarms.stale(fresh, NOW, running=True) == []
    (found,) = alarms.stale({"gold.runs": NOW - promise - timedelta(seconds=1)}, NOW, running=True)
    assert (found.kind, found.what) == ("stale table", "gold.runs")
    assert found.sentence == "gold.runs is of 2026-01-26 11:59 UTC, older than 8 days; ask data-engineering"


def test_a_table_without_rows_is_an_alarm_once_something_should_run() -> None:
    assert alarms.stale({"gold.runs": None}, NOW, running=False) == []
    (found,) = alarms.stale({"gold.runs": None}, NOW, running=True)
    assert found.sentence == "gold.runs has never been written; ask data-engineering"


def test_what_changes_seldom_is_not_too_old() -> None:
    assert set(names()) >= alarms._SELDOM
    assert alarms.stale(dict.fromkeys(alarms._SELDOM), NOW, running=True) == []


def test_tables_of_optional_sources_may_stay_empty() -> None:
    tables = ("fx_rates", "market_quotes", "splits")
    assert alarms.left_out() == {f"{layer}.{name}" for layer in ("bronze", "silver") for name in tables}


def test_the_jobs_and_the_schedule_are_those_of_the_templates() -> None:
    exports = Stack(Home(Path("unused")), {"api": 1}).exports()
    templates = chain.read([configs.path(each) for each in stacks.RUN], {}, exports=exports)
    workflow = definition.read(*templates)
    fired = {each.job.rpartition("-")[2] for trigger in workflow.triggers for each in trigger.actions}
    assert set(alarms.JOBS) == fired


def test_aws_looks_every_day_with_options_that_the_action_takes() -> None:
    exports = Stack(Home(Path("unused")), {"api": 1}).exports()
    templates = chain.read([configs.path(each) for each in stacks.RUN], {}, exports=exports)
    triggers = [each for one in templates for each in one.resources("AWS::Glue::Trigger")]
    (daily,) = [each for each in triggers if each.properties["Name"] == "assay-alarms-daily"]
    (started,) = daily.properties["Actions"]
    assert started["JobName"] == "assay-maintain"
    action = upkeep.find(started["Arguments"]["--action"])
    assert action.parse(json.loads(started["Arguments"]["--options"])) == alarms.When(fail=True)


@pytest.mark.parametrize("cron", ["cron(15 3 ? * MON *)"])
def test_the_schedule_is_that_of_the_workflow(cron: str) -> None:
    assert f"Default: {cron}" in configs.path(stacks.WORKFLOW).read_text()
    assert timedelta(hours=3, minutes=15) == alarms.STARTS_AFTER
