"""Change files as AWS DMS writes them: Parquet with `Op`, the columns, commit time and change sequence."""

from __future__ import annotations

import io
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from assay.errors import StackError
from assay.local.pgoutput import UNCHANGED, Relation, Row, Value

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

FOLDER = "rds"
LAST_TABLE = "loads"
"""Its file is written after all others of a batch: it marks a week as complete."""
_BOOLEAN, _NUMERIC, _TIMESTAMPTZ = 16, 1700, 1184
_TEXT: pa.DataType = pa.string()
_TYPES: dict[int, pa.DataType] = {
    20: pa.int64(),
    21: pa.int16(),
    23: pa.int32(),
    700: pa.float32(),
    701: pa.float64(),
    1082: pa.date32(),
    1114: pa.timestamp("us"),
    _TIMESTAMPTZ: pa.timestamp("us", "UTC"),
}
_MAX_PRECISION = 38
_FLOATS = frozenset({700, 701})
_SPECIAL = r"(?i)nan|infinity| BC$|^\d{5,}-"
Column = Any  # a pyarrow.Array; its stubs type arrays by their values, which are known only at run time
_logger = logging.getLogger("assay.local.landing")


@dataclass(frozen=True, slots=True)
class Captured:
    """One change with what orders it.

    Attributes:
        operation: `I`, `U` or `D`.
        row: Its values as PostgreSQL prints them.
        microseconds: Commit time since 1970, UTC.
        sequence: 16 hexadecimal digits of the commit's position and 8 of the place within the transaction.
    """

    operation: str
    row: Row
    microseconds: int
    sequence: str


def sequence(lsn: int, place: int) -> str:
    """The `change_seq` of a change: sorting it as text gives the order of changes."""
    return f"{lsn:016X}{place:08X}"


def in_order(relations: Sequence[Relation]) -> list[Relation]:
    """Tables in the order in which their files are written: by name, `loads` last."""
    return sorted(relations, key=lambda each: (each.name == LAST_TABLE, each.schema, each.name))


def changes_table(relation: Relation, changes: Sequence[Captured]) -> pa.Table:
    """The content of a change file.

    Raises:
        StackError: A value was not sent because the table's replica identity is not FULL.
    """
    if any(UNCHANGED in change.row for change in changes):
        message = (
            f"{relation.schema}.{relation.name}: a large unchanged value was not sent; "
            f"alter table {relation.schema}.{relation.name} replica identity full"
        )
        raise StackError(message)
    moments: Column = pa.array([change.microseconds for change in changes], pa.timestamp("us", "UTC"))
    return _table(
        relation,
        operations=[change.operation for change in changes],
        rows=[change.row for change in changes],
        moments=pc.strftime(moments, "%Y-%m-%d %H:%M:%S"),
        sequences=[change.sequence for change in changes],
    )


def load_table(relation: Relation, rows: Sequence[Row], loaded_at: datetime) -> pa.Table:
    """The content of a full-load file: inserts, with the time of loading and no sequence."""
    moment = loaded_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    count = len(rows)
    return _table(
        relation,
        operations=["I"] * count,
        rows=rows,
        moments=pa.array([moment] * count, pa.string()),
        sequences=[None] * count,
    )


def load_key(relation: Relation, number: int) -> str:
    """The object key of a full-load file, numbered from 1 in hexadecimal as DMS does."""
    return f"{FOLDER}/{relation.schema}/{relation.name}/LOAD{number:08X}.parquet"


def change_key(relation: Relation, milliseconds: int) -> str:
    """The object key of a change file, named by a time since 1970 in UTC."""
    seconds, rest = divmod(milliseconds, 1000)
    name = datetime.fromtimestamp(seconds, UTC).strftime("%Y%m%d-%H%M%S") + f"{rest:03d}"
    return f"{FOLDER}/{relation.schema}/{relation.name}/{name}.parquet"


def put(s3: S3Client, bucket: str, key: str, table: pa.Table) -> None:
    """Write a table as a Parquet object."""
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="gzip", compression_level=1, version="2.6")
    s3.put_object(Bucket=bucket, Key=key, Body=buffer.getvalue())


def arrow_type(oid: int, modifier: int) -> pa.DataType:
    """The Arrow type of a PostgreSQL column; text for every type that Arrow has no exact form of.

    Args:
        oid: Object id of the type.
        modifier: Its modifier; a numeric carries precision and scale there, plus 4.
    """
    if oid == _BOOLEAN:
        return pa.bool_()
    if oid == _NUMERIC and modifier > 0:
        precision, scale = (modifier - 4) >> 16 & 0xFFFF, modifier - 4 & 0xFFFF
        if precision <= _MAX_PRECISION and scale <= precision:
            return pa.decimal128(precision, scale)
    return _TYPES.get(oid, _TEXT)


def column(values: Sequence[Value], oid: int, modifier: int) -> Column:
    """Values as PostgreSQL prints them, in their Arrow type.

    NaN and infinities have no form in decimals and dates, and years before 1 and after 9999 none that every
    reader knows: they become null, with a warning in the log.
    """
    wanted = arrow_type(oid, modifier)
    text: Column = pa.array(values, pa.string())
    if wanted == pa.string():
        return text
    if wanted == pa.bool_():
        return _booleans(values)
    if oid not in _FLOATS:
        text = _without_special(text)
    if oid == _TIMESTAMPTZ:
        text = pc.replace_substring_regex(text, r"([+-]\d\d)$", r"\1:00")
    return text.cast(wanted)


def _booleans(values: Sequence[Value]) -> Column:
    return pa.array([None if value is None else value in {"t", "true"} for value in values], pa.bool_())


def _without_special(text: Column) -> Column:
    special: Column = pc.match_substring_regex(text, _SPECIAL)
    count = special.true_count
    if count:
        _logger.warning(
            "%d values (NaN, infinity, or a year not of 1 to 9999) have no form in Parquet and became null",
            count,
        )
        text = pc.if_else(special, pa.scalar(None, pa.string()), text)
    return text


def _table(
    relation: Relation,
    *,
    operations: Sequence[str],
    rows: Sequence[Row],
    moments: Column,
    sequences: Sequence[str | None],
) -> pa.Table:
    typed = zip(zip(*rows, strict=True), relation.types, relation.modifiers, strict=True)
    arrays = [column(values, oid, modifier) for values, oid, modifier in typed]
    return pa.table(
        [pa.array(operations, pa.string()), *arrays, moments, pa.array(sequences, pa.string())],
        names=["Op", *relation.columns, "dms_ts", "change_seq"],
    )
