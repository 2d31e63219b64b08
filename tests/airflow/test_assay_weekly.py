"""The DAG: what it consists of, which week a date means, and what the gate's task accepts as proof."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from airflow.dag_processing.dagbag import DagBag
from assay_weekly import FIRST, last_complete_week, verdict
from fake_aws import SUCCEEDED, entry

from conftest import DAGS


@pytest.fixture(scope="module")
def bag() -> DagBag:
    return DagBag(str(DAGS))


def test_the_folder_is_imported_without_an_error(bag: DagBag) -> None:
    assert bag.import_errors == {}
    assert list(bag.dags) == ["assay_weekly"]


def test_one_run_at_a_time_in_order_and_none_left_out(bag: DagBag) -> None:
    dag = bag.dags["assay_weekly"]
    assert (dag.max_active_runs, dag.catchup) == (1, True)
    week = dag.get_task("week")
    assert (week.depends_on_past, week.wait_for_downstream) == (True, True)
    assert {task.task_id: sorted(task.downstream_task_ids) for task in dag.tasks} == {
        "week": ["gate"],
        "gate": ["notify"],
        "notify": [],
    }
    assert dag.get_task("notify").is_teardown
    assert dag.get_task("notify").on_failure_fail_dagrun is False  # else its success would hide a failed gate


def test_it_starts_on_the_day_after_the_first_week_of_the_blueprint() -> None:
    text = (DAGS.parent / "blueprints" / "brokerage.yaml").read_text()
    (line,) = [line for line in text.splitlines() if line.startswith("start:")]
    assert date.fromisoformat(line.split()[1]) + timedelta(days=7) == FIRST.date()


@pytest.mark.parametrize(
    ("moment", "week"),
    [
        (datetime(2026, 1, 19, 3, 15, tzinfo=UTC), "2026-01-12"),
        (datetime(2026, 1, 19, tzinfo=UTC), "2026-01-12"),
        (datetime(2026, 1, 18, 23, 59, tzinfo=UTC), "2026-01-05"),
        (datetime(2026, 1, 25, 23, 59, tzinfo=UTC), "2026-01-12"),
        # Already Monday in Berlin, still Sunday in UTC, whose weeks count.
        (datetime(2026, 1, 19, 0, 30, tzinfo=timezone(timedelta(hours=1))), "2026-01-05"),
    ],
)
def test_a_date_means_the_last_week_that_was_over(moment: datetime, week: str) -> None:
    assert last_complete_week(moment) == week


def test_every_day_means_a_week_that_ended_less_than_seven_days_ago() -> None:
    for days in range(400):
        moment = FIRST + timedelta(days=days, hours=7)
        monday = date.fromisoformat(last_complete_week(moment))
        assert monday.weekday() == 0
        assert timedelta(0) <= moment.date() - (monday + timedelta(days=7)) < timedelta(days=7)


def test_the_gate_is_proved_by_its_own_entry() -> None:
    passed, sentence = verdict(SUCCEEDED, [entry(1, SUCCEEDED), entry(0, "STARTED")])
    assert passed
    assert sentence == "the gate judged 1,234 results and let them pass"


@pytest.mark.parametrize(
    ("state", "entries", "sentence"),
    [
        (None, [], "the gate did not pass: the calibrate job is not started"),
        ("FAILED", [entry(0, SUCCEEDED)], "the gate did not pass: the calibrate job is FAILED"),
        (SUCCEEDED, [], "the gate did not run: the journal has no entry of it, so nothing was judged"),
        (SUCCEEDED, [entry(0, "STARTED")], "the gate is STARTED: the step has not ended"),
        (
            SUCCEEDED,
            [entry(0, SUCCEEDED), entry(1, "FAILED", "TerminalError: canary_value")],
            "the gate is FAILED: TerminalError: canary_value",
        ),
    ],
)
def test_without_proof_the_gate_is_closed(
    state: str | None, entries: list[dict[str, object]], sentence: str
) -> None:
    assert verdict(state, entries) == (False, sentence)
