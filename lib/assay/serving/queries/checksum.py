"""Are two lakes the same? Rows and a checksum per table, independent of files, order and run.

Columns that begin with `_` say which run wrote a row, not what it says, and are left out; so are tables that
tell of the runs themselves (`runs`, `journal`, and `reconciliation`, which counts the journal too). Numbers
count with all their bits.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
from pyiceberg.catalog import Catalog

from assay.errors import InputError, did_you_mean
from assay.serving.queries import catalog
from assay.serving.queries.engine import run

OF_RUNS = frozenset({"runs", "journal", "reconciliation"})
_SUM = """
    SELECT count(*) AS rows, md5(coalesce(string_agg(line, chr(10) ORDER BY line), '')) AS md5
    FROM (SELECT CAST(t AS VARCHAR) AS line FROM "checked"."rows" t)
"""


@dataclass(frozen=True, slots=True)
class Checksum:
    """What a table holds, in two figures.

    Attributes:
        table: `database.table`.
        rows: How many rows.
        md5: Of the rows' texts in sorted order, hexadecimal.
    """

    table: str
    rows: int
    md5: str


def checksums(database: str, *, source: Catalog | None = None) -> list[Checksum]:
    """The checksum of every table of a database, by name.

    Args:
        database: For example `"gold"`.
        source: The catalog; Glue's, as the environment names it, if not given.

    Raises:
        InputError: There is no such database.
        TransientError: The catalog or the object store does not answer.
    """
    place = catalog.glue() if source is None else source
    every = catalog.names(place)
    if database not in {space for space, _ in every}:
        hint = did_you_mean(database, {space for space, _ in every})
        raise InputError(f"there is no database {database!r} with tables; {hint}")
    wanted = [name for space, name in every if space == database and name not in OF_RUNS]
    with catalog.answering():
        return [of(f"{database}.{name}", _content(place, database, name)) for name in wanted]


def of(table: str, rows: pa.Table) -> Checksum:
    """The checksum of rows that are at hand.

    Args:
        table: What they are called.
        rows: Any columns; their order counts, the order of rows does not.
    """
    (found,) = run(_SUM, {("checked", "rows"): rows}).to_pylist()
    return Checksum(table, found["rows"], found["md5"])


def _content(place: Catalog, database: str, name: str) -> pa.Table:
    loaded = catalog.load(place, database, name)
    columns = tuple(field.name for field in loaded.schema().fields if not field.name.startswith("_"))
    return loaded.scan(selected_fields=columns).to_arrow().select(columns)
