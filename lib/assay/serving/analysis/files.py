"""How does a flat file become a table? CSV with every cell as text, Parquet with its own types.

CSV cells stay text on purpose: Arrow infers a column's type from the first block only, so a word in row
900,000 would surface as a parser's message about a type that nobody chose. `columns.numbers` converts, and
names the row.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Literal

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from assay.errors import InputError

_PARQUET_MAGIC = b"PAR1"
_DELIMITERS = (",", ";", "\t", "|")
_HEAD = 1 << 16
"""The longest header of a CSV file, in bytes: some thousands of columns."""
# JSON, XML and HTML begin so; no column of an experiment does.
_NOT_CSV = ("{", "[", "<")


@dataclass(frozen=True, slots=True)
class Held:
    """A file that is held in memory, for what is never to be on a disk.

    Attributes:
        name: What it is called, for people.
        content: Its bytes.
    """

    name: str
    content: bytes = field(repr=False)

    def __str__(self) -> str:
        return self.name

    def open(self, _mode: Literal["rb"]) -> IO[bytes]:
        """Its bytes, to be read."""
        return io.BytesIO(self.content)


File = Path | Held


def names(file: File) -> list[str]:
    """The file's column names, in order.

    Raises:
        InputError: The file is missing, empty, neither CSV nor Parquet, or names a column twice.
    """
    found = _parquet_names(file) if _is_parquet(file) else _header(file)[0]
    repeated = sorted(name for name, count in Counter(found).items() if count > 1)
    if repeated:
        raise InputError(f"{file} has more than one column {repeated[0]!r}; give each column its own name")
    return found


def read(file: File, columns: Sequence[str]) -> pa.Table:
    """The named columns of a CSV or Parquet file.

    Args:
        file: The file.
        columns: Names that the file has; nothing else is read.

    Returns:
        A table of these columns: text for CSV, the file's own types for Parquet.

    Raises:
        InputError: The file cannot be read as what it claims to be, or has no rows.
    """
    table = _read_parquet(file, columns) if _is_parquet(file) else _read_csv(file, columns)
    if table.num_rows == 0:
        raise InputError(f"{file} has a header but no rows; there is nothing to analyse")
    return table


def _is_parquet(file: File) -> bool:
    if isinstance(file, Path):
        if not file.exists():
            raise InputError(f"there is no file {file}")
        if not file.is_file():
            raise InputError(f"{file} is not a file; name one CSV or Parquet file")
    try:
        with file.open("rb") as stream:
            head = stream.read(len(_PARQUET_MAGIC))
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror or error}") from error
    if not head:
        raise InputError(f"{file} is empty; a CSV or Parquet file with a header and rows is needed")
    return head == _PARQUET_MAGIC


def _parquet_names(file: File) -> list[str]:
    try:
        with file.open("rb") as stream:
            return list(pq.read_schema(stream).names)
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{file} begins like Parquet but is damaged: {_first_line(error)}") from error


def _read_parquet(file: File, columns: Sequence[str]) -> pa.Table:
    try:
        with file.open("rb") as stream:
            return pq.ParquetFile(stream).read(columns=list(columns))
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{file} is damaged Parquet: {_first_line(error)}") from error


def _header(file: File) -> tuple[list[str], str]:
    """The names in the first line, and the delimiter that splits it into most parts."""
    with file.open("rb") as stream:
        head = stream.read(_HEAD)
    # Text is cut at a line's end; where there is none, what the cut left of a character is no mistake.
    lines = head.lstrip(b"\r\n").splitlines(keepends=True) if head.strip() else [b""]
    whole = len(head) < _HEAD or len(lines) > 1 or lines[0].endswith((b"\r", b"\n"))
    try:
        line = codecs.getincrementaldecoder("utf-8-sig")().decode(lines[0], final=whole).rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise InputError(f"{file} is neither Parquet nor CSV in UTF-8; convert it first") from error
    if not line.strip():
        raise InputError(f"{file} is empty; a CSV or Parquet file with a header and rows is needed")
    if "\0" in line or line.lstrip().startswith(_NOT_CSV):
        raise InputError(f"{file} is neither CSV nor Parquet; export it as one of these")
    if not whole:
        raise InputError(
            f"the first line of {file} has more than {_HEAD:,} bytes; a CSV file begins with the "
            "names of its columns: keep those of the experiment"
        )
    delimiter = max(_DELIMITERS, key=lambda candidate: _split(line, candidate)[1])
    return _split(line, delimiter)[0], delimiter


def _split(line: str, delimiter: str) -> tuple[list[str], int]:
    parts = next(csv.reader([line], delimiter=delimiter))
    return parts, len(parts)


def _read_csv(file: File, columns: Sequence[str]) -> pa.Table:
    _, delimiter = _header(file)
    try:
        with file.open("rb") as stream:
            return pacsv.read_csv(
                stream,
                parse_options=pacsv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
                convert_options=pacsv.ConvertOptions(
                    include_columns=list(dict.fromkeys(columns)),
                    column_types=dict.fromkeys(columns, pa.string()),
                    strings_can_be_null=False,
                ),
            )
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{file} is not a well-formed CSV file: {_first_line(error)}") from error


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
