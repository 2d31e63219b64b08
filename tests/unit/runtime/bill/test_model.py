"""The model of cost: planted lines are found, workers are the cheapest, and what cannot be is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from assay.errors import InputError
from assay.runtime import cost
from assay.runtime.bill import measured, model
from assay.runtime.bill.measured import Measured, Run
from assay.runtime.bill.model import JobModel, Line, Volume

SIZES = [Volume(e, x, m) for e, x, m in [(1e4, 8, 8), (1e5, 8, 8), (1e6, 8, 8), (1e4, 32, 8), (1e4, 8, 32)]]


def planted(volume: Volume) -> float:
    return 40.0 + 60.0 * volume.events / 1e6 + 0.5 * volume.experiments + 0.25 * volume.metrics


def run(volume: Volume, cpu: float) -> Run:
    sizes = int(volume.events), volume.experiments, volume.metrics
    return Run(*sizes, 100, 10, 200, 30, 20, {"gold": cpu, "ingest": 2.0})


def test_a_planted_line_is_found() -> None:
    found = model.line(SIZES, [planted(volume) for volume in SIZES])
    assert found.fixed == pytest.approx(40.0)
    assert found.slopes == pytest.approx((60.0, 0.5, 0.25))
    assert found.error == pytest.approx(0.0, abs=1e-9)
    assert found.at(Volume(5e6, 4, 2)) == pytest.approx(planted(Volume(5e6, 4, 2)))
    assert found.parallel(Volume(5e6, 4, 2)) == pytest.approx(300.0)


def test_no_slope_is_negative_and_the_error_is_told() -> None:
    found = model.line(SIZES, [50.0, 45.0, 40.0, 50.0, 50.0])
    assert min(found.slopes) == 0.0
    assert 0.05 < found.error < 0.25


def test_what_did_not_vary_is_in_the_fixed_part() -> None:
    found = model.line(SIZES[:3], [planted(volume) for volume in SIZES[:3]])
    assert found.slopes[1:] == (0.0, 0.0)
    assert found.fixed == pytest.approx(40.0 + 0.5 * 8 + 0.25 * 8)
    assert model.line(SIZES[:1], [0.0]).at(SIZES[2]) == 0.0


def test_events_are_shared_by_workers_and_nothing_else_is() -> None:
    job = JobModel("gold", Line(40.0, (60.0, 0.0, 0.0), 0.0), history=2.0)
    volume = Volume(1e6, 1, 1)
    assert job.seconds(volume, 0.0, 2) == pytest.approx((40 + 60) / 2)
    assert job.seconds(volume, 5e6, 2) == pytest.approx((40 + 60 + 10) / 2)
    assert job.seconds(volume, 5e6, 8) == pytest.approx((40 + 70 / 7) / 2)
    alone = JobModel("ingest", job.cpu, 2.0)
    assert alone.seconds(volume, 5e6, 8) == pytest.approx((40 + 60 + 10) / 2)


@pytest.mark.parametrize("events", [0.0, 1e5, 1e8, 1e10])
def test_no_other_number_of_workers_is_cheaper_in_time(events: float) -> None:
    job = JobModel("gold", Line(40.0, (60.0, 0.0, 0.0), 0.0), history=0.0)
    volume = Volume(events, 1, 1)
    chosen = job.workers(volume)

    def billed(workers: int) -> float:
        return cost.dpu_seconds(job.seconds(volume, 0.0, workers), workers=workers)

    in_time = [n for n in range(2, 300) if job.seconds(volume, 0.0, n) <= 3600]
    assert chosen in in_time
    assert billed(chosen) == min(map(billed, in_time))


def test_where_no_number_is_in_time_the_quickest_is_taken() -> None:
    job = JobModel("gold", Line(40.0, (60.0, 0.0, 0.0), 0.0), history=0.0)
    assert job.workers(Volume(1e12, 1, 1)) == 299
    assert JobModel("ingest", job.cpu, 0.0).workers(Volume(1e5, 1, 1)) == 2


def test_jobs_and_quantities_are_lines_through_the_runs() -> None:
    found = Measured("", tuple(run(volume, planted(volume)) for volume in SIZES), {"gold": 3.0})
    jobs = model.jobs(found)
    assert jobs["gold"].cpu.slopes == pytest.approx((60.0, 0.5, 0.25))
    assert (jobs["gold"].history, jobs["ingest"].history) == (3.0, 0.0)
    assert model.quantity("gold_bytes", found).at(Volume(1e9, 1, 1)) == pytest.approx(10.0)
    assert "5 runs of 10,000 to 1,000,000 events, 8 to 32 experiments" in model.basis(found)
    assert "not measured" not in model.basis(found)
    assert "earlier weeks cost later ones is not measured" in model.basis(replace(found, history={}))


def test_what_was_not_measured_of_a_run_does_not_count() -> None:
    runs = (
        Run(1_000_000, 8, 8, bytes=100, cpu_seconds={"gold": 70.0}),
        Run(2_000_000, 8, 8, bytes=160),
        run(SIZES[0], 40.0),
    )
    found = Measured("", runs, {})
    assert model.jobs(found)["gold"].cpu.at(SIZES[0]) == pytest.approx(40.0)
    assert model.jobs(found)["ingest"].cpu.slopes == (0.0, 0.0, 0.0)
    assert model.quantity("bytes", found).at(Volume(3e6, 1, 1)) > 160
    assert model.quantity("gold_bytes", found).at(Volume(1e6, 1, 1)) == pytest.approx(10 * 1e6 / 1e4)
    assert model.quantity("reads", found).at(Volume(1e9, 1, 1)) == pytest.approx(30.0)
    assert "All had 8 experiments and 8 metrics: what others cost is not measured." in model.basis(found)


def test_what_is_shipped_was_measured_and_varies() -> None:
    found = measured.shipped()
    assert "Measured on 2026-" in found.note
    assert set(model.jobs()) == {
        "ingest", "sources", "bronze", "silver", "gold", "calibrate", "maintain",
    }  # fmt: skip
    for name in ("events", "experiments", "metrics"):
        values = {getattr(run, name) for run in found.runs}
        told = f"{min(values):,} to {max(values):,} {name}" if len(values) > 1 else f"{values.pop():,} {name}"
        assert told in model.basis()
    assert model.jobs()["silver"].cpu.slopes[0] > 0


@pytest.mark.parametrize(
    ("sizes", "sentence"),
    [
        ((float("nan"), 1, 1), "--events is nan; give 0 to 1,000,000,000,000"),
        ((-1.0, 1, 1), "--events is -1"),
        ((2e12, 1, 1), "--events is 2e\\+12"),
        ((1.0, 0, 1), "--experiments is 0; give 1 to 10,000"),
        ((1.0, 1, 2_000), "--metrics is 2000; give 1 to 1,000"),
    ],
)
def test_sizes_that_cannot_be_are_refused(sizes: tuple[float, int, int], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        Volume(*sizes)
