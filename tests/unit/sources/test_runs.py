"""Runs out of the journal: states, counts, seconds, prices, order."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from assay.sources import runs
from assay.sources.entries import Entry

RATES = {"gold": (4.0, 0.29), "silver": (2.0, 0.29)}


def entry(minute: float, step: str, state: str, **more: Any) -> Entry:
    seconds = int(minute * 60)
    at = f"2026-01-05T03:{seconds // 60:02d}:{seconds % 60:02d}.000000Z"
    empty = dict.fromkeys(("rows_in", "rows_out", "rows_quarantined", "seconds", "error", "warnings"))
    base = {"day": "2026-01-05", "run_id": "wr_1", "job": "assay-gold", "week": "2025-12-29"}
    found: Entry = {**empty, **base, "step": step, "state": state, **more}
    return {**found, "entry": f"{at}#{found['run_id']}#{found['job']}#{step}"}


def one(entries: list[Entry]) -> runs.Run:
    (found,) = runs.runs(reversed(entries), RATES)
    return found


def test_a_run_has_its_jobs_and_steps_with_rows_seconds_and_prices() -> None:
    found = one([
        entry(1, "tables", "STARTED", job="assay-silver"),
        entry(2, "tables", "SUCCEEDED", job="assay-silver", rows_in=10, rows_out=7, rows_quarantined=3,
              seconds=60.0),
        entry(3, "experiments", "STARTED"),
        entry(13, "experiments", "SUCCEEDED", rows_out=5, seconds=600.0, warnings="a\nb"),
    ])  # fmt: skip
    assert (found.id, found.week, found.span.state) == ("wr_1", "2025-12-29", "SUCCEEDED")
    assert found.span.started_at == datetime(2026, 1, 5, 3, 1, tzinfo=UTC)
    assert found.span.seconds == 720
    assert (found.span.rows_in, found.span.rows_out, found.span.rows_quarantined) == (10, 12, 3)
    assert found.span.warnings == ("a", "b")
    silver, gold = found.jobs
    assert [job.name for job in found.jobs] == ["assay-silver", "assay-gold"]
    assert (silver.span.dpu_seconds, gold.span.dpu_seconds) == (120, 2_400)
    assert gold.span.dollars == pytest.approx(2_400 / 3_600 * 0.29)
    assert found.span.dollars == pytest.approx((2_400 + 120) / 3_600 * 0.29)
    (step,) = gold.steps
    assert (step.job, step.name, step.span.seconds, step.span.warnings) == (
        "assay-gold", "experiments", 600, ("a", "b"),
    )  # fmt: skip


def test_a_job_is_billed_a_minute_at_least_and_without_a_rate_it_has_no_price() -> None:
    short = [entry(1, "a", "STARTED"), entry(1.5, "a", "SUCCEEDED", seconds=30.0)]
    assert one(short).jobs[0].span.dpu_seconds == 240
    assert one(short).jobs[0].steps[0].span.dpu_seconds == 120
    other = one([{**each, "job": "assay-notebook"} for each in short])
    assert (other.span.dpu_seconds, other.span.dollars, other.jobs[0].span.dollars) == (None, None, None)


def test_a_failure_is_there_until_the_step_is_repeated_with_success() -> None:
    failed = [
        entry(1, "a", "STARTED"),
        entry(2, "a", "FAILED", error="TransientError: first", seconds=60.0),
        entry(3, "b", "STARTED"),
        entry(4, "b", "FAILED", error="TransientError: second", seconds=60.0),
    ]
    found = one(failed)
    assert (found.span.state, found.span.error) == ("FAILED", "TransientError: second")
    repeated = [*failed, entry(5, "a", "STARTED"), entry(6, "a", "SUCCEEDED", seconds=60.0)]
    assert one(repeated).span.state == "FAILED"
    whole = [*repeated, entry(7, "b", "STARTED"), entry(8, "b", "SUCCEEDED", seconds=60.0)]
    assert (one(whole).span.state, one(whole).span.error) == ("SUCCEEDED", None)


def test_a_step_that_never_ended_is_started() -> None:
    found = one(
        [entry(1, "a", "STARTED"), entry(2, "a", "SUCCEEDED", seconds=60.0), entry(3, "b", "STARTED")]
    )
    assert found.span.state == "STARTED"
    assert [step.span.seconds for step in found.jobs[0].steps] == [60, 0]


def test_the_newest_run_comes_first() -> None:
    found = runs.runs(
        [entry(1, "a", "STARTED", run_id="wr_1"), entry(9, "a", "STARTED", run_id="r-2")], RATES
    )
    assert [run.id for run in found] == ["r-2", "wr_1"]
    assert runs.runs([], RATES) == []


def test_a_week_is_done_when_every_job_succeeded_in_whatever_run() -> None:
    def job(name: str, state: str, run: str, week: str | None = "2025-12-29") -> Entry:
        return entry(1, "a", state, job=f"assay-{name}", run_id=run, week=week)

    wanted = ("silver", "gold")
    assert (
        runs.done(runs.runs([job("silver", "SUCCEEDED", "1"), job("gold", "FAILED", "1")], RATES), wanted)
        == set()
    )
    entries = [job("silver", "SUCCEEDED", "1"), job("gold", "FAILED", "1"), job("gold", "SUCCEEDED", "2")]
    assert runs.done(runs.runs(entries, RATES), wanted) == {"2025-12-29"}
    assert runs.done(runs.runs([job("gold", "SUCCEEDED", "3", None)], RATES), ("gold",)) == set()
