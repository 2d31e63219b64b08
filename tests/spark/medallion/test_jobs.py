"""The jobs bronze and silver as Glue starts them, on real S3, DynamoDB and Iceberg interfaces."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from pyspark.sql import SparkSession

from assay import configs
from assay.errors import InputError, TransientError
from assay.lake.tables import Lake
from assay.local.job import load
from assay.runtime import clients
from assay.sources.entries import Entries, Entry

Source = Any  # of conftest.py, which cannot be imported


@pytest.fixture
def table(aws: str) -> str:
    assert aws
    name = f"journal-{uuid.uuid4().hex[:8]}"
    clients.dynamodb().create_table(
        TableName=name,
        KeySchema=[
            {"AttributeName": "day", "KeyType": "HASH"},
            {"AttributeName": "entry", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": "day", "AttributeType": "S"},
            {"AttributeName": "entry", "AttributeType": "S"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    return name


def run(job: str, source: Source, table: str, *more: str, week: str = "2026-01-05") -> None:
    bucket = source.landing.bucket
    common = ["--JOB_NAME", f"assay-{job}", "--WORKFLOW_RUN_ID", "wr-1", "--week", week]
    argv = [*common, "--landing_bucket", bucket, "--journal_table", table, *more]
    load(configs.path(f"jobs/{job}.py"))(argv)


def ends(table: str) -> Mapping[tuple[str, str], Entry]:
    """(job, step) → the entry with which it ended."""
    today = datetime.now(UTC).date()
    found = Entries(clients.dynamodb(), table).since(None, today)
    return {(str(e["job"]), str(e["step"])): e for e in found if e["state"] != "STARTED"}


@pytest.mark.usefixtures("glue_catalog")
def test_a_week_goes_from_landing_to_silver_and_again_changes_nothing(
    spark: SparkSession, source: Source, table: str
) -> None:
    source.quotes("20260112-031500123", 2, 3)
    source.load("20260112-031500123")
    source.landing.client.put_object(
        Bucket=source.landing.bucket, Key="parameters/shop/v000001.json", Body=b'{"document": "{}"}'
    )
    run("bronze", source, table, "--wait_seconds", "1", "--enable-metrics", "true")
    run("silver", source, table)
    lake = Lake(spark, "reader")
    names = ("silver.quotes", "silver.loads", "silver.blueprints")
    assert [lake.read(name).count() for name in names] == [2, 1, 1]
    journal = ends(table)
    assert journal["assay-bronze", "tables"]["rows_out"] == 3
    assert journal["assay-bronze", "parameters"]["rows_out"] == 1
    silver = journal["assay-silver", "tables"]
    # Five rows of the journal: bronze took in what it had written of itself until then.
    assert (silver["rows_in"], silver["rows_out"], silver["rows_quarantined"]) == (9, 9, 0)
    before = [lake.snapshot(name) for name in names]
    run("bronze", source, table)
    run("silver", source, table)
    assert [lake.snapshot(name) for name in names] == before


@pytest.mark.usefixtures("glue_catalog", "spark")
def test_a_week_that_did_not_arrive_fails_the_job_and_is_journalled(source: Source, table: str) -> None:
    with pytest.raises(TransientError, match="week 2026-01-12 has not arrived within 0 s"):
        run("bronze", source, table, "--wait_seconds", "0", week="2026-01-12")
    entry = ends(table)["assay-bronze", "tables"]
    assert entry["state"] == "FAILED"
    assert str(entry["error"]).startswith("TransientError: week 2026-01-12 has not arrived")


def test_a_week_that_is_no_monday_is_refused_before_anything_starts(source: Source, table: str) -> None:
    for job in ("bronze", "silver"):
        with pytest.raises(InputError, match="a week is named by its Monday"):
            run(job, source, table, week="2026-01-06")
    assert ends(table) == {}
