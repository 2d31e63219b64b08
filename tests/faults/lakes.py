"""A lake on the emulator's Glue catalog and S3, and the smallest chain of tables in it: quotes → prices."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from assay.lake import markets
from assay.lake.contracts import Contract
from assay.lake.iceberg import Table
from assay.lake.refine import refine
from assay.lake.tables import Lake
from assay.runtime import clients
from assay.upkeep.maintenance import How, Maintained, maintained

BRONZE, SILVER, GOLD = "bronze.quotes", "silver.quotes", "gold.asset_daily"
LANDED = "landing"
HOURS = 20
_MONDAY = datetime(2026, 1, 5)  # noqa: DTZ001 a Spark timestamp of a UTC session


def attach(spark: SparkSession, endpoint: str, bucket: str, *, glue: str | None = None) -> str:
    """A catalog of the session that is the emulator's; its name.

    Args:
        spark: The session.
        endpoint: URL of the emulator.
        bucket: Of the tables.
        glue: Another way to its Glue catalog.
    """
    name = f"emulated_{uuid.uuid4().hex[:8]}"
    system = spark._jvm.java.lang.System  # type: ignore[union-attr]
    for key in ("aws.accessKeyId", "aws.secretAccessKey"):
        system.setProperty(key, "test")
    prefix = f"spark.sql.catalog.{name}"
    for key, value in {
        prefix: "org.apache.iceberg.spark.SparkCatalog",
        f"{prefix}.catalog-impl": "org.apache.iceberg.aws.glue.GlueCatalog",
        f"{prefix}.io-impl": "org.apache.iceberg.aws.s3.S3FileIO",
        f"{prefix}.warehouse": f"s3://{bucket}/warehouse",
        f"{prefix}.client.region": "eu-west-1",
        f"{prefix}.glue.endpoint": glue or endpoint,
        f"{prefix}.s3.endpoint": endpoint,
        f"{prefix}.s3.path-style-access": "true",
    }.items():
        spark.conf.set(key, value)
    return name


def forget() -> None:
    """Make the emulator forget all databases: each test begins without tables."""
    glue = clients.glue()
    for database in glue.get_databases()["DatabaseList"]:
        for table in glue.get_tables(DatabaseName=database["Name"])["TableList"]:
            glue.delete_table(DatabaseName=database["Name"], Name=table["Name"])
        glue.delete_database(Name=database["Name"])


def table(lake: Lake, name: str) -> Table:
    """A table as it is now."""
    found = Table.load(lake.spark, f"{lake.catalog}.{name}")
    assert found is not None
    return found


def quotes(lake: Lake, delivery: int) -> DataFrame:
    """The captured changes of a delivery: every hour's price, the newer delivery winning."""
    rows = [
        ("ABC", _MONDAY + timedelta(hours=hour), Decimal(100 * delivery + hour), f"{delivery:04d}-{hour:02d}")
        for hour in range(HOURS)
    ]
    frame = lake.spark.createDataFrame(
        rows, "asset string, quoted_at timestamp, price decimal(18,4), _change_seq string"
    )
    more = {
        "_op": F.lit("I"),
        "_committed_at": F.lit(_MONDAY),
        "_extra": F.lit(None).cast("string"),
        "_source": F.lit("rds"),
        "_source_file": F.lit(f"file-{delivery}"),
        "_run_id": F.lit(lake.run_id),
        "_ingested_at": F.lit(_MONDAY),
    }
    return frame.coalesce(1).withColumns(more).select(*Contract.load(BRONZE).columns)  # one file a delivery


def run(lake: Lake, until: int) -> None:
    """What the jobs bronze, silver and gold do: take in what is not there yet, and go on from there."""
    taken = int(lake.watermark(BRONZE, LANDED) or 0)
    for delivery in range(taken + 1, until + 1):
        lake.append(BRONZE, quotes(lake, delivery), {LANDED: str(delivery)})
    refine(lake)
    markets.asset_daily(lake)


def state(lake: Lake) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of all three tables, but for who wrote them."""
    found = {}
    for name in (BRONZE, SILVER, GOLD):
        rows = lake.read(name)
        found[name] = sorted(
            tuple(row) for row in rows.select(*(c for c in rows.columns if c != "_run_id")).collect()
        )
    return found


def maintain(
    lake: Lake, *, minute: bool = False, days: int = 30, tables: Sequence[str] = ()
) -> dict[str, Maintained]:
    """Maintenance when everything that is here is a month old, or in a world in which a day is a minute.

    Args:
        lake: The lake.
        minute: Whether what is a minute old counts as a day old.
        days: How much later it is, else.
        tables: Which; all when empty.
    """
    later = timedelta(days=1) - timedelta(minutes=1) if minute else timedelta(days=days)
    how = How(keep_days=1, tables=tuple(tables))
    return {done.table: done for done in maintained(lake, how, datetime.now(UTC) + later)}
