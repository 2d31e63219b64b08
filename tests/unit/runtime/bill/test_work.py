"""What work costs: jobs as the template sizes them, and events by the slope of two measured weeks."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.runtime.bill import work
from assay.runtime.bill.work import Measured, Sample

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


def test_the_slope_leaves_fixed_costs_out() -> None:
    def sample(events: int, seconds: float) -> Sample:
        return Sample(events, {"gold": seconds})

    both = Measured("", sample(1_000, 60.0), sample(11_000, 80.0), 440_000)
    assert both.per_event("gold") == pytest.approx(20 / 10_000)
    assert both.bytes_per_event() == pytest.approx(40.0)
    assert Measured("", sample(1_000, 60.0), sample(11_000, 50.0), 1).per_event("gold") == 0.0


def test_events_cost_in_proportion() -> None:
    one, ten = work.events(1e6), work.events(1e7)
    assert ten.glue == pytest.approx(10 * one.glue)
    assert ten.gigabytes == pytest.approx(10 * one.gigabytes)
    assert one.storage == pytest.approx(one.gigabytes * 0.023)
    assert one.scan == pytest.approx(one.gigabytes / 1000 * 5)
    assert work.events(0).glue == 0.0


def test_what_was_measured_names_machine_and_date() -> None:
    found = work.measured()
    assert "2026-" in found.note
    assert found.small.events < found.large.events
    assert set(found.small.cpu_seconds) == set(work.rates())
    assert set(found.large.cpu_seconds) == set(work.rates()) - {"maintain"}  # how it grows is not known
    assert "maintain" not in work.events(1e6).dpu_seconds
