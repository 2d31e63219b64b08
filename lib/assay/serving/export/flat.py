"""CSV and JSON: every value exactly, a missing one as an empty cell or null."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from math import isfinite
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa


def csv_text(table: pa.Table) -> str:
    """A table as CSV with a header; NULL is an empty cell, a text is quoted where it must be."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_MINIMAL)
    writer.writerow(table.column_names)
    for row in table.to_pylist():
        writer.writerow("" if value is None else cell(value) for value in row.values())
    return text.getvalue()


def json_text(value: object) -> str:
    """A value as indented JSON, in whose words everything is said (`plain`)."""
    return json.dumps(plain(value), indent=2, ensure_ascii=False, allow_nan=False)


def csv_content(table: pa.Table) -> bytes:
    """The bytes of `csv_text`."""
    return csv_text(table).encode()


def json_content(table: pa.Table) -> bytes:
    """The rows as a JSON list of objects."""
    return f"{json_text(table.to_pylist())}\n".encode()


def cell(value: object) -> str:
    """A value as the text of one cell; what is nested as JSON."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, list | dict):
        return json.dumps(plain(value), ensure_ascii=False)
    return str(value)


def plain(value: Any) -> Any:
    """Values that JSON has, exactly: decimals, dates and times as text; NaN and infinity as null."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal | bytes):
        return value.hex() if isinstance(value, bytes) else str(value)
    return value if isinstance(value, str | int | None) else str(value)
