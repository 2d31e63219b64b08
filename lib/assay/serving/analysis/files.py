"""How does a flat file become a table? CSV with every cell as text, Parquet with its own types.

CSV cells stay text on purpose: Arrow infers a column's type from the first block only, so a word in row
900,000 would surface as a parser's message about a type that nobody chose. `columns.numbers` converts, and
names the row.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from assay.errors import InputError

_PARQUET_MAGIC = b"PAR1"
_DELIMITERS = (",", ";", "\t", "|")
_HEAD = 1 << 16
# JSON, XML and HTML begin so; no column of an experiment does.
_NOT_CSV = ("{", "[", "<")


def names(path: Path) -> list[str]:
    """The file's column names, in order.

    Raises:
        InputError: The file is missing, empty, neither CSV nor Parquet, or names a column twice.
    """
    found = _parquet_names(path) if _is_parquet(path) else _header(path)[0]
    repeated = sorted({name for name in found if found.count(name) > 1})
    if repeated:
        raise InputError(f"{path} has more than one column {repeated[0]!r}; give each column its own name")
    return found


def read(path: Path, columns: Sequence[str]) -> pa.Table:
    """The named columns of a CSV or Parquet file.

    Args:
        path: The file.
        columns: Names that the file has; nothing else is read.

    Returns:
        A table of these columns: text for CSV, the file's own types for Parquet.

    Raises:
        InputError: The file cannot be read as what it claims to be, or has no rows.
    """
    table = _read_parquet(path, columns) if _is_parquet(path) else _read_csv(path, columns)
    if table.num_rows == 0:
        raise InputError(f"{path} has a header but no rows; there is nothing to analyse")
    return table


def _is_parquet(path: Path) -> bool:
    if not path.exists():
        raise InputError(f"there is no file {path}")
    if not path.is_file():
        raise InputError(f"{path} is not a file; name one CSV or Parquet file")
    try:
        with path.open("rb") as stream:
            head = stream.read(len(_PARQUET_MAGIC))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error
    if not head:
        raise InputError(f"{path} is empty; a CSV or Parquet file with a header and rows is needed")
    return head == _PARQUET_MAGIC


def _parquet_names(path: Path) -> list[str]:
    try:
        return list(pq.read_schema(path).names)
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{path} begins like Parquet but is damaged: {_first_line(error)}") from error


def _read_parquet(path: Path, columns: Sequence[str]) -> pa.Table:
    try:
        return pq.ParquetFile(path).read(columns=list(columns))
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{path} is damaged Parquet: {_first_line(error)}") from error


def _header(path: Path) -> tuple[list[str], str]:
    """The names in the first line, and the delimiter that splits it into most parts."""
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
    # Text is cut at a line's end, so that the block's end cannot split a character.
    first = head.lstrip(b"\r\n").splitlines()[0] if head.strip() else b""
    try:
        line = first.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is neither Parquet nor CSV in UTF-8; convert it first") from error
    if not line.strip():
        raise InputError(f"{path} is empty; a CSV or Parquet file with a header and rows is needed")
    if "\0" in line or line.lstrip().startswith(_NOT_CSV):
        raise InputError(f"{path} is neither CSV nor Parquet; export it as one of these")
    delimiter = max(_DELIMITERS, key=lambda candidate: _split(line, candidate)[1])
    return _split(line, delimiter)[0], delimiter


def _split(line: str, delimiter: str) -> tuple[list[str], int]:
    parts = next(csv.reader([line], delimiter=delimiter))
    return parts, len(parts)


def _read_csv(path: Path, columns: Sequence[str]) -> pa.Table:
    _, delimiter = _header(path)
    try:
        return pacsv.read_csv(
            path,
            parse_options=pacsv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            convert_options=pacsv.ConvertOptions(
                include_columns=list(dict.fromkeys(columns)),
                column_types=dict.fromkeys(columns, pa.string()),
                strings_can_be_null=False,
            ),
        )
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{path} is not a well-formed CSV file: {_first_line(error)}") from error


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
