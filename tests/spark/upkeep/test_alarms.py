"""The action `alarms` on a real lake, with the journal and the landing bucket on the emulator."""

from __future__ import annotations

import contextlib
import io
import json
import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pyspark.sql import SparkSession
from typer.testing import CliRunner

from assay import configs
from assay.cli import upkeep
from assay.cli.main import app
from assay.errors import TerminalError
from assay.lake import Contract, Lake
from assay.local import job
from assay.runtime import clients
from assay.runtime.journal import Journal
from assay.serving.api.store import Store
from assay.spec import Blueprint

TABLE, BUCKET = f"journal-{uuid.uuid4().hex[:8]}", f"landing-{uuid.uuid4().hex[:8]}"
WEEK = date(2026, 1, 5)
JOBS = ("ingest", "sources", "bronze", "silver", "gold", "calibrate")


@pytest.fixture(scope="module", autouse=True)
def journal(emulator: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment(emulator).items():
            patch.setenv(name, value)
        keys = {"day": "HASH", "entry": "RANGE"}
        clients.dynamodb().create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys.items()],  # type: ignore[typeddict-item]
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in keys],
            BillingMode="PAY_PER_REQUEST",
        )
        clients.s3().create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
        for name in JOBS:  # a week that succeeded, and after it one that failed
            with Journal("wr_1", f"assay-{name}", WEEK, TABLE).step("all") as step:
                step.rows_in, step.rows_out = 3, 2
        with pytest.raises(ZeroDivisionError):
            fail(Journal("wr_2", "assay-gold", WEEK + timedelta(weeks=1), TABLE))


def fail(failing: Journal) -> None:
    with failing.step("all") as step:
        step.warnings.append("silver.trades has many files")
        raise ZeroDivisionError


def environment(emulator: str) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": emulator, "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
    }  # fmt: skip


def assay(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, [*arguments, "--aws", "--journal", TABLE])
    return done.exit_code, done.output


@pytest.mark.usefixtures("aws")
def test_runs_are_listed_and_shown_step_by_step() -> None:
    code, text = assay("runs", "list", "--json")
    newest, oldest = json.loads(text)["runs"]
    assert (code, newest["run_id"], newest["state"], oldest["state"]) == (0, "wr_2", "FAILED", "SUCCEEDED")
    assert newest["error"] == "ZeroDivisionError"
    assert (oldest["week"], oldest["rows_in"], oldest["rows_out"]) == ("2026-01-05", 18, 12)
    assert oldest["dollars"] == pytest.approx(sum(each["dollars"] for each in oldest["jobs"]))
    assert len(json.loads(assay("runs", "list", "-n", "1", "--json")[1])["runs"]) == 1
    assert "wr_1" in assay("runs", "list")[1]
    code, text = assay("runs", "show", "wr_1", "--json")
    steps = json.loads(text)["steps"]
    assert [each["job"] for each in steps] == [f"assay-{name}" for name in JOBS]
    assert {each["step"] for each in steps} == {"all"}
    assert steps[0]["dpu_seconds"] == pytest.approx(2 * steps[0]["seconds"])
    code, text = assay("runs", "show", "wr_2")
    assert "assay-gold, all: ZeroDivisionError" in text
    assert "assay-gold, all warns: silver.trades has many files" in text


@pytest.mark.usefixtures("aws")
def test_a_run_that_is_not_there_is_told_with_the_nearest() -> None:
    code, text = assay("runs", "show", "wr_3")
    assert code == 2
    assert "assay: RUN is 'wr_3'; the journal has no run of that id; did you mean 'wr_" in text


@pytest.mark.usefixtures("aws", "glue_catalog")
def test_missing_weeks_and_stale_tables_are_found_and_fail_the_job_when_they_shall(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "perform", carried_out)
    command = ["runs", "check", "--now", "2026-01-27"]
    done = CliRunner().invoke(app, command)
    assert (done.exit_code, done.output) == (0, "every week that is due has run, and no table is too old\n")
    blueprint = Blueprint.parse(configs.path("glue_configs/blueprints/brokerage.yaml").read_text(), "it")
    Store(BUCKET).register(blueprint.name, blueprint.version, blueprint.document())
    lake = Lake(spark, "r-1")
    schema = Contract.load("bronze.customers").schema
    marks = {"_op": "I", "_source": "rds", "_source_file": "f", "_run_id": "r-1"}
    row = {**marks, "customer_id": 1, "_ingested_at": datetime(2026, 1, 5)}  # noqa: DTZ001 as Spark takes it
    rows = spark.createDataFrame([tuple(row.get(name) for name in schema.names)], schema)
    lake.append("bronze.customers", rows, {"landing": "1"})
    done = CliRunner().invoke(app, [*command, "--json"])
    found = json.loads(done.output)
    assert (done.exit_code, found["first_week"]) == (1, "2026-01-05")
    missing = [each["what"] for each in found["alarms"] if each["kind"] == "missing run"]
    assert missing == ["2026-01-12"]  # wr_2 failed; 2026-01-19 is not due yet
    never = {each["what"] for each in found["alarms"] if "has never been written" in each["sentence"]}
    assert "silver.trades" in never
    assert not never & {"bronze.customers", "silver.quarantine"}
    text = CliRunner().invoke(app, command).output
    assert "missing run" in text
    late = carried_out("alarms", {"now": (datetime.now(UTC) + timedelta(days=9)).isoformat()})
    stale = [each["sentence"] for each in late["alarms"] if each["what"] == "bronze.customers"]
    assert len(stale) == 1
    assert stale[0].endswith("older than 8 days; ask data-engineering")
    with pytest.raises(
        TerminalError, match=r"week 2026-01-12 has no run .*; and \d+ more: `assay runs check`"
    ):
        carried_out("alarms", {"now": "2026-01-27T00:00:00Z", "fail": True})


def carried_out(action: str, options: dict[str, object]) -> Any:
    """As `assay.cli.upkeep.perform`, on this test's session and emulator instead of the local stack."""
    given = {"JOB_NAME": "assay-maintain", "action": action, "options": json.dumps(options)}
    given |= {"journal_table": TABLE, "landing_bucket": BUCKET}
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        main = job.load(configs.path("jobs/maintain.py"))
        main([token for name, value in given.items() for token in (f"--{name}", value)])
    return json.loads(said.getvalue().splitlines()[-1])
