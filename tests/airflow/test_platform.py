"""The real thing: `airflow dags test` starts the real workflow through the local Glue, and sees how it ends.

Needs the command `assay` (`ASSAY`, by default that of the repository's own environment). Minutes: a week goes
through every job.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import airflow

ROOT = Path(__file__).parents[2]
ASSAY = os.environ.get("ASSAY", str(ROOT / ".venv" / "bin" / "assay"))

pytestmark = [pytest.mark.platform, pytest.mark.usefixtures("airflow_database")]


@pytest.fixture(scope="module")
def glue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a platform of this test's own; it is stopped and deleted at the end."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "AIRFLOW"))}
    environment["ASSAY_HOME"] = str(tmp_path_factory.mktemp("assay"))

    def assay(*arguments: str) -> str:
        command = [*ASSAY.split(), *arguments]
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=True, timeout=600
        )
        return done.stdout

    assay("up")
    try:
        yield json.loads(assay("status", "--json"))["glue"]["endpoint"]
    finally:
        assay("reset", "--yes")


def dags_test(endpoint: str, date: str, **conf: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "AWS_ENDPOINT_URL": endpoint, "ASSAY_POLL_SECONDS": "2"}
    command = [airflow(), "dags", "test", "assay_weekly", date, "--conf", json.dumps(conf)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=3600)


def test_a_blueprint_that_is_not_there_fails_with_the_job_s_own_sentence(glue: str) -> None:
    missing = "s3://assay-artifacts/blueprints/none.yaml"
    done = dags_test(glue, "2026-01-12", blueprint=missing)
    assert done.returncode == 1, done.stdout[-4000:]
    assert f"job assay-ingest FAILED: cannot read {missing}" in done.stdout
    assert "assay_weekly FAILED: week 2026-01-05" in done.stdout


def test_a_week_goes_through_the_workflow_and_its_gate(glue: str) -> None:
    done = dags_test(glue, "2026-01-12")
    assert done.returncode == 0, done.stdout[-4000:]
    assert "assay_weekly succeeded: week 2026-01-05" in done.stdout
    assert "every job succeeded; the gate judged" in done.stdout


def test_a_week_before_its_predecessors_is_refused(glue: str) -> None:
    done = dags_test(glue, "2026-02-02")
    assert done.returncode == 1, done.stdout[-4000:]
    assert "job assay-ingest FAILED: week 2026-01-26 is week 4 of the blueprint" in done.stdout
