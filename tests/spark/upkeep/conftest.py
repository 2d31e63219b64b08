"""A small shop whose files land in a bucket, and the jobs that carry them to gold."""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from assay import configs
from assay.lake import Lake, markets, refresh
from assay.lake.certification import certify_waiting, planned
from assay.lake.refine import refine
from assay.local.job import load
from assay.runtime import clients
from assay.sources import tables
from assay.sources.intake import Intake
from assay.sources.landing import CAPTURED, Landing
from assay.spec import Blueprint
from assay.upkeep.backfill import SILVER

DOCUMENT = (Path(__file__).parents[2] / "data" / "blueprints" / "button.yaml").read_text()
START = date(2026, 1, 5)
CUSTOMERS = 24
_TYPES = {
    "bigint": pa.int64(), "text": pa.string(), "timestamptz": pa.timestamp("us", "UTC"), "date": pa.date32(),
    **{f"numeric(18,{digits})": pa.decimal128(18, digits) for digits in (2, 4, 6)},
}  # fmt: skip


@dataclass
class Shop:
    """Lands weeks of the shop's changes, and runs jobs on them."""

    spark: SparkSession
    bucket: str
    journal: str

    @property
    def lake(self) -> Lake:
        return Lake(self.spark, "reader")

    def land(self, n: int) -> None:
        """One week as change capture writes it, with one trade that breaks its contract."""
        rng = np.random.default_rng(n)
        monday = START + timedelta(weeks=n - 1)
        opens = datetime.combine(monday, datetime.min.time(), UTC)
        hours = [opens + timedelta(hours=int(h)) for h in rng.permutation(168)[:40]]
        week: dict[str, list[dict[str, Any]]] = {"exposures": [], "quotes": [], "trades": []}
        for i, at in enumerate(hours):
            notional = Decimal(int(rng.integers(100, 99_999))) / 100
            week["trades"].append(
                {
                    "trade_id": 100 * n + i, "customer_id": i % CUSTOMERS, "asset": "BTC", "side": "buy",
                    "quantity": Decimal(1), "price": notional, "traded_at": at,
                    "notional": notional if i else Decimal(-1),
                }
            )  # fmt: skip
        week["quotes"] = [{"asset": "BTC", "quoted_at": at, "price": Decimal(5 + n)} for at in hours[:3]]
        if n == 1:
            for i in range(CUSTOMERS):
                arm = ("control", "blue")[i % 2]
                week["exposures"].append(
                    {
                        "exposure_id": i,
                        "experiment": "button",
                        "customer_id": i,
                        "arm": arm,
                        "exposed_at": hours[i],
                    }
                )
        changes = json.dumps({table: len(rows) for table, rows in week.items() if rows})
        week["loads"] = [
            {
                "week": monday, "blueprint": "shop", "version": "v000001", "changes": changes,
                "loaded_at": opens + timedelta(days=7),
            }
        ]  # fmt: skip
        for table, rows in week.items():
            if rows:
                self._file(table, n, rows)
        if n == 1:
            body = json.dumps({"document": Blueprint.parse(DOCUMENT, "test").document()}).encode()
            clients.s3().put_object(Bucket=self.bucket, Key="parameters/shop/v000001.json", Body=body)

    def _file(self, table: str, n: int, rows: Sequence[Mapping[str, Any]]) -> None:
        (source,) = (each for each in tables.ALL if each.name == table)
        columns = {
            name: pa.array([row[name] for row in rows], _TYPES[kind]) for name, kind in source.columns.items()
        }
        columns["Op"] = pa.array(["I"] * len(rows))
        columns["dms_ts"] = pa.array([f"2026-02-0{n} 03:15:00.123456"] * len(rows))
        columns["change_seq"] = pa.array([f"{n:04}{i:06}" for i in range(len(rows))])
        buffer = io.BytesIO()
        pq.write_table(pa.table(columns), buffer)
        key = f"{CAPTURED}/{table}/2026020{n}-031500123.parquet"
        clients.s3().put_object(Bucket=self.bucket, Key=key, Body=buffer.getvalue())

    def week(self, n: int, run: str = "") -> None:
        """What the jobs do in a week, without their checks: bronze, silver, gold, certificates."""
        monday = START + timedelta(weeks=n - 1)
        lake = Lake(self.spark, run or f"r-{n}")
        intake = Intake(lake, Landing(clients.s3(), self.bucket))
        intake.tables()
        intake.documents()
        refine(lake, SILVER)
        refresh.experiments(lake, monday, monday + timedelta(days=7))
        markets.refresh(lake, monday + timedelta(days=7))
        certify_waiting(lake, planned(lake, monday, monday + timedelta(days=7)))

    def maintain(self, action: str, run: str = "r-9", **options: object) -> None:
        argv = ["--JOB_NAME", "assay-maintain", "--WORKFLOW_RUN_ID", run, "--week", f"{START}"]
        argv += ["--landing_bucket", self.bucket, "--journal_table", self.journal]
        argv += ["--action", action, "--options", json.dumps(options)]
        load(configs.path("jobs/maintain.py"))(argv)

    def rows(self, *names: str) -> dict[str, list[str]]:
        """What tables hold, to the last bit, without the columns that tell of runs."""
        return {
            name: sorted(
                repr({k: v for k, v in row.asDict().items() if not k.startswith("_")})
                for row in self.lake.read(name).collect()
            )
            for name in names
        }


@pytest.fixture
def journal_table(aws: str) -> str:
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


@pytest.fixture
def shop(spark: SparkSession, glue_catalog: str, aws: str, journal_table: str) -> Shop:
    assert glue_catalog
    settings: Any = spark.sparkContext._jsc.hadoopConfiguration()  # type: ignore[attr-defined]
    for key, value in {
        "fs.s3.impl": "org.apache.hadoop.fs.s3a.S3AFileSystem",
        "fs.s3a.endpoint": aws,
        "fs.s3a.endpoint.region": "eu-west-1",
        "fs.s3a.path.style.access": "true",
        "fs.s3a.aws.credentials.provider": "org.apache.hadoop.fs.s3a.SimpleAWSCredentialsProvider",
        "fs.s3a.access.key": "test",
        "fs.s3a.secret.key": "test",
    }.items():
        settings.set(key, value)
    bucket = f"landing-{uuid.uuid4().hex[:8]}"
    clients.s3().create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    return Shop(spark, bucket, journal_table)
