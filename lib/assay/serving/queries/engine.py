"""Runs a translated query: Iceberg → Arrow, only the columns needed → DuckDB, which sees nothing else.

DuckDB's own Iceberg and AWS extensions are not used: they must be downloaded, and this also works without a
network.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import duckdb
import pyarrow as pa
from pyiceberg.catalog import Catalog
from pyiceberg.table import Table
from sqlglot import exp

from assay.errors import InputError
from assay.serving.queries import arithmetic, catalog, columns, information, pushdown, statement, translation

Name = tuple[str, str]


def query(sql: str, *, source: Catalog | None = None) -> pa.Table:
    """The answer to one Athena query over the Iceberg tables.

    Args:
        sql: Athena (Trino) SQL that only reads; tables as `database.table`.
        source: The catalog; Glue's, as the environment names it, if not given.

    Returns:
        The result as an Arrow table.

    Raises:
        InputError: The query is not one, names what does not exist, cannot be translated, or fails.
        TransientError: The catalog or the object store does not answer.
    """
    parsed = statement.parse(sql)
    try:
        return _answer(parsed, source)
    except RecursionError:  # what can be parsed may still be too deep to be translated
        raise InputError(statement.TOO_DEEP) from None


def _answer(parsed: exp.Query, source: Catalog | None) -> pa.Table:
    wanted = translation.tables(parsed)
    place = source if source is not None or not wanted else catalog.glue()
    loaded = {
        name: catalog.load(place, *name) for name in wanted if place and name[0] != information.DATABASE
    }
    virtual = {
        name: information.table(place, name[1])
        for name in wanted
        if place and name[0] == information.DATABASE
    }
    types = {
        **{name: columns.of(table.schema()) for name, table in loaded.items()},
        **{name: information.types(table) for name, table in virtual.items()},
    }
    translated = translation.translate(parsed, types)
    filters = pushdown.filters(translated.query)
    with catalog.answering():
        data = {
            name: _scan(table, translated.columns[name], filters.get(name)) for name, table in loaded.items()
        }
    return run(
        translated.sql,
        {**data, **{(information.STAND_IN, name): view for (_, name), view in virtual.items()}},
    )


def run(sql: str, tables: Mapping[Name, pa.Table]) -> pa.Table:
    """Run DuckDB's SQL over Arrow tables in a database that can reach nothing else.

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
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        try:
            answer: Any = connection.sql(sql).to_arrow_table()
        except duckdb.Error as error:
            raise InputError(_said(error)) from error
        found: pa.Table = answer
        return found


def _scan(table: Table, needed: tuple[str, ...], row_filter: pushdown.Filter | None) -> pa.Table:
    scan = table.scan(selected_fields=needed, case_sensitive=False)
    if row_filter is not None:
        scan = scan.filter(row_filter)
    found = scan.to_arrow()
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
