"""What Trino and Athena send, as Arrow: types by their names, values by their texts.

Both write decimals, dates and times as texts. Trino sends arrays, maps and rows as JSON; Athena sends a text
for each of them, which stays one.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
from sqlglot import exp
from sqlglot.errors import SqlglotError

_Kind = exp.DataType.Type
_SIMPLE: Mapping[object, pa.DataType] = {
    _Kind.BOOLEAN: pa.bool_(),
    _Kind.TINYINT: pa.int8(),
    _Kind.SMALLINT: pa.int16(),
    _Kind.INT: pa.int32(),
    _Kind.BIGINT: pa.int64(),
    _Kind.FLOAT: pa.float32(),
    _Kind.DOUBLE: pa.float64(),
    _Kind.DATE: pa.date32(),
    _Kind.TIMESTAMP: pa.timestamp("us"),
    _Kind.TIMESTAMPTZ: pa.timestamp("us", "UTC"),
    _Kind.VARBINARY: pa.binary(),
}
_MICROSECOND_DIGITS = 6


def table(names: Sequence[str], kinds: Sequence[pa.DataType], rows: Sequence[Sequence[Any]]) -> pa.Table:
    """Rows as an Arrow table.

    Args:
        names: Of the columns.
        kinds: Their types, as `arrow_type` gives them.
        rows: Values as they were sent.
    """
    columns = [
        pa.array([value(kind, row[place]) for row in rows], type=kind) for place, kind in enumerate(kinds)
    ]
    return pa.Table.from_arrays(columns, schema=pa.schema(list(zip(names, kinds, strict=True))))


def arrow_type(signature: str) -> pa.DataType:
    """The Arrow type of a Trino type; a text for one that Arrow has no like of.

    Example:
        >>> arrow_type("array(decimal(18, 2))")
        ListType(list<item: decimal128(18, 2)>)
    """
    try:
        return _of(exp.DataType.build(signature, dialect="trino"))
    except SqlglotError:
        return pa.string()


def value(kind: pa.DataType, sent: Any) -> object:
    """A value of a type, from what was sent."""
    if sent is None:
        return None
    if pa.types.is_list(kind):
        return [value(kind.value_type, each) for each in sent]
    if pa.types.is_map(kind):
        return [(value(kind.key_type, k), value(kind.item_type, v)) for k, v in sent.items()]
    if pa.types.is_struct(kind):
        return {field.name: value(field.type, each) for field, each in zip(kind, sent, strict=True)}
    return _scalar(kind)(sent)


def _of(kind: exp.DataType) -> pa.DataType:
    inner = kind.expressions
    if kind.this == _Kind.DECIMAL:
        precision, scale = (int(each.name) for each in inner)
        return pa.decimal128(precision, scale)
    if kind.this == _Kind.ARRAY:
        return pa.list_(_of(inner[0]))
    if kind.this == _Kind.MAP:
        return pa.map_(_of(inner[0]), _of(inner[1]))
    if kind.this == _Kind.STRUCT:
        return pa.struct([(each.name, _of(each.args["kind"])) for each in inner])
    return _SIMPLE.get(kind.this, pa.string())


def _scalar(kind: pa.DataType) -> Callable[[Any], object]:
    return next((read for fits, read in _READERS if fits(kind)), str)


def _boolean(sent: bool | str) -> bool:
    return sent if isinstance(sent, bool) else sent == "true"


def _moment(text: str) -> datetime:
    """A moment without a zone; digits behind the microseconds are cut."""
    whole, _, fraction = text.partition(".")
    return datetime.fromisoformat(f"{whole}.{fraction[:_MICROSECOND_DIGITS].ljust(_MICROSECOND_DIGITS, '0')}")


def _zoned(text: str) -> datetime:
    """A moment with a zone behind it, by name or by offset, in UTC."""
    moment, _, zone = text.rpartition(" ")
    return _moment(moment).replace(tzinfo=_zone(zone)).astimezone(UTC)


def _zone(name: str) -> timezone | ZoneInfo:
    if name[0] not in "+-":
        return ZoneInfo(name)
    hours, minutes = (int(part) for part in name[1:].split(":"))
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if name[0] == "-" else offset)


_READERS: tuple[tuple[Callable[[pa.DataType], bool], Callable[[Any], object]], ...] = (
    (pa.types.is_boolean, _boolean),
    (pa.types.is_integer, int),
    (pa.types.is_floating, float),
    (pa.types.is_decimal, Decimal),
    (pa.types.is_date, date.fromisoformat),
    (lambda kind: pa.types.is_timestamp(kind) and kind.tz is not None, _zoned),
    (pa.types.is_timestamp, _moment),
    (pa.types.is_binary, base64.b64decode),
)
"""How a value is read, by the first that fits its type; every other is a text."""
