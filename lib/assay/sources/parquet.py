"""What a Parquet file says of itself in its last bytes: no column is read and nothing is unpacked.

Change capture's files are small and many; one ranged read of each tells whether it is whole, what columns it
has and what it would unpack to, before an engine opens it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from assay.errors import InputError

MAX_BYTES = 4 * 2**30
"""What a file may unpack to. Change capture ends a file at 1 GB (DMS: `MaxFileSize`)."""
MAX_ROWS = 200_000_000
"""Columns that repeat one value unpack to any number of rows from no bytes at all."""
_MAGIC, _ENCRYPTED = b"PAR1", b"PARE"
_LENGTH = 8  # the footer's length in four bytes, then the magic
_FIRST_LOOK = 64 * 2**10  # holds the footers of files with a few hundred columns
_MAX_FOOTER = 16 * 2**20
_KINDS: dict[pa.DataType, str] = {
    pa.bool_(): "boolean",
    pa.int32(): "int",
    pa.int64(): "bigint",
    pa.float32(): "float",
    pa.float64(): "double",
    pa.string(): "string",
    pa.date32(): "date",
    pa.timestamp("ms", "UTC"): "timestamp",
    pa.timestamp("us", "UTC"): "timestamp",
}
Fetch = Callable[[int, int], bytes]
"""(first byte, how many) → those bytes of the file."""


@dataclass(frozen=True, slots=True)
class Footer:
    """What a file says of itself.

    Attributes:
        columns: (name, type) in order; the type as Spark SQL writes it where it is one that needs no look at
            the values, else as Arrow writes it.
        rows: How many rows it has.
        unpacked: Bytes of its columns when uncompressed.
    """

    columns: tuple[tuple[str, str], ...]
    rows: int
    unpacked: int


def footer(fetch: Fetch, size: int) -> Footer:
    """Read a file's footer and refuse a file that is no whole Parquet file of a bearable size.

    Args:
        fetch: Reads a range of the file.
        size: Bytes in the file.

    Raises:
        InputError: What is wrong with it, as the end of "file ...".
    """
    if size == 0:
        raise InputError("is empty (0 bytes)")
    if size < len(_MAGIC) + _LENGTH:
        raise InputError(f"is no Parquet file: it has only {size} bytes")
    tail = fetch(max(0, size - _FIRST_LOOK), min(size, _FIRST_LOOK))
    if tail[-4:] == _ENCRYPTED:
        raise InputError("is encrypted Parquet; change capture encrypts with S3's own keys")
    if tail[-4:] != _MAGIC:
        raise InputError("is no Parquet file, or is cut off: it does not end as one")
    length = int.from_bytes(tail[-_LENGTH:-4], "little") + _LENGTH
    if length > size - len(_MAGIC) or length > _MAX_FOOTER:
        raise InputError(f"is damaged: its footer would have {length:,} of its {size:,} bytes")
    if length > len(tail):
        tail = fetch(size - length, length)
    try:
        # A footer stands by itself: the parser never looks at what comes before it.
        metadata = pq.read_metadata(pa.BufferReader(_MAGIC + tail[-length:]))
        schema = metadata.schema.to_arrow_schema()
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"is damaged: its footer cannot be read ({_line(error)})") from error
    _refuse_unbearable(metadata, size - length)
    names = [field.name for field in schema]
    twice = sorted({name for name in names if [n.lower() for n in names].count(name.lower()) > 1})
    if twice:
        raise InputError(f"has a column twice: {', '.join(twice)}")
    return Footer(
        tuple((field.name, _kind(field.type)) for field in schema), metadata.num_rows, _unpacked(metadata)
    )


def _refuse_unbearable(metadata: pq.FileMetaData, data: int) -> None:
    unpacked = _unpacked(metadata)
    if unpacked > MAX_BYTES:
        raise InputError(f"would unpack to {unpacked:,} bytes; a file may have {MAX_BYTES:,}")
    if metadata.num_rows > MAX_ROWS:
        raise InputError(f"has {metadata.num_rows:,} rows; a file may have {MAX_ROWS:,}")
    packed = sum(
        metadata.row_group(group).column(column).total_compressed_size
        for group in range(metadata.num_row_groups)
        for column in range(metadata.num_columns)
    )
    if packed > data:
        raise InputError(f"is cut off: its columns have {packed:,} bytes, {data:,} are there")


def _unpacked(metadata: pq.FileMetaData) -> int:
    return sum(metadata.row_group(group).total_byte_size for group in range(metadata.num_row_groups))


def _kind(kind: pa.DataType) -> str:
    if pa.types.is_decimal128(kind):
        return f"decimal({kind.precision},{kind.scale})"
    return _KINDS.get(kind, str(kind))


def _line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")[:200]
