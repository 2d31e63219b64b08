"""JSON that every parser accepts: JSON knows neither NaN nor infinity, so both become null."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping


def plain(record: Mapping[str, object]) -> dict[str, object]:
    """The record with tuples as lists and every number that is not finite as None."""
    return {key: _value(value) for key, value in record.items()}


def dumps(record: Mapping[str, object]) -> str:
    """Indented JSON, keys in their order, floats by their shortest exact form."""
    return json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False)


def _value(value: object) -> object:
    if isinstance(value, Mapping):
        return plain(value)
    if isinstance(value, list | tuple):
        return [_value(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
