"""The job `maintain`, as Glue starts it: a real lake, and the emulator for its journal."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from pyspark.sql import SparkSession

from assay import configs
from assay.errors import InputError
from assay.lake import Contract, Lake
from assay.local.job import load
from assay.runtime import clients
from assay.sources.entries import Entries


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


def maintain(table: str, action: str, options: str) -> None:
    argv = ["--JOB_NAME", "assay-maintain", "--WORKFLOW_RUN_ID", "r-9", "--week", "2026-01-05"]
    argv += ["--journal_table", table, "--action", action, "--options", options]
    load(configs.path("jobs/maintain.py"))(argv)


def parameters(lake: Lake, version: str) -> Any:
    schema = Contract.load("bronze.parameters").schema
    row = ("shop", version, "{}", None, "parameters", "a file", lake.run_id, datetime(2026, 1, 5))  # noqa: DTZ001
    return lake.spark.createDataFrame([row], schema)


@pytest.mark.usefixtures("glue_catalog")
def test_the_last_line_is_the_report_and_the_journal_has_the_step(
    spark: SparkSession, table: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for number, run in enumerate(("r-1", "r-2"), 1):
        lake = Lake(spark, run)
        lake.append("bronze.parameters", parameters(lake, f"v00000{number}"), {"documents": str(number)})
    maintain(table, "snapshots", '{"table": "bronze.parameters"}')
    report = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert report["table"] == "bronze.parameters"
    newest, oldest, *_ = report["snapshots"]
    assert [newest["run_id"], oldest["run_id"]] == ["r-2", "r-1"]
    assert [newest["added"], newest["rows"], newest["operation"]] == [1, 2, "append"]
    assert newest["at"] >= oldest["at"]
    entries = list(Entries(clients.dynamodb(), table).since(None, datetime.now(UTC).date()))
    assert [(entry["step"], entry["state"]) for entry in entries] == [
        ("snapshots", "STARTED"),
        ("snapshots", "SUCCEEDED"),
    ]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ("{", "--options is no JSON"),
        ("[]", "must be a JSON object"),
        ("{}", "action snapshots, table: Field required"),
        ('{"table": "gold.run"}', "no contract for table 'gold.run'"),
    ],
)
def test_what_an_action_cannot_use_is_refused(table: str, options: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        maintain(table, "snapshots", options)
