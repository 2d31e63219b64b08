"""Rows of bronze as change capture and the intake make them."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from assay.lake.contracts import Contract
from assay.lake.tables import Lake
from assay.runtime import clients
from assay.sources.landing import Landing

MONDAY = "2026-01-05 10:00:00"
WEEK = date(2026, 1, 5)
COMMITTED = "2026-01-12 03:15:00.123456"
AT = datetime(2026, 1, 6, 10, tzinfo=UTC)


class Bronze:
    """Appends captured changes to bronze tables: each is (operation, change number, value per column)."""

    def __init__(self, lake: Lake) -> None:
        self.lake = lake
        self._files = 0

    def rows(self, table: str, changes: Sequence[tuple[Any, ...]]) -> DataFrame:
        schema = Contract.load(f"bronze.{table}").schema
        data = [field for field in schema if not field.name.startswith("_")]
        names = ["_op", "_change_seq", *(field.name for field in data)]
        texts = [tuple(None if v is None else str(v) for v in change) for change in changes]
        frame = self.lake.spark.createDataFrame(texts, ", ".join(f"`{name}` string" for name in names))
        self._files += 1
        return frame.select(
            *(F.col(field.name).cast(field.dataType).alias(field.name) for field in data),
            "_op",
            "_change_seq",
            F.lit(MONDAY).cast("timestamp").alias("_committed_at"),
            F.lit(None).cast("string").alias("_extra"),
            F.lit("rds").alias("_source"),
            F.lit(f"file-{self._files}").alias("_source_file"),
            F.lit(self.lake.run_id).alias("_run_id"),
            F.lit(MONDAY).cast("timestamp").alias("_ingested_at"),
        )

    def add(self, table: str, *changes: tuple[Any, ...]) -> None:
        self.lake.append(f"bronze.{table}", self.rows(table, changes), {"landing": str(self._files)})


@pytest.fixture
def lake(spark: SparkSession, catalog: str) -> Lake:
    return Lake(spark, "r-1", catalog)


@pytest.fixture(scope="session")
def new_bronze() -> Callable[[Lake], Bronze]:
    """For fixtures that outlive a test."""
    return Bronze


@pytest.fixture
def bronze(lake: Lake) -> Bronze:
    return Bronze(lake)


class Source:
    """Writes files as change capture does."""

    def __init__(self, landing: Landing) -> None:
        self.landing = landing

    def file(
        self,
        table: str,
        name: str,
        rows: Sequence[dict[str, Any]],
        *,
        committed: str = COMMITTED,
        first: int | None = 1,
        operation: str = "I",
        drop: str | None = None,
    ) -> None:
        """One file, without the column `drop`; rows without a number where `first` is None: a full load."""
        numbers = [None if first is None else f"{first + n:04}" for n in range(len(rows))]
        columns = {key: pa.array([row[key] for row in rows]) for key in rows[0]}
        columns["Op"] = pa.array([row.get("Op", operation) for row in rows])
        columns["dms_ts"] = [committed] * len(rows)
        columns.setdefault("change_seq", pa.array(numbers, pa.string()))
        buffer = io.BytesIO()
        pq.write_table(pa.table({key: column for key, column in columns.items() if key != drop}), buffer)
        self.put(table, name, buffer.getvalue())

    def put(self, table: str, name: str, content: bytes) -> str:
        """A file of any content; where it is."""
        key = f"rds/brokerage/{table}/{name}.parquet"
        self.landing.client.put_object(Bucket=self.landing.bucket, Key=key, Body=content)
        return f"s3://{self.landing.bucket}/{key}"

    def quotes(self, name: str, *hours: int, **more: Any) -> None:
        price = pa.scalar(Decimal(10), pa.decimal128(18, 4))
        rows = [{"asset": "ABC", "quoted_at": AT + timedelta(hours=hour), "price": price} for hour in hours]
        self.file("quotes", name, rows, **more)

    def load(self, name: str, changes: str = '{"quotes": 2}', **more: Any) -> None:
        row = {"week": WEEK, "blueprint": "shop", "version": "abc", "changes": changes, "loaded_at": AT}
        self.file("loads", name, [row], **more)


@pytest.fixture
def source(aws: str, spark: SparkSession) -> Source:
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
    client = clients.s3()
    client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    return Source(Landing(client, bucket))
