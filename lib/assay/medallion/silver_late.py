"""Late changes: what arrives after a newer change of its row was taken.

An update that is late loses against silver's row by its number. Where a delete came first there is no row to
lose against: bronze must say that there was one.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from assay.medallion.silver_shapes import keyed


def edges(versions: DataFrame) -> tuple[str, str]:
    """The smallest and the greatest number of a batch's changes."""
    row = versions.agg(F.min("_change_seq"), F.max("_change_seq")).collect()[0]
    return row[0] or "", row[1] or ""


def without_deleted(
    rows: DataFrame, bronze: DataFrame, name: str, schema: StructType, keys: Sequence[str]
) -> DataFrame:
    """Rows to merge, without those that a newer delete in bronze has ended.

    Args:
        rows: The newest good version of each row of a batch.
        bronze: The source, up to the batch's end.
        name: The silver table.
        schema: Of the silver table.
        keys: Its key.
    """
    deletes = keyed(name, bronze.where("_op = 'D'"), schema, keys, "_change_seq")
    last = deletes.groupBy(*keys).agg(F.max("_change_seq").alias("_deleted_at"))
    newer = F.coalesce(F.col("_deleted_at") > F.col("_change_seq"), F.lit(False))
    return rows.join(last, list(keys), "left").where(~newer).drop("_deleted_at")
