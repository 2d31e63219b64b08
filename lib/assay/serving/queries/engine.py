"""Runs a translated query: Iceberg → Arrow, only the columns needed → DuckDB, which sees nothing else.

DuckDB's own Iceberg and AWS extensions are not used: they must be downloaded, and this also works without a
network.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import duckdb
import pyarrow as pa
from pyiceberg.catalog import Catalog

from assay.errors import InputError
from assay.serving.queries import (
    arithmetic,
    catalog,
    functions,
    information,
    plan,
    pushdown,
    scan,
    statement,
    translation,
)
from assay.serving.queries.parquet import ParquetTable

Name = tuple[str, str]
_NOW: Final[Mapping[Name, int]] = MappingProxyType({})


def query(
    sql: str,
    *,
    source: Catalog | None = None,
    most: int = scan.LIMIT,
    values: Sequence[str] = (),
    at: Mapping[Name, int] = _NOW,
) -> pa.Table:
    """The answer to one Athena query over the Iceberg tables.

    Args:
        sql: Athena (Trino) SQL that only reads; tables as `database.table`, macros and views of Assay.
        source: The catalog; Glue's, as the environment names it, if not given.
        most: Bytes that it may read.
        values: For its question marks, in order.
        at: (database, table) → the snapshot to read; a table that is not named is read as it is now.

    Returns:
        The result as an Arrow table.

    Raises:
        InputError: The query is not one, names what does not exist, would read too much, cannot be
            translated, or fails.
        TransientError: The catalog or the object store does not answer.
    """
    planned = plan.plan(sql, source).bounded(most)
    try:
        translated = translation.in_duckdb(planned.resolved)
    except RecursionError:  # what can be parsed may still be too deep to be translated
        raise InputError(statement.TOO_DEEP) from None
    with catalog.answering():
        data = {
            name: _scan(table, planned.resolved.columns[name], planned.filters.get(name), at.get(name))
            for name, table in planned.tables.items()
        }
    views = {(information.STAND_IN, name): view for (_, name), view in planned.virtual.items()}
    return run(translated, {**data, **views}, values)


def run(sql: str, tables: Mapping[Name, pa.Table], values: Sequence[str] = ()) -> pa.Table:
    """Run DuckDB's SQL over Arrow tables in a database that can reach nothing else.

    Args:
        sql: DuckDB's SQL.
        tables: (database, table) → its rows.
        values: For its question marks, in order.

    Raises:
        InputError: The query fails; Athena's words where they are known.
    """
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for place, ((database, name), table) in enumerate(tables.items()):
            connection.register(f"arrow_{place}", table)
            connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{_quoted(database)}"')
            view = f'"{_quoted(database)}"."{_quoted(name)}"'
            connection.execute(f"CREATE VIEW {view} AS SELECT * FROM arrow_{place}")  # noqa: S608 - quoted above
        functions.register(connection, sql)
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        try:
            answer: Any = connection.sql(sql, params=list(values) or None).to_arrow_table()
        except duckdb.Error as error:
            raise InputError(_said(error)) from error
        found: pa.Table = answer
        return found


def _scan(
    table: scan.Source, needed: tuple[str, ...], row_filter: pushdown.Filter | None, snapshot: int | None
) -> pa.Table:
    if isinstance(table, ParquetTable):
        return table.rows(needed)
    asked = table.scan(selected_fields=needed, case_sensitive=False, snapshot_id=snapshot)
    if row_filter is not None:
        asked = asked.filter(row_filter)
    found = asked.to_arrow()
    return found.rename_columns([name.lower() for name in found.column_names])


def _said(error: duckdb.Error) -> str:
    text = statement.first_line(error)
    if arithmetic.ZERO in text:
        return "the query divides by zero; write try(...) to get NULL there"
    kind, _, rest = text.partition(" Error: ")
    if "Function with name" in rest:
        name = rest.split("name ")[1].split(" ")[0].strip('"')
        return f"function {name!r} of Athena is not translated here; ask without it, or in Athena itself"
    return f"the query fails: {rest or kind}"


def _quoted(name: str) -> str:
    return name.replace('"', '""')
