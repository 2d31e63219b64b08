"""Forgetting a unit in the landing bucket: change files are written anew without its rows.

Key, columns, order of rows and the object's own metadata stay, so that what bronze noted of the files that it
took in still holds, and a replay from landing alone is a replay without the unit. A file that held nothing
else stays as a file without rows. Only files that bronze has taken in are touched: what arrives later is
counted against what the source promised before anything of it goes.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial, reduce

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from assay.errors import TerminalError
from assay.lake.contracts import Contract, names
from assay.lake.units import Unit, id_columns, marked
from assay.runtime import clients, objects
from assay.sources import tables
from assay.sources.landing import CAPTURED, SOURCES, File, Landing, Position

_THREADS = 4
_INT96 = "INT96"
_SEQUENCE = "change_seq"
_KEYS = {table.name: table.key[0] for table in tables.ALL}
Rewritten = Callable[[bytes], tuple[bytes | None, int]]


@dataclass(frozen=True, slots=True)
class Erased:
    """What a table's change files held of a unit.

    Attributes:
        files: Files with rows of it.
        rows: Those rows.
    """

    files: int = 0
    rows: int = 0

    def __add__(self, other: Erased) -> Erased:
        """Both together."""
        return Erased(self.files + other.files, self.rows + other.rows)


def captured_tables() -> tuple[str, ...]:
    """The source's tables whose change files identify a unit."""
    contracts = (Contract.load(name) for name in names() if name.startswith("bronze."))
    return tuple(
        each.name.partition(".")[2] for each in contracts if "_op" in each.columns and marked(each, "id")
    )


def erase(
    landing: Landing,
    table: str,
    read: Position,
    unit: Unit,
    *,
    before: Mapping[int, str] | None = None,
    dry_run: bool = False,
) -> Erased:
    """Write the change files of a table anew without a unit's rows.

    Args:
        landing: The landing bucket.
        table: Name of the source's table.
        read: How far bronze has read.
        unit: The unit.
        before: Number of a row that became the unit's → the change up to which its versions go as well.
        dry_run: Only count.

    Raises:
        TerminalError: A file is no Parquet, so that nobody knows what it holds.
        TransientError: S3 did not answer.
    """
    found = landing.captured(table, Position())
    files = [file for file in found.files if dry_run or not read.is_before(file.name)]
    what = partial(without, unit=unit, key=_KEYS.get(table, ""), before=before or {})
    return _rewrite(landing, files, what, dry_run=dry_run)


def erase_brought(landing: Landing, source: str, table: str, unit: Unit, *, dry_run: bool = False) -> Erased:
    """Write what a source brought for a table anew without a unit's rows, of loads that died too.

    Args:
        landing: The landing bucket.
        source: The source's name.
        table: The silver table's name, without its layer.
        unit: The unit.
        dry_run: Only count.

    Raises:
        TerminalError: As for `erase`.
        TransientError: S3 did not answer.
    """
    return _rewrite(landing, landing.written(source, table), partial(without, unit=unit), dry_run=dry_run)


def purge(landing: Landing, table: str) -> int:
    """Remove what a versioned bucket keeps of a table's replaced and deleted files; how many versions."""
    return objects.purge(landing.bucket, f"{CAPTURED}/{table}/")


def purge_brought(landing: Landing, source: str, table: str) -> int:
    """The same of what a source brought for a table."""
    return objects.purge(landing.bucket, f"{SOURCES}/{source}/{table}/")


def without(
    content: bytes, unit: Unit, key: str = "", before: Mapping[int, str] | None = None
) -> tuple[bytes | None, int]:
    """A Parquet file without a unit's rows, and how many these were; None in its place if there were none.

    Args:
        content: The file.
        unit: The unit.
        key: The column that numbers the rows.
        before: As for `erase`.

    Raises:
        pa.ArrowException: It is no Parquet file.
    """
    file = pq.ParquetFile(pa.BufferReader(content))
    columns = [name for name in file.schema_arrow.names if name.lower() in id_columns()]
    if not columns:
        return None, 0
    held = reduce(pc.or_, (_holds(values, unit) for values in file.read(columns=columns).columns))
    if before and key in file.schema_arrow.names:
        held = pc.or_(held, _is_before(file, key, before))
    rows = pc.sum(held).as_py() or 0
    if not rows:
        return None, 0
    buffer = io.BytesIO()
    pq.write_table(file.read().filter(pc.invert(held)), buffer, **_as_it_was(file))
    return buffer.getvalue(), rows


def _rewrite(landing: Landing, files: Sequence[File], what: Rewritten, *, dry_run: bool) -> Erased:
    with ThreadPoolExecutor(_THREADS) as pool:
        return reduce(Erased.__add__, pool.map(partial(_erase, landing, what, dry_run), files), Erased())


def _erase(landing: Landing, rewritten: Rewritten, dry_run: bool, file: File) -> Erased:
    key = file.uri.removeprefix(f"s3://{landing.bucket}/")
    with clients.calling(f"read {file.uri}"):
        answer = landing.client.get_object(Bucket=landing.bucket, Key=key)
        content = answer["Body"].read()
    try:
        rest, rows = rewritten(content)
    except (pa.ArrowException, OSError) as error:
        raise TerminalError(
            f"{file.uri} cannot be read, so that nobody knows whom it holds; put it right or take it away, "
            "and forget again"
        ) from error
    if rest is None:
        return Erased()
    if not dry_run:
        with clients.calling(f"write {file.uri}"):
            landing.client.put_object(
                Bucket=landing.bucket,
                Key=key,
                Body=rest,
                Metadata=answer["Metadata"],
                ContentType=answer["ContentType"],
            )
    return Erased(1, rows)


def _holds(values: pa.ChunkedArray, unit: Unit) -> pa.ChunkedArray:
    """Which values are the unit, whatever type the source gave them."""
    found = pc.match_substring_regex(values.cast(pa.string()), unit.alone)
    return pc.fill_null(found, fill_value=False)


def _is_before(file: pq.ParquetFile, key: str, before: Mapping[int, str]) -> pa.Array:
    """Which rows are earlier versions of those that became the unit's; a full load is earlier than all."""
    numbers = file.read(columns=[key])[key].to_pylist()
    sequence = [name for name in file.schema_arrow.names if name == _SEQUENCE]
    changes = file.read(columns=sequence)[_SEQUENCE].to_pylist() if sequence else [None] * len(numbers)
    return pa.array(
        [(c or "") < before.get(n, "") for n, c in zip(numbers, changes, strict=True)], pa.bool_()
    )


def _as_it_was(file: pq.ParquetFile) -> dict[str, object]:
    """How the file was packed; its old kind of timestamps is the only one that Spark reads in nanoseconds."""
    schema = file.schema
    old = any(schema.column(n).physical_type == _INT96 for n in range(len(schema)))
    packed = file.metadata.row_group(0).column(0).compression if file.metadata.num_row_groups else "GZIP"
    return {"compression": packed, "use_deprecated_int96_timestamps": old}
