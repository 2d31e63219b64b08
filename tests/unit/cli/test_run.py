"""What a run that failed says."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from assay.cli import run
from assay.local.runs import COMPLETED, STOPPED, JobRun, WorkflowRun

NOW = datetime(2026, 1, 5, tzinfo=UTC)


def _ended(
    *jobs: tuple[str, str, str | None], status: str = COMPLETED, error: str | None = None
) -> WorkflowRun:
    runs = tuple(JobRun(name, name, 0, "start", state, NOW, NOW, 1.0, reason) for name, state, reason in jobs)
    return WorkflowRun("wr_1", "assay", status, {}, NOW, NOW, error, runs)


@pytest.mark.parametrize(
    ("ended", "says"),
    [
        (
            _ended(
                ("ingest", "SUCCEEDED", None), ("bronze", "FAILED", "no such bucket."), error="bronze failed"
            ),
            "job bronze failed: no such bucket",
        ),
        (_ended(("gold", "TIMEOUT", None), error="x"), "job gold timeout: no reason given"),
        (
            _ended(("gold", "SUCCEEDED", None), error="job calibrate did not start."),
            "job calibrate did not start",
        ),
        (_ended(status=STOPPED), "the run was stopped"),
    ],
)
def test_the_reason_is_the_failed_jobs_sentence(ended: WorkflowRun, says: str) -> None:
    assert run._reason(ended) == says


def test_a_run_tells_its_jobs_what_the_gate_leaves_out() -> None:
    path = Path("shop.yaml")
    assert run.of_the_run(path, None) == {"blueprint": "shop.yaml"}
    assert run.of_the_run(path, NOW) == {"blueprint": "shop.yaml", "judge_from": "2026-01-05"}
