"""The comparison fails where it must."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from engines.compare import differences, same


def table(*rows: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist(list(rows))


def test_the_order_of_rows_does_not_count() -> None:
    one, two = {"k": "a", "x": 0.1 + 0.2}, {"k": "b", "x": None}
    assert differences(table(one, two), table(two, {"k": "a", "x": 0.3})) == []


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ([{"k": "a", "y": 1.0}], "columns ['k', 'x'] and ['k', 'y']"),
        ([{"k": "a", "x": 1.0}, {"k": "b", "x": 1.0}], "1 and 2 rows"),
        ([{"k": "a", "x": 1.0 + 1e-11}], "row 0, x: 1.0 and 1.00000000001"),
        ([{"k": "b", "x": 1.0}], "row 0, k: 'a' and 'b'"),
        ([{"k": "a", "x": None}], "row 0, x: 1.0 and None"),
        ([{"k": "a", "x": 1}], "row 0, x: 1.0 and 1"),
    ],
)  # fmt: skip
def test_what_differs_is_said(other: list[dict[str, Any]], said: str) -> None:
    assert differences(table({"k": "a", "x": 1.0}), table(*other)) == [said]


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        (float("nan"), float("nan"), True),
        (0.0, 1e-300, False),
        (Decimal("1.50"), Decimal("1.5"), True),
        (Decimal(3), 3, True),
        (Decimal("1.5"), 1.5, False),
        (True, 1, False),
        (date(2026, 1, 5), "2026-01-05", False),
        ([1.0, "a"], [1.0, "a"], True),
        ([1.0], [1.0, 2.0], False),
    ],
)  # fmt: skip
def test_values(left: object, right: object, *, equal: bool) -> None:
    assert same(left, right, 1e-12) is equal
