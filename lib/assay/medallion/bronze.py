"""bronze: rows as they came, with where they came from.

Nothing is repaired, cast or left out here: what silver makes of a row can always be checked against it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StringType, StructField, StructType

LINEAGE = (
    "_op", "_change_seq", "_committed_at", "_source", "_source_file", "_run_id", "_ingested_at",
)  # fmt: skip
SOURCE = "rds"
_OPERATION, _SEQUENCE, _COMMITTED = "Op", "change_seq", "dms_ts"


def landed_schema(bronze: StructType) -> StructType:
    """How the files of a table are read: the source's columns between those of change capture.

    A full load may lack the change's number; read with this schema it is null.

    Args:
        bronze: Schema of the bronze table.
    """
    data = [field for field in bronze if field.name not in LINEAGE]
    text = StringType()
    return StructType(
        [StructField(_OPERATION, text), *data, StructField(_COMMITTED, text), StructField(_SEQUENCE, text)]
    )


def captured(landed: DataFrame, *, run_id: str, at: datetime) -> DataFrame:
    """Landed change files as rows of bronze.

    Args:
        landed: Files read with `landed_schema`.
        run_id: The run that takes them in.
        at: When, UTC.

    Returns:
        The source's columns and `LINEAGE`; a row of a full load without an operation counts as an insert.
    """
    capture = (_OPERATION, _SEQUENCE, _COMMITTED)
    data = [name for name in landed.columns if name not in capture]
    return landed.select(
        *data,
        F.coalesce(_OPERATION, F.lit("I")).alias("_op"),
        F.col(_SEQUENCE).alias("_change_seq"),
        F.to_timestamp(_COMMITTED).alias("_committed_at"),
        *_origin(F.lit(SOURCE), F.col("_metadata.file_path"), run_id, at),
    )


def collected(items: DataFrame, *, source: str, file: str, run_id: str, at: datetime) -> DataFrame:
    """Items that were read one by one (documents, journal entries) as rows of bronze.

    Args:
        items: Their columns, and a column that names where each stood.
        source: The system they came from.
        file: Name of that column; it becomes `_source_file`.
        run_id: The run that takes them in.
        at: When, UTC.
    """
    data: Sequence[str] = [name for name in items.columns if name != file]
    return items.select(*data, *_origin(F.lit(source), F.col(file), run_id, at))


def _origin(source: Column, file: Column, run_id: str, at: datetime) -> list[Column]:
    return [
        source.alias("_source"),
        file.alias("_source_file"),
        F.lit(run_id).alias("_run_id"),
        F.lit(at).alias("_ingested_at"),
    ]
