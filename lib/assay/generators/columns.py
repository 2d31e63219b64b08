"""From NumPy arrays to Arrow columns with exactly the types of the source database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assay.errors import InputError

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Column: TypeAlias = "pa.Array[Any]"

WEEK = 7 * 24 * 3600 * 1_000_000
"""Microseconds of a week."""

_TIME: pa.DataType = pa.timestamp("us", tz="UTC")


def _schema(**columns: pa.DataType) -> pa.Schema:
    return pa.schema([pa.field(name, kind) for name, kind in columns.items()])


CUSTOMERS = _schema(customer_id=pa.int64(), signed_up_at=_TIME, country=pa.string(), tier=pa.string())
EXPOSURES = _schema(
    exposure_id=pa.int64(), experiment=pa.string(), customer_id=pa.int64(), arm=pa.string(), exposed_at=_TIME
)
TRADES = _schema(
    trade_id=pa.int64(),
    customer_id=pa.int64(),
    asset=pa.string(),
    side=pa.string(),
    quantity=pa.decimal128(18, 6),
    price=pa.decimal128(18, 4),
    notional=pa.decimal128(18, 2),
    traded_at=_TIME,
)
TRADE_KEYS = _schema(trade_id=pa.int64())
QUOTES = _schema(asset=pa.string(), quoted_at=_TIME, price=pa.decimal128(18, 4))

_PERIOD_BITS = 44
_BLOCK_BITS = 24


def row_ids(week: int, block: int, count: int) -> Ints:
    """Ids that no other week or block of the same table uses.

    Args:
        week: From 1, below 2**19.
        block: From 0, below 2**20.
        count: How many, below 2**24.

    Returns:
        Ascending int64, shape `(count,)`.

    Raises:
        InputError: Too many rows.
    """
    if count >= 2**_BLOCK_BITS:
        raise InputError(f"block {block} of week {week} has {count:,} rows; lower the rate, below 2**24")
    return (week << _PERIOD_BITS) + (block << _BLOCK_BITS) + np.arange(count, dtype=np.int64)


def decimals(units: Ints, precision: int, scale: int) -> Column:
    """Decimal column from whole numbers of its smallest unit, without a detour over text or floats.

    Args:
        units: The values times 10**scale, shape `(n,)`.
        precision: Digits of the type; what exceeds them is not checked, 18 digits always fit.
        scale: Digits after the point.
    """
    words = np.empty(
        (len(units), 2), dtype="<i8"
    )  # decimal128 is little-endian: low word, then the sign's word
    words[:, 0] = units
    words[:, 1] = units >> 63
    return pa.Array.from_buffers(
        pa.decimal128(precision, scale), len(units), [None, pa.py_buffer(words.tobytes())]
    )


def times(microseconds: Ints) -> Column:
    """Timestamps (UTC) from microseconds since 1970."""
    return pa.array(microseconds, type=pa.int64()).cast(_TIME)


def labels(names: Sequence[str | None], index: Ints) -> Column:
    """Text column by position in a short list of names."""
    return pa.array(names, type=pa.string()).take(pa.array(index, type=pa.int64()))


def nearest(values: Floats) -> Ints:
    """Round to whole numbers."""
    return np.rint(values).astype(np.int64)
