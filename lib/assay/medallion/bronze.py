"""bronze: rows as they came, with where they came from.

Nothing is repaired, rounded or left out here: what silver makes of a row can always be checked against it. A
column that the contract does not know, and a value that its column's type cannot hold, stand in `_extra`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StringType, StructField, StructType, TimestampType

from assay.medallion.fitting import fitted, is_lossless, quoted, readable
from assay.medallion.lineage import BESIDE, CAPTURE, EXTRA, LINEAGE, RDS

_OPERATION, _COMMITTED, _SEQUENCE = CAPTURE


@dataclass(frozen=True, slots=True)
class Drift:
    """How the columns of files differ from what a contract says.

    Attributes:
        unknown: Columns that the contract does not have.
        changed: (column, its type in the files, its type in the contract), where not every value may fit.
        missing: Columns of the contract that the files lack.
    """

    unknown: tuple[str, ...]
    changed: tuple[tuple[str, str, str], ...]
    missing: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.unknown or self.changed or self.missing)


def data_columns(bronze: StructType) -> list[StructField]:
    """The source's columns in a bronze table."""
    return [field for field in bronze if field.name not in (EXTRA, *LINEAGE)]


def landed_schema(bronze: StructType) -> StructType:
    """How the files of a table are read: the source's columns between those of change capture.

    A full load may lack the change's number; read with this schema it is null.

    Args:
        bronze: Schema of the bronze table.
    """
    text = StringType()
    return StructType(
        [
            StructField(_OPERATION, text),
            *data_columns(bronze),
            StructField(_COMMITTED, text),
            StructField(_SEQUENCE, text),
        ]
    )


def drift(landed: StructType, bronze: StructType) -> Drift:
    """Compare the columns of files with a contract's.

    Args:
        landed: Schema of the files, the columns of change capture included.
        bronze: Schema of the bronze table.
    """
    here = _by_name(landed)
    known = {field.name.lower(): field for field in data_columns(bronze)}
    changed = [
        (field.name, here[name].dataType.simpleString(), field.dataType.simpleString())
        for name, field in known.items()
        if name in here and not is_lossless(here[name].dataType, field.dataType)
    ]
    return Drift(
        unknown=tuple(field.name for name, field in here.items() if name not in known),
        changed=tuple(changed),
        missing=tuple(field.name for name, field in known.items() if name not in here),
    )


def captured(
    landed: DataFrame, bronze: StructType, *, source: str = RDS, run_id: str, at: datetime
) -> DataFrame:
    """Landed change files as rows of bronze.

    Args:
        landed: Files with the columns that they have.
        bronze: Schema of the bronze table.
        source: The system that they came from.
        run_id: The run that takes them in.
        at: When, UTC.

    Returns:
        The source's columns, `_extra` and `LINEAGE`; a row of a full load without an operation counts as an
        insert.
    """
    here = _by_name(landed.schema)
    columns: list[Column] = []
    extra: dict[str, tuple[Column, Column]] = {}  # name → (whether it is to be kept, what)
    for field in data_columns(bronze):
        found = here.pop(field.name.lower(), None)
        if found is None:
            columns.append(F.lit(None).cast(field.dataType).alias(field.name))
            continue
        value, unfit = fitted(quoted(found.name), found.dataType, field.dataType)
        columns.append(value.alias(field.name))
        extra[field.name] = (unfit, readable(quoted(found.name), found.dataType))
    for found in here.values():
        name = quoted(found.name)
        extra[found.name] = (F.col(name).isNotNull(), readable(name, found.dataType))
    committed = F.lit(None).cast("timestamp")
    if _COMMITTED in landed.columns:
        committed, unfit = fitted(_COMMITTED, StringType(), TimestampType())
        extra[_COMMITTED] = (unfit, readable(_COMMITTED, StringType()))
    return landed.select(
        *columns,
        _kept(landed, extra).alias(EXTRA),
        F.coalesce(_text(landed, _OPERATION), F.lit("I")).alias("_op"),
        _text(landed, _SEQUENCE).alias("_change_seq"),
        committed.alias("_committed_at"),
        *_origin(F.lit(source), F.col("_metadata.file_path"), run_id, at),
    )


def surplus(rows: DataFrame) -> DataFrame:
    """What stands in `_extra` of rows of bronze.

    Returns:
        `name`, in how many `rows`, and the first `file` with it.
    """
    names = F.explode(F.json_object_keys(EXTRA)).alias("name")
    found = rows.where(F.col(EXTRA).isNotNull()).select(names, "_source_file")
    return found.groupBy("name").agg(F.count("*").alias("rows"), F.min("_source_file").alias("file"))


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


def _by_name(landed: StructType) -> dict[str, StructField]:
    """The source's columns by their names in small letters, as Spark compares names."""
    return {field.name.lower(): field for field in landed if field.name not in (*CAPTURE, BESIDE)}


def _text(landed: DataFrame, name: str) -> Column:
    return F.col(name) if name in landed.columns else F.lit(None).cast("string")


def _kept(landed: DataFrame, extra: dict[str, tuple[Column, Column]]) -> Column:
    """What a source's file holds beside its columns already, and what does not fit them."""
    misfits = _json(extra)
    if BESIDE not in landed.columns:
        return misfits
    read = F.lit("map<string,string>")
    both = F.map_concat(F.from_json(BESIDE, read), F.from_json(misfits, read))
    return F.when(F.isnull(BESIDE), misfits).when(F.isnull(misfits), F.col(BESIDE)).otherwise(F.to_json(both))


def _json(extra: dict[str, tuple[Column, Column]]) -> Column:
    """An object of what is to be kept; null where there is nothing."""
    kept = F.struct(*(F.when(keep, value).alias(name) for name, (keep, value) in extra.items()))
    something = reduce(or_, (keep for keep, _ in extra.values()), F.lit(False))
    return F.when(something, F.to_json(kept))


def _origin(source: Column, file: Column, run_id: str, at: datetime) -> list[Column]:
    return [
        source.alias("_source"),
        file.alias("_source_file"),
        F.lit(run_id).alias("_run_id"),
        F.lit(at).alias("_ingested_at"),
    ]
