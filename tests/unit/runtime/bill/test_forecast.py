"""A forecast: its sum is that of its weeks, history makes later ones dearer, and all is told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from assay.errors import InputError
from assay.runtime.bill import forecast, idle, model
from assay.runtime.bill.forecast import Forecast
from assay.runtime.bill.measured import Measured, Run
from assay.runtime.bill.model import Volume

JOBS = ("ingest", "sources", "bronze", "silver", "gold", "calibrate", "maintain")
SMALL, LARGE = Volume(1e5, 7, 4), Volume(1e9, 100, 20)


def run(events: int, cpu: float) -> Run:
    of = {"bytes": 60 * events, "gold_bytes": 5 * events, "database_bytes": 250 * events}
    return Run(events, 7, 4, **of, reads=2_000, writes=1_000, cpu_seconds=dict.fromkeys(JOBS, cpu))


MEASURED = Measured("Measured by nobody.", (run(10_000, 40.0), run(1_010_000, 100.0)), {"gold": 2.0})


@pytest.fixture(autouse=True)
def of_known_measurements(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A line of 39.4 s and 60 s a million events, for every job; gold pays 2 s for each million before."""
    monkeypatch.setattr("assay.runtime.bill.measured.shipped", lambda: MEASURED)
    model._jobs.cache_clear()
    yield
    model._jobs.cache_clear()


def test_the_sum_is_that_of_the_weeks() -> None:
    found = Forecast(LARGE, 5)
    weeks = [sum(job.dpu_seconds for job in found.week(number)) for number in range(1, 6)]
    assert found.dpu_seconds == pytest.approx(sum(weeks))
    assert weeks == sorted(weeks)
    assert weeks[0] < weeks[-1]
    assert found.glue("STANDARD") / found.glue("FLEX") == pytest.approx(0.44 / 0.29)
    assert found.dollars == pytest.approx(sum(each.dollars for each in found.amounts))


def test_only_what_has_history_becomes_dearer() -> None:
    first, last = ({job.job: job.seconds for job in Forecast(LARGE, 52).week(n)} for n in (1, 52))
    assert {name for name in JOBS if last[name] > first[name]} == {"gold"}


def test_small_weeks_cost_what_the_stacks_cost_idle_and_little_more() -> None:
    found = Forecast(SMALL, 52)
    amounts = {each.what: each for each in found.amounts}
    idling = sum(line.dollars for line in idle.month() if line.stack not in idle.OPTIONAL)
    hours = sum(amounts[name].dollars for name in ("RDS", "DMS", "all else that idles"))
    assert hours == pytest.approx(idling * 52 / (365 / 12 / 7))
    assert amounts["RDS, more storage"].dollars == 0.0
    assert set(found.workers.values()) == {2}
    assert found.late == ()


def test_what_lies_there_is_paid_for_as_long_as_it_does() -> None:
    amounts = {each.what: each for each in Forecast(LARGE, 2).amounts}
    gigabytes, month = 60.0, 365 / 12 / 7
    assert amounts["S3, storage"].quantity == pytest.approx((gigabytes + 2 * gigabytes) / month)
    has = 20.0
    assert amounts["RDS, more storage"].quantity == pytest.approx((250 - has + 500 - has) / month)
    assert amounts["S3, writes"].dollars == pytest.approx(2_000 / 1000 * 0.005)
    questions = 24
    assert amounts["Athena"].quantity == pytest.approx(questions * (5 + 10) / 1000)
    assert amounts["Lambda"].dollars == pytest.approx(2_000 * (0.2e-6 + 0.1 * 0.0000166667))


def test_small_tables_are_scanned_at_the_least_that_is_billed() -> None:
    amounts = {each.what: each for each in Forecast(SMALL, 1).amounts}
    assert amounts["Athena"].quantity == pytest.approx(24 * 1e7 / 1e12)


def test_a_timeout_that_is_too_short_is_told() -> None:
    found = Forecast(Volume(1e11, 100, 20), 52)
    assert "gold" in {job.job for job in found.late}
    told = [line for line in forecast.assumptions(found) if line.startswith("gold would take")]
    assert told
    assert "raise MaxCostUsd and Timeout" in told[0]


def test_the_document_has_every_number() -> None:
    found = Forecast(LARGE, 3)
    body = forecast.document(found)
    assert body["dollars"] == pytest.approx(found.dollars)
    assert [job["job"] for job in body["last_week"]] == [job.job for job in found.week(3)]
    assert body["glue_dollars"] == pytest.approx(
        {"flex": found.glue("FLEX"), "standard": found.glue("STANDARD")}
    )


@pytest.mark.parametrize("weeks", [0, -1, 521])
def test_weeks_that_cannot_be_are_refused(weeks: int) -> None:
    with pytest.raises(InputError, match=f"--weeks is {weeks}; give 1 to 520"):
        Forecast(SMALL, weeks)
