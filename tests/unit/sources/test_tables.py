"""The tables of the source: what the generators draw fits into them, and bad rows may arrive."""

from __future__ import annotations

import pyarrow as pa
import pytest

from assay.generators import columns
from assay.sources import tables

TYPES = {
    "bigint": pa.int64(),
    "text": pa.string(),
    "timestamptz": pa.timestamp("us", tz="UTC"),
    "numeric(18,6)": pa.decimal128(18, 6),
    "numeric(18,4)": pa.decimal128(18, 4),
    "numeric(18,2)": pa.decimal128(18, 2),
}


@pytest.mark.parametrize(
    ("table", "schema"),
    [
        (tables.CUSTOMERS, columns.CUSTOMERS),
        (tables.EXPOSURES, columns.EXPOSURES),
        (tables.TRADES, columns.TRADES),
        (tables.QUOTES, columns.QUOTES),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_what_is_drawn_has_the_tables_columns_and_types(table: tables.Table, schema: pa.Schema) -> None:
    assert {name: TYPES[kind] for name, kind in table.columns.items()} == {
        field.name: field.type for field in schema
    }


@pytest.mark.parametrize("table", tables.ALL, ids=lambda table: table.name)
def test_nothing_but_the_key_is_constrained_and_whole_rows_are_captured(table: tables.Table) -> None:
    ddl = table.ddl()
    assert f"PRIMARY KEY ({', '.join(table.key)})" in ddl
    assert "CHECK" not in ddl
    assert "NOT NULL" not in ddl
    assert f"ALTER TABLE brokerage.{table.name} REPLICA IDENTITY FULL" in ddl
