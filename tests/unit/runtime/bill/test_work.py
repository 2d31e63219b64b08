"""What work costs: jobs as the template sizes them and the model says, and events by its slopes."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.runtime.bill import model, work
from assay.runtime.bill.forecast import Forecast

TEMPLATE = """
Resources:
  IngestJob:
    Type: AWS::Glue::Job
    Metadata: {Assay: {MaxCostUsd: 0.10}}
    Properties: {WorkerType: G.1X, NumberOfWorkers: 2, ExecutionClass: FLEX, Timeout: 10}
  GoldJob:
    Type: AWS::Glue::Job
    Metadata: {Assay: {MaxCostUsd: 2.00}}
    Properties: {WorkerType: G.2X, NumberOfWorkers: 5, ExecutionClass: STANDARD, Timeout: 27, MaxRetries: 1}
"""


@pytest.fixture
def template(tmp_path: Path) -> Path:
    path = tmp_path / "jobs.yaml"
    path.write_text(TEMPLATE)
    return path


def test_each_job_costs_by_its_own_workers_and_class(template: Path) -> None:
    ingest, gold = work.week({"ingest": 30.0, "gold": 360.0}, template)
    assert (ingest.job, ingest.dpu_seconds, ingest.attempts) == ("ingest", 120.0, 1)
    assert ingest.dollars == pytest.approx(120 / 3600 * 0.29)
    assert (gold.dpu_seconds, gold.cap, gold.timeout, gold.attempts) == (3600.0, 2.0, 27, 2)
    assert gold.dollars == pytest.approx(0.44)


def test_rates_are_those_of_gold_runs(template: Path) -> None:
    assert work.rates(template) == {"ingest": (2.0, 0.29), "gold": (10.0, 0.44)}
    assert set(work.rates()) == {"ingest", "sources", "bronze", "silver", "gold", "calibrate", "maintain"}


def test_events_cost_in_proportion() -> None:
    one, ten = work.events(1e6), work.events(1e7)
    assert ten.glue == pytest.approx(10 * one.glue)
    assert ten.gigabytes == pytest.approx(10 * one.gigabytes)
    assert one.storage == pytest.approx(one.gigabytes * 0.023)
    assert one.scan == pytest.approx(one.gigabytes / 1000 * 5)
    assert work.events(0).glue == 0.0


def test_a_week_is_that_of_the_model_with_the_workers_of_the_template() -> None:
    for job in work.week():
        took = model.jobs()[job.job].seconds(work.DEFAULT, 0.0, job.workers)
        assert job.seconds == pytest.approx(took)
    (gold,) = (job for job in work.week(past=1e9, workers={"gold": 7}) if job.job == "gold")
    assert gold.workers == 7
    assert gold.seconds == pytest.approx(model.jobs()["gold"].seconds(work.DEFAULT, 1e9, 7))


def test_the_template_has_as_many_workers_as_the_model_says() -> None:
    for job in work.week():
        chosen = model.jobs()[job.job].workers(work.DEFAULT)
        assert job.workers == chosen, f"{job.job}: NumberOfWorkers in glue_configs/stacks/jobs.yaml"


def test_the_template_has_time_for_a_year_of_it() -> None:
    assert Forecast(work.DEFAULT, 52).late == ()
