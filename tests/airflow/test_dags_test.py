"""`airflow dags test` as a user types it, against a fake AWS: what each end of a run leads to."""

from __future__ import annotations

import json
import os
import subprocess

import pytest
from fake_aws import JOBS, SUCCEEDED, FakeAws, Plan

from conftest import DAGS, airflow

TOPIC = "arn:aws:sns:eu-west-1:000000000000:assay-alerts"


def dags_test(server: FakeAws, *more: str, topic: str = "") -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "AWS_ENDPOINT_URL": server.url,
        "AIRFLOW_VAR_ASSAY_ALERTS_TOPIC": topic,
    }
    command = [airflow(), "dags", "test", "assay_weekly", "2026-01-19", *more]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)


@pytest.mark.usefixtures("airflow_database")
def test_a_good_week(aws: FakeAws) -> None:
    conf = {"blueprint": "s3://bucket/mine.yaml", "judge_from": "2026-01-05"}
    done = dags_test(aws, "--conf", json.dumps(conf))
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    (run,) = aws.runs
    assert {k: v for k, v in run.properties.items() if k != "airflow_run_id"} == {
        "week": "2026-01-12",
        **conf,
    }
    assert run.properties["airflow_run_id"].startswith("assay_weekly/manual__")
    assert (
        "assay_weekly succeeded: week 2026-01-12: workflow assay, run wr_1: every job succeeded; "
        "the gate judged 1,234 results and let them pass"
    ) in done.stdout
    assert aws.messages == []


@pytest.mark.usefixtures("airflow_database")
def test_a_failed_job_fails_the_run_is_told_and_not_tried_again(aws: FakeAws) -> None:
    attempts = {job: [(SUCCEEDED, None)] for job in JOBS[:3]}
    aws.plans = [Plan(attempts | {"gold": [("FAILED", "silver.trades is empty")]}, gate=())]
    done = dags_test(aws, topic=TOPIC)
    assert done.returncode == 1, done.stdout[-4000:]
    assert len(aws.runs) == 1
    (message,) = aws.messages
    assert (message["Action"], message["TargetArn"]) == ("Publish", TOPIC)
    assert message["Subject"] == "assay_weekly FAILED: week 2026-01-12"
    assert json.loads(message["Message"])["default"] == (
        "workflow assay, run wr_1: job assay-gold FAILED: silver.trades is empty"
    )


@pytest.mark.usefixtures("airflow_database")
def test_a_week_that_nobody_judged_fails(aws: FakeAws) -> None:
    aws.plans = [Plan({job: [(SUCCEEDED, None)] for job in JOBS[:4]}, gate=())]  # a trigger is switched off
    done = dags_test(aws, topic=TOPIC)
    assert done.returncode == 1, done.stdout[-4000:]
    assert json.loads(aws.messages[-1]["Message"])["default"] == (
        "workflow assay, run wr_1: every job succeeded; "
        "the gate did not pass: the calibrate job is not started"
    )


def test_the_environment_is_pinned_to_the_last_module() -> None:
    lines = (DAGS / "requirements.txt").read_text().splitlines()
    pins = [line for line in lines if line and not line.lstrip().startswith("#")]
    assert all("==" in pin for pin in pins)
    assert not [line for line in lines if line.startswith("-")]
    assert "apache-airflow==3.3.2" in pins
