"""`information_schema.tables` and `.columns`, as Athena has them: what is there to ask about."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
from pyiceberg.catalog import Catalog

from assay.errors import InputError, did_you_mean
from assay.serving.queries import catalog, columns

DATABASE = "information_schema"
# DuckDB has a schema of that name itself and lets nobody add to it.
STAND_IN = "assay_information"
_TEXT: pa.DataType = pa.string()
_TABLES = pa.schema([("table_schema", _TEXT), ("table_name", _TEXT), ("table_type", _TEXT)])
_COLUMNS = pa.schema(
    [
        ("table_schema", _TEXT),
        ("table_name", _TEXT),
        ("column_name", _TEXT),
        ("ordinal_position", pa.int64()),
        ("data_type", _TEXT),
    ]
)


def table(source: Catalog, name: str) -> pa.Table:
    """One of the two views, filled from the catalog.

    Raises:
        InputError: It is neither `tables` nor `columns`.
    """
    if name not in ("tables", "columns"):
        allowed = did_you_mean(f"{DATABASE}.{name}", [f"{DATABASE}.tables", f"{DATABASE}.columns"])
        raise InputError(f"there is no table '{DATABASE}.{name}'; {allowed}")
    found = catalog.names(source)
    if name == "tables":
        rows = [{"table_schema": d, "table_name": t, "table_type": "BASE TABLE"} for d, t in found]
        return pa.Table.from_pylist(rows, schema=_TABLES)
    return pa.Table.from_pylist([row for d, t in found for row in _columns(source, d, t)], schema=_COLUMNS)


def types(view: pa.Table) -> Mapping[str, str]:
    """Athena's types of a view's columns."""
    return {field.name: "BIGINT" if pa.types.is_integer(field.type) else "VARCHAR" for field in view.schema}


def _columns(source: Catalog, database: str, name: str) -> list[dict[str, object]]:
    found = columns.of(catalog.load(source, database, name).schema())
    return [
        {
            "table_schema": database,
            "table_name": name,
            "column_name": column,
            "ordinal_position": place,
            "data_type": kind.lower(),
        }
        for place, (column, kind) in enumerate(found.items(), start=1)
    ]
