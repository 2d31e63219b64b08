"""What stands in quarantine, asked of real Iceberg tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from assay.errors import InputError
from assay.serving.queries import quarantine

IDS = ("aa01" + "0" * 60, "aa02" + "0" * 60, "b" * 64)
ROWS = [
    (IDS[0], "silver.trades", ["price > 0", "notional >= 0"], "01", "wr_b", '{"trade_id":1}'),
    (IDS[1], "silver.trades", ["price > 0"], "02", "wr_a", '{"trade_id":2}'),
    (IDS[2], "silver.quotes", ["price > 0"], "03", "wr_new", '{"asset":"A"}'),
]


@pytest.fixture
def filled(lake: Any, tmp_path: Path) -> Any:
    catalog = type(lake)(tmp_path)
    names = ("quarantine_id", "contract", "reasons", "_change_seq", "_run_id", "row")
    columns = dict(zip(names, map(list, zip(*ROWS, strict=True)), strict=True))
    aside = pa.table({**columns, "_source_file": ["s3://landing/a.parquet"] * len(ROWS)})
    journal = pa.table({
        "run_id": ["wr_a", "wr_b", "wr_b"],
        "entry": ["2026-01-12T1", "2026-01-05T1", "2026-01-05T2"],
    })  # fmt: skip
    for name, rows in (("quarantine", aside), ("journal", journal)):
        table = catalog.create_table(("silver", name), rows.schema)
        table.append(rows)
    return catalog


def test_reasons_are_counted_with_their_first_and_last_run(filled: Any) -> None:
    assert quarantine.reasons(source=filled).to_pylist() == [
        {"contract": c, "reason": r, "rows": n, "first_run": first, "last_run": last}
        for c, r, n, first, last in (
            ("silver.quotes", "price > 0", 1, "wr_new", "wr_new"),
            ("silver.trades", "price > 0", 2, "wr_b", "wr_a"),
            ("silver.trades", "notional >= 0", 1, "wr_b", "wr_b"),
        )
    ]


def test_one_row_by_the_beginning_of_its_id(filled: Any) -> None:
    assert quarantine.row("aa01", source=filled) == {
        "quarantine_id": IDS[0],
        "contract": "silver.trades",
        "reasons": ["price > 0", "notional >= 0"],
        "source_file": "s3://landing/a.parquet",
        "change": "01",
        "run_id": "wr_b",
        "row": '{"trade_id":1}',
    }


@pytest.mark.parametrize(
    ("beginning", "says"),
    [
        ("aa", "more than one row"),
        ("cc", "no row in silver"),
        ("' or 1=1 --", "64 digits"),
        ("", "64 digits"),
    ],
)
def test_what_names_no_single_row_is_refused(filled: Any, beginning: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        quarantine.row(beginning, source=filled)
