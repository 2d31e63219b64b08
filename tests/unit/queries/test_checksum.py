"""Checksums: the same for the same rows in any order and any files, another for any other bit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pytest

from assay.errors import InputError
from assay.serving.queries.checksum import checksums, of

if TYPE_CHECKING:
    from .conftest import FolderCatalog

ROWS = pa.table({"unit": ["a", "b", "c"], "value": [0.1, 2.0, None]})


def test_order_of_rows_does_not_count() -> None:
    assert of("t", ROWS.take([2, 0, 1])) == of("t", ROWS)


def test_the_last_bit_of_a_number_counts() -> None:
    value = pa.array([np.nextafter(0.1, 1), 2.0, None])
    assert of("t", ROWS.set_column(1, "value", value)).md5 != of("t", ROWS).md5


def test_a_doubled_row_and_a_lost_row_count() -> None:
    assert len({of("t", part).md5 for part in (ROWS, ROWS.take([0, 1, 2, 2]), ROWS.slice(1))}) == 3


def test_null_is_no_text() -> None:
    texts = [pa.table({"note": [value]}) for value in (None, "", "NULL")]
    assert len({of("t", table).md5 for table in texts}) == 3


def test_every_table_of_a_database(lake: FolderCatalog) -> None:
    found = checksums("gold", source=lake)
    assert [(each.table, each.rows) for each in found] == [("gold.assets", 2), ("gold.empty", 0)]


def test_columns_of_the_run_and_tables_of_runs_are_left_out(lake: FolderCatalog) -> None:
    schema = pa.schema([("unit", pa.string()), ("_run_id", pa.string())])
    for name, run in (("first", "r-1"), ("second", "r-2"), ("runs", "r-1")):
        table = lake.create_table(("lineage", name), schema)
        table.append(pa.table({"unit": ["a"], "_run_id": [run]}, schema=schema))
    found = checksums("lineage", source=lake)
    assert [each.table for each in found] == ["lineage.first", "lineage.second"]
    assert found[0].md5 == found[1].md5


def test_unknown_database(lake: FolderCatalog) -> None:
    with pytest.raises(InputError, match=r"there is no database 'glod' with tables; did you mean 'gold'\?"):
        checksums("glod", source=lake)
