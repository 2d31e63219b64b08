"""How much would a query read? From Iceberg's manifests, before a byte of data is touched.

Manifests tell how many bytes each column of each file takes. What is left out by partition or by the bounds
of a file does not count, and neither do columns that the query does not name. A file without figures counts
whole.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from pyiceberg.manifest import DataFile
from pyiceberg.schema import Schema, index_by_id
from pyiceberg.table import Table

from assay.errors import InputError
from assay.serving.queries.parquet import ParquetTable
from assay.serving.queries.pushdown import Filter

LIMIT: Final = 10 * 2**30
"""Bytes that a query may read if nothing is said: as many as Athena's workgroup allows."""
_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12,
          "KIB": 2**10, "MIB": 2**20, "GIB": 2**30, "TIB": 2**40}  # fmt: skip
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)")
Name = tuple[str, str]
Source = Table | ParquetTable
"""What a query reads."""


def check(
    reads: Mapping[Name, tuple[Source, tuple[str, ...]]], filters: Mapping[Name, Filter], *, most: int
) -> None:
    """Refuse a query that would read too much.

    Args:
        reads: The table and the columns read of each (database, table).
        filters: What whole files are left out by.
        most: Bytes.

    Raises:
        InputError: It would read more.
    """
    if sum(_whole(table) for table, _ in reads.values()) <= most:
        return
    found = {name: size(table, names, filters.get(name)) for name, (table, names) in reads.items()}
    total = sum(found.values())
    if total > most:
        largest = max(found, key=found.__getitem__)
        raise InputError(
            f"the query would read about {written(total)}, most of it ({written(found[largest])}) from "
            f"{'.'.join(largest)}; at most {written(most)} are allowed: name fewer columns, bound the rows "
            f"by WHERE, or raise --max-scan"
        )


def size(table: Source, names: tuple[str, ...], row_filter: Filter | None) -> int:
    """Bytes of the columns in the files that a scan reads.

    Args:
        table: The table.
        names: Its columns.
        row_filter: What whole files are left out by; nothing if not given.
    """
    if isinstance(table, ParquetTable):
        return table.size
    planned = table.scan() if row_filter is None else table.scan(row_filter, case_sensitive=False)
    fields = _leaves(table.schema(), names)
    return sum(_of_file(task.file, fields) for task in planned.plan_files())


def parse(text: str) -> int:
    """Bytes of a size such as `100MB` or `2 GiB`.

    Raises:
        InputError: It is none, or 0.

    Example:
        >>> parse("1.5MB")
        1500000
    """
    match = _SIZE.fullmatch(text.strip())
    if match is None or match[2].upper() not in _UNITS or not float(match[1]) > 0:
        raise InputError(
            f"--max-scan is {text!r}; write a size above 0 with B, KB, MB, GB or TB, for example 100MB"
        )
    return int(float(match[1]) * _UNITS[match[2].upper()])


def written(size: float) -> str:
    """A size for people.

    Example:
        >>> written(1_500_000)
        '1.5 MB'
    """
    for unit in ("B", "KB", "MB", "GB"):
        if size < 1000:  # noqa: PLR2004 - the next unit
            return f"{size:.0f} B" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:,.1f} TB"


def _whole(table: Source) -> float:
    """Bytes of all files by the newest snapshot's summary; infinite if it does not say."""
    if isinstance(table, ParquetTable):
        return table.size
    snapshot = table.current_snapshot()
    if snapshot is None:
        return 0
    known = snapshot.summary.get("total-files-size") if snapshot.summary else None
    return float(known) if known is not None else float("inf")


def _of_file(file: DataFile, fields: frozenset[int]) -> int:
    sizes = file.column_sizes or {}
    return sum(sizes[field] for field in fields if field in sizes) if sizes else file.file_size_in_bytes


def _leaves(schema: Schema, names: tuple[str, ...]) -> frozenset[int]:
    """The ids of columns and of what nested ones are made of."""
    found = [schema.find_field(name, case_sensitive=False) for name in names]
    return frozenset(index_by_id(Schema(*found)))
