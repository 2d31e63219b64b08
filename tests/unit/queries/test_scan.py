"""How much a query would read, by the manifests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pyiceberg import expressions as iceberg

from assay.errors import InputError
from assay.serving import queries
from assay.serving.queries import plan, scan

if TYPE_CHECKING:
    from .conftest import FolderCatalog

T = "silver.trades"


def test_only_columns_that_are_named_count(lake: FolderCatalog) -> None:
    table = lake.load_table(("silver", "trades"))
    one, two, nested = (
        scan.size(table, names, None) for names in (("asset",), ("asset", "price"), ("tags",))
    )
    files = [task.file for task in table.scan().plan_files()]
    assert 0 < one < two < sum(file.file_size_in_bytes for file in files)
    assert nested > 0
    assert one == sum(file.column_sizes[2] for file in files)


def test_files_left_out_by_where_do_not_count(lake: FolderCatalog) -> None:
    table = lake.load_table(("silver", "trades"))
    first = scan.size(table, ("asset",), iceberg.LessThan("trade_id", 3))
    assert 0 < first < scan.size(table, ("asset",), None)
    assert scan.size(table, ("asset",), iceberg.LessThan("trade_id", -1)) == 0


def test_a_query_over_the_limit_is_refused_before_it_reads(lake: FolderCatalog) -> None:
    with pytest.raises(InputError) as refused:
        queries.query(f"SELECT price, asset FROM {T}", source=lake, most=100)
    assert str(refused.value).startswith("the query would read about ")
    assert "most of it (" in str(refused.value)
    assert f"from {T}; at most 100 B are allowed: name fewer columns" in str(refused.value)


def test_what_is_within_the_limit_is_answered(lake: FolderCatalog) -> None:
    planned = plan.plan(f"SELECT count(*) AS n FROM {T}", lake)
    needed = scan.size(planned.tables["silver", "trades"], ("trade_id",), None)
    assert needed > 0
    assert queries.query(f"SELECT count(*) AS n FROM {T}", source=lake, most=needed).to_pylist() == [
        {"n": 12}
    ]
    with pytest.raises(InputError, match="would read"):
        planned.bounded(needed - 1)


def test_an_empty_table_and_the_catalogs_views_cost_nothing(lake: FolderCatalog) -> None:
    assert queries.query("SELECT * FROM gold.empty", source=lake, most=1).num_rows == 0
    assert queries.query("SELECT * FROM information_schema.tables", source=lake, most=1).num_rows >= 3


@pytest.mark.parametrize(
    ("text", "size"), [("100MB", 100_000_000), ("2 GiB", 2 * 2**30), ("1.5kb", 1_500), ("7", 7)]
)
def test_sizes_are_read(text: str, size: int) -> None:
    assert scan.parse(text) == size


@pytest.mark.parametrize("text", ["", "0", "-1MB", "ten", "10 XB", "1e6"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="write a size above 0 with B, KB, MB, GB or TB, for example 100MB"):
        scan.parse(text)


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (999, "999 B"), (1_000, "1.0 KB"), (2_500_000_000, "2.5 GB"), (3e15, "3,000.0 TB")],
)
def test_sizes_are_written_for_people(size: float, text: str) -> None:
    assert scan.written(size) == text
