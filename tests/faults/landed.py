"""Files as change capture lands them, whole and broken, and what they shall end in."""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import SparkSession

from assay import configs
from assay.lake.tables import Lake
from assay.local.job import load
from assay.runtime import clients

WEEK = date(2026, 1, 5)
AT = datetime(2026, 1, 6, 10, tzinfo=UTC)
MOMENT = "2026-01-12 03:15:00.123456"
NAME = "20260112-03150012{}"
SILVER = ("silver.customers", "silver.exposures", "silver.trades", "silver.quotes", "silver.loads")
SCHEMAS = {
    "customers": {
        "customer_id": pa.int64(),
        "signed_up_at": pa.timestamp("us", "UTC"),
        "country": pa.string(),
        "tier": pa.string(),
    },
    "exposures": {
        "exposure_id": pa.int64(),
        "experiment": pa.string(),
        "customer_id": pa.int64(),
        "arm": pa.string(),
        "exposed_at": pa.timestamp("us", "UTC"),
    },
    "trades": {
        "trade_id": pa.int64(),
        "customer_id": pa.int64(),
        "asset": pa.string(),
        "side": pa.string(),
        "quantity": pa.decimal128(18, 6),
        "price": pa.decimal128(18, 4),
        "notional": pa.decimal128(18, 2),
        "traded_at": pa.timestamp("us", "UTC"),
    },
    "quotes": {"asset": pa.string(), "quoted_at": pa.timestamp("us", "UTC"), "price": pa.decimal128(18, 4)},
    "loads": {
        "week": pa.date32(),
        "blueprint": pa.string(),
        "version": pa.string(),
        "changes": pa.string(),
        "loaded_at": pa.timestamp("us", "UTC"),
    },
}


def row(table: str, key: int = 1, **more: Any) -> dict[str, Any]:
    """A good row; more columns, or other values."""
    rows: dict[str, dict[str, Any]] = {
        "customers": {"customer_id": key, "signed_up_at": AT, "country": "IE", "tier": "basic"},
        "exposures": {"exposure_id": key, "experiment": "button", "customer_id": key, "arm": "blue"}
        | {"exposed_at": AT},
        "trades": {"trade_id": key, "customer_id": 1, "asset": "ABC", "side": "buy", "quantity": Decimal(2)}
        | {"price": Decimal(5), "notional": Decimal(10), "traded_at": AT},
        "quotes": {"asset": "ABC", "quoted_at": AT + timedelta(hours=key), "price": Decimal(5)},
        "loads": {"week": WEEK, "blueprint": "shop", "version": "abc", "changes": "{}", "loaded_at": AT},
    }
    return rows[table] | more


def parquet(
    table: str,
    changes: Sequence[tuple[str, int, dict[str, Any]]],
    types: Mapping[str, pa.DataType] | None = None,
    moment: str = MOMENT,
    **options: Any,
) -> bytes:
    """A change file of (operation, number, row), all committed at one moment."""
    kinds = {**SCHEMAS[table], **(types or {})}
    rows = [values for _, _, values in changes]
    columns = {
        name: value
        if isinstance(value, pa.Array)
        else pa.array([each[name] for each in rows], kinds.get(name))
        for name, value in rows[0].items()
    }
    captured = {
        "Op": pa.array([operation for operation, _, _ in changes]),
        **columns,
        "dms_ts": pa.array([moment] * len(rows)),
        "change_seq": pa.array([f"{number:024}" for _, number, _ in changes]),
    }
    buffer = io.BytesIO()
    pq.write_table(pa.table(captured), buffer, **({"compression": "gzip"} | options))
    return buffer.getvalue()


def not_text(prefix: bytes = b"A") -> pa.Array:
    """A text column of one value that is no UTF-8."""
    return pa.array([prefix + b"\xff"], pa.binary()).cast(pa.string(), safe=False)


def bomb() -> bytes:
    """100 KB that unpack to 4 GB: a thousand row groups of the same bytes."""
    notes = row("exposures", experiment="0" * 2**20)
    content = parquet("exposures", [("I", n, notes) for n in range(4)], use_dictionary=False)
    metadata, group = (pq.read_metadata(pa.BufferReader(content)) for _ in range(2))
    for _ in range(1_024):
        metadata.append_row_groups(group)
    tail = io.BytesIO()
    metadata.write_metadata_file(tail)
    return content[: -int.from_bytes(content[-8:-4], "little") - 8] + tail.getvalue()[4:]


@dataclass(slots=True)
class Place:
    """A landing bucket, a journal, and the jobs that go from there to silver."""

    spark: SparkSession
    bucket: str = field(default_factory=lambda: f"landing-{uuid.uuid4().hex[:8]}")
    journal: str = field(default_factory=lambda: f"journal-{uuid.uuid4().hex[:8]}")

    def make(self, endpoint: str) -> None:
        """Bucket, table, and Spark's way to them."""
        settings: Any = self.spark.sparkContext._jsc.hadoopConfiguration()  # type: ignore[attr-defined]
        for key, value in {
            "fs.s3.impl": "org.apache.hadoop.fs.s3a.S3AFileSystem",
            "fs.s3a.endpoint": endpoint,
            "fs.s3a.endpoint.region": "eu-west-1",
            "fs.s3a.path.style.access": "true",
            "fs.s3a.aws.credentials.provider": "org.apache.hadoop.fs.s3a.SimpleAWSCredentialsProvider",
            "fs.s3a.access.key": "test",
            "fs.s3a.secret.key": "test",
        }.items():
            settings.set(key, value)
        clients.s3().create_bucket(
            Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
        clients.dynamodb().create_table(
            TableName=self.journal,
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

    def put(self, table: str, name: str, content: bytes) -> str:
        """Land a file; where it is."""
        return self.put_key(f"rds/brokerage/{table}/{name}.parquet", content)

    def put_key(self, key: str, content: bytes) -> str:
        """Store an object; where it is."""
        clients.s3().put_object(Bucket=self.bucket, Key=key, Body=content)
        return f"s3://{self.bucket}/{key}"

    def load(self, name: str, number: int, changes: Mapping[str, int]) -> None:
        """Land the week's mark, which counts the changes of its transaction."""
        self.put(
            "loads", name, parquet("loads", [("I", number, row("loads", changes=json.dumps(dict(changes))))])
        )

    def run(self, *jobs: str) -> None:
        """Run jobs, one after the other."""
        for job in jobs or ("bronze", "silver"):
            argv = ["--JOB_NAME", f"assay-{job}", "--WORKFLOW_RUN_ID", "wr-1", "--week", f"{WEEK}"]
            argv += ["--landing_bucket", self.bucket, "--journal_table", self.journal]
            load(configs.path(f"jobs/{job}.py"))(
                [*argv, *(("--wait_seconds", "0") if job == "bronze" else ())]
            )

    def silver(self) -> dict[str, list[str]]:
        """What stands in silver, without the runs that wrote it."""
        lake = Lake(self.spark, "reader")
        return {
            name: sorted(str(found) for found in lake.read(name).drop("_run_id").collect()) for name in SILVER
        }

    def set_aside(self) -> dict[str, list[list[str]]]:
        """Contract → the reasons of each row in quarantine."""
        found: dict[str, list[list[str]]] = {}
        for each in Lake(self.spark, "reader").read("silver.quarantine").collect():
            found.setdefault(each["contract"], []).append(each["reasons"])
        return found
