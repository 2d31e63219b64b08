"""One table's new change files into bronze, by what its contract says of columns that it does not know."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import reduce

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StringType, StructField, StructType

from assay.errors import ContractError, TerminalError
from assay.lake.contracts import Contract
from assay.lake.tables import Lake
from assay.medallion.bronze import Drift, captured, data_columns, drift, landed_schema, surplus
from assay.medallion.lineage import EXTRA, RDS
from assay.sources.inspection import AGAIN, Group, inspect, unreadable
from assay.sources.landing import File, Landing

Warn = Callable[[str], None]
# Dates before 1582 count as they are written: only old Spark and Hive write them by the Julian calendar.
_OPTIONS = {"datetimeRebaseMode": "CORRECTED", "int96RebaseMode": "CORRECTED"}
# Spark 4 names the type of Spark that the column would have.
_ILLEGAL = re.compile(r"Illegal Parquet type: (.*)\.|\[UNSUPPORTED_TIME_TYPE\] The data type (TIME)")


@dataclass(frozen=True, slots=True)
class Batch:
    """Files of one system to take in.

    Attributes:
        landing: Where they are.
        files: The files.
        strange: URIs beside them that change capture does not write.
        watermark: How far the table goes with them.
        source: The system that they came from.
    """

    landing: Landing
    files: Sequence[File]
    strange: Sequence[str]
    watermark: Mapping[str, str]
    source: str = RDS

    @property
    def is_text(self) -> bool:
        """Whether every value is a text, whatever its column's type in the contract."""
        return self.source != RDS


def take(lake: Lake, contract: Contract, batches: Sequence[Batch], *, at: datetime, warn: Warn) -> int:
    """Take in files in one commit; rows taken in.

    Args:
        lake: Where to.
        contract: Of the bronze table.
        batches: The files; at least one batch.
        at: The time, UTC.
        warn: Takes a sentence about what differs from the contract.

    Raises:
        TerminalError: A file cannot be read; nothing was written.
        ContractError: The files differ from a contract that is frozen; nothing was written.
    """
    parts = []
    for batch in batches:
        for group in inspect(batch.landing, batch.files, batch.strange, contract):
            landed = _read(lake, contract, group)
            if not group.is_plain:
                found = drift(landed.schema, contract.schema)
                _judge(contract, replace(found, changed=()) if batch.is_text else found, group, warn)
            taken = captured(landed, contract.schema, source=batch.source, run_id=lake.run_id, at=at)
            parts.append(taken)
    rows = reduce(DataFrame.unionByName, parts)
    watermark = {key: mark for batch in batches for key, mark in batch.watermark.items()}
    kept = contract.schema_mode in ("evolve", "discard_row")
    try:
        if not kept:
            _refuse_or_leave_out(contract, rows, warn)
            rows = rows.withColumn(EXTRA, F.lit(None).cast("string"))
        before = lake.snapshot(contract.name)
        commit = lake.append(contract.name, rows, watermark)
        if kept:  # nearly free: the files' own statistics say that the column is empty
            new = lake.appended(contract.name, before, commit.snapshot).where(F.col(EXTRA).isNotNull())
            if not new.isEmpty():
                _warn(contract, surplus(new), warn, "kept in _extra")
    except (Py4JJavaError, PySparkException) as error:
        if file := unreadable(error):
            raise TerminalError(
                f"{contract.name}: {file} is damaged: its columns cannot be unpacked; put it right at the "
                f"same key {AGAIN}"
            ) from error
        raise
    return commit.added


def _read(lake: Lake, contract: Contract, group: Group) -> DataFrame:
    reader = lake.spark.read.options(**_OPTIONS)
    if group.is_plain:
        return reader.schema(landed_schema(contract.schema)).parquet(*group.files)
    if group.texts is not None:  # else Spark would start a job to read the footers once more
        texts = StructType([StructField(name, StringType()) for name in group.texts])
        return reader.schema(texts).parquet(*group.files)
    try:
        return reader.parquet(*group.files)
    except (Py4JJavaError, PySparkException) as error:
        illegal = _ILLEGAL.search(str(error))
        if illegal is None:
            raise
        raise TerminalError(
            f"{contract.name}: {group.files[0]} has a column of a type that Spark cannot read, "
            f"{illegal[1] or illegal[2]}; change its type at the source or leave the column out of the "
            f"capture, {AGAIN}"
        ) from error


def _judge(contract: Contract, found: Drift, group: Group, warn: Warn) -> None:
    """Halt on columns that differ where the contract is frozen; else say which are missing."""
    if contract.schema_mode == "freeze" and found:
        raise ContractError(
            f"{contract.name}: {group.files[0]} {_said(found)}, and the contract's schemaMode is freeze; put "
            f"the file right, or change the contract, {AGAIN}"
        )
    if found.missing:
        columns = ", ".join(found.missing)
        warn(f"{contract.name}: {group.files[0]} lacks {columns} ({len(group.files)} such files): null there")


def _said(found: Drift) -> str:
    parts = [f"has column {name}, which the contract does not know" for name in found.unknown]
    parts += [f"has {name} as {have}, not {want}" for name, have, want in found.changed]
    parts += [f"lacks column {name}" for name in found.missing]
    return ", ".join(parts)


def _refuse_or_leave_out(contract: Contract, rows: DataFrame, warn: Warn) -> None:
    found = surplus(rows)
    if contract.schema_mode == "discard_value":
        _warn(contract, found, warn, "left out")
    elif worst := found.orderBy("name").head():
        raise ContractError(
            f"{contract.name}: {worst['rows']:,} values of {worst['name']} do not fit its type (first in "
            f"{worst['file']}), and the contract's schemaMode is freeze; put the file right, or change the "
            f"contract, {AGAIN}"
        )


def _warn(contract: Contract, found: DataFrame, warn: Warn, end: str) -> None:
    types = {field.name: field.dataType.simpleString() for field in data_columns(contract.schema)}
    for row in found.orderBy("name").collect():
        name = row["name"]
        what = f"are no {types[name]}" if name in types else "are of a column that the contract does not know"
        warn(f"{contract.name}: {row['rows']:,} values of {name} {what} (first in {row['file']}); {end}")
