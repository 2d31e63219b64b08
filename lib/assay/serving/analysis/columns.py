"""How does a column become numbers or labels? Strictly: what is not a number is named with its row.

Missing are nulls, NaN, blanks and the words in `MISSING`. Infinity is refused: no mean survives it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from assay.errors import InputError

MISSING = ("", "NA", "N/A", "n/a", "#N/A", "NaN", "nan", "NULL", "null", "None")
# "None" may well be the name of the arm that gets nothing.
MISSING_ARM = tuple(word for word in MISSING if word != "None")
_TRUTHS = ("false", "true")


@dataclass(frozen=True, slots=True)
class Numbers:
    """One numeric column.

    Attributes:
        values: Shape (rows,), float64; NaN where missing.
        boolean: The column held true and false, not numbers.
    """

    values: NDArray[np.float64]
    boolean: bool

    @property
    def binary(self) -> bool:
        """Every value that is there is 0 or 1."""
        there = self.values[~np.isnan(self.values)]
        return bool(np.all((there == 0) | (there == 1)))


def numbers(column: pa.ChunkedArray[Any], name: str) -> Numbers:
    """The column as numbers.

    Args:
        column: Numbers, booleans or text that spells them.
        name: The column's name, for messages.

    Raises:
        InputError: A value is not a finite number (with its row), or the column's type cannot be one.
    """
    plain = _decoded(column)
    kind = plain.type
    if pa.types.is_boolean(kind):
        return Numbers(_floats(pc.cast(plain, pa.int8())), boolean=True)
    if _is_text(kind):
        return _of_text(pc.cast(plain, pa.string()), name)
    if pa.types.is_null(kind):
        return Numbers(np.full(len(plain), np.nan), boolean=False)
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
        raise InputError(f"metric column {name!r} holds {kind}, not numbers; give a numeric or 0/1 column")
    return Numbers(_finite(_floats(plain), name), boolean=False)


def labels(column: pa.ChunkedArray[Any], name: str) -> pa.Array[Any]:
    """The column as arm labels: text, null where missing; whole numbers lose a trailing '.0'.

    Raises:
        InputError: The column's type cannot name arms.
    """
    plain = _decoded(column)
    kind = plain.type
    named = _is_text(kind) or pa.types.is_boolean(kind) or pa.types.is_null(kind)
    if not (named or pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
        raise InputError(f"arm column {name!r} holds {kind}; arms are named by text, numbers or booleans")
    text = pc.cast(plain, pa.string())
    whole = pc.replace_substring_regex(text, r"^(-?\d+)\.0+$", r"\1")
    missing = pc.or_kleene(
        pc.is_in(pc.utf8_trim_whitespace(whole), value_set=pa.array(MISSING_ARM)), pc.is_null(whole)
    )
    found: pa.Array[Any] = pc.if_else(missing, pa.scalar(None, pa.string()), whole)
    return found


def _decoded(column: pa.ChunkedArray[Any]) -> pa.Array[Any]:
    """One array of plain values, whatever the chunks and dictionaries that held them."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _of_text(text: pa.Array[Any], name: str) -> Numbers:
    trimmed = pc.utf8_trim_whitespace(text)
    missing = pc.is_in(trimmed, value_set=pa.array(MISSING))
    there = pc.if_else(missing, pa.scalar(None, pa.string()), trimmed)
    spelt: Any = pc.index_in(pc.utf8_lower(there), value_set=pa.array(_TRUTHS))
    if 0 < len(spelt) - spelt.null_count == len(there) - there.null_count:
        return Numbers(_floats(spelt), boolean=True)
    try:
        values = _floats(pc.cast(there, pa.float64()))
    except pa.ArrowInvalid:
        _refuse_text(there, name)
    return Numbers(_finite(values, name), boolean=False)


def _refuse_text(cells: pa.Array[Any], name: str) -> None:
    """Raise for the first cell that spells no number."""
    for row, cell in enumerate(cells.to_pylist(), start=1):
        try:
            if cell is not None:
                pc.cast(pa.scalar(cell), pa.float64())
        except pa.ArrowInvalid:
            raise InputError(
                f"metric column {name!r} has the text {cell!r} in row {row} (the header not counted); "
                f"a metric needs numbers, or a blank where the value is missing"
            ) from None


def _floats(array: Any) -> NDArray[np.float64]:
    return np.array(pc.cast(array, pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)


def _finite(values: NDArray[np.float64], name: str) -> NDArray[np.float64]:
    endless = np.flatnonzero(np.isinf(values))
    if endless.size:
        raise InputError(
            f"metric column {name!r} is infinite in row {endless[0] + 1} (the header not counted); "
            f"correct it, or leave it blank if it is missing"
        )
    return values
