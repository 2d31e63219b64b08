"""Do two engines give the same answer? Texts, counts and money exactly, floating numbers to a tolerance."""

from __future__ import annotations

from decimal import Decimal
from math import isclose, isnan
from typing import Any

import pyarrow as pa

TOLERANCE = 1e-12
"""Relative: engines add floating numbers in an order of their own."""
Row = tuple[Any, ...]


def differences(left: pa.Table, right: pa.Table, tolerance: float = TOLERANCE) -> list[str]:
    """What is not equal, as sentences; nothing if all is.

    Args:
        left: One answer.
        right: The other; the order of rows does not count, as sorting by a floating number may break a tie.
        tolerance: Relative, for floating numbers.
    """
    if left.column_names != right.column_names:
        return [f"columns {left.column_names} and {right.column_names}"]
    if left.num_rows != right.num_rows:
        return [f"{left.num_rows} and {right.num_rows} rows"]
    pairs = zip(_sorted(left), _sorted(right), strict=True)
    return [
        f"row {place}, {name}: {a!r} and {b!r}"
        for place, (one, other) in enumerate(pairs)
        for name, a, b in zip(left.column_names, one, other, strict=True)
        if not same(a, b, tolerance)
    ]


def same(left: object, right: object, tolerance: float) -> bool:
    """Two values are equal; a floating number equals another one only."""
    if isinstance(left, float) and isinstance(right, float):
        return (isnan(left) and isnan(right)) or isclose(left, right, rel_tol=tolerance, abs_tol=0.0)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(
            same(a, b, tolerance) for a, b in zip(left, right, strict=True)
        )
    return _kind(left) == _kind(right) and left == right


def _kind(value: object) -> type:
    """An engine may give a whole number as a decimal without decimals; no other kinds are mixed."""
    return int if isinstance(value, Decimal) and value == value.to_integral_value() else type(value)


def _sorted(table: pa.Table) -> list[Row]:
    rows = [tuple(row.values()) for row in table.to_pylist()]
    return sorted(rows, key=lambda row: tuple(_exact(cell) for cell in row))


def _exact(cell: object) -> tuple[int, str]:
    """What a row is found by: all of it but its floating numbers, and of those whether they are there."""
    if cell is None:
        return 0, ""
    return (1, "") if isinstance(cell, float) else (2, str(cell))
