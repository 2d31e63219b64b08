"""Does a value of one type fit another without a loss? What does not is kept beside the row, never rounded.

`cast` alone answers too kindly: it rounds decimals, cuts the time off a timestamp and reads `12:30` as today.
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.types import (
    BinaryType,
    ByteType,
    DataType,
    DateType,
    DecimalType,
    DoubleType,
    FloatType,
    IntegerType,
    LongType,
    NumericType,
    ShortType,
    StringType,
    TimestampNTZType,
    TimestampType,
)

NO_TEXT = "base64:"
"""How bytes that are no text begin in JSON."""
_DIGITS: dict[type[DataType], int] = {ByteType: 3, ShortType: 5, IntegerType: 10, LongType: 19}
_DATE, _TIME = r"^\s*\d{4}-\d{2}-\d{2}\s*$", r"^\s*\d{4}-\d{2}-\d{2}([ T]\d{2}:.*)?$"
_IS_UTF8 = "is_valid_utf8"  # since Spark 4
_MOMENT = "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX"


def quoted(name: str) -> str:
    """A column's name as SQL, whatever is in it."""
    return "`" + name.replace("`", "``") + "`"


def is_lossless(have: DataType, want: DataType) -> bool:
    """Whether every value of a type has its equal in another, which a cast finds."""
    digits = _DIGITS.get(type(have))
    if isinstance(want, DecimalType):
        if isinstance(have, DecimalType):
            return have.scale <= want.scale and _whole(have) <= _whole(want)
        return digits is not None and digits <= _whole(want)
    if digits is not None:
        wider = digits <= _DIGITS.get(type(want), 0)
        return wider or (isinstance(want, DoubleType) and not isinstance(have, LongType))
    if isinstance(want, TimestampType):  # the session's zone is UTC, and so is what has none
        return isinstance(have, (DateType, TimestampNTZType, TimestampType))
    return have == want or (isinstance(have, FloatType) and isinstance(want, DoubleType))


def fitted(sql: str, have: DataType, want: DataType) -> tuple[Column, Column]:
    """A value in another type where that loses nothing.

    Args:
        sql: The value as SQL: a quoted name, for example.
        have: Its type.
        want: The type that it shall have.

    Returns:
        The value, null where it does not fit, and whether there is a value that does not.
    """
    value = F.expr(sql)
    if is_lossless(have, want) and not isinstance(want, StringType):
        return value.cast(want), F.lit(False)
    fits = F.coalesce(_fits(sql, have, want), F.lit(False))
    typed = _tried(sql, want) if _is_castable(have, want) else F.lit(None).cast(want)
    return F.when(fits, typed), value.isNotNull() & ~fits


def readable(sql: str, have: DataType) -> Column:
    """A value as it shall stand in JSON, so that nothing is lost.

    Args:
        sql: The value as SQL.
        have: Its type; bytes, and a text that is no UTF-8, become `base64:` and that.
    """
    value = F.expr(sql)
    if isinstance(have, BinaryType):
        return _coded(value)
    if isinstance(have, StringType):
        return F.when(_is_text(value), value).otherwise(_coded(value.cast("binary")))
    if isinstance(have, TimestampType):  # in JSON Spark ends at milliseconds
        return F.date_format(value, _MOMENT)
    if isinstance(have, (TimestampNTZType, DateType)):
        return value.cast("string")
    return value


def _coded(value: Column) -> Column:
    return F.concat(F.lit(NO_TEXT), F.base64(value))


def _fits(sql: str, have: DataType, want: DataType) -> Column:
    value = F.expr(sql)
    if not _is_castable(have, want):
        return F.lit(False)
    if isinstance(want, StringType):
        return _is_text(value) if isinstance(have, (StringType, BinaryType)) else value.isNotNull()
    if isinstance(have, StringType):
        return _tried(sql, want).isNotNull() & _is_written_as(sql, want)
    return _tried(sql, want).cast(have) == value  # NaN equals itself here


def _is_castable(have: DataType, want: DataType) -> bool:
    """Whether Spark casts between two types at all, and with a meaning."""
    if isinstance(have, StringType) or isinstance(want, StringType):
        return True
    if isinstance(have, NumericType):
        return isinstance(want, NumericType)
    times = (DateType, TimestampType, TimestampNTZType)
    return have == want or (isinstance(have, times) and isinstance(want, times))


def _is_written_as(sql: str, want: DataType) -> Column:
    """Whether a text is written in a way that a cast reads whole and without a guess."""
    text = F.expr(sql)
    if isinstance(want, DecimalType):
        plain = text.rlike(rf"^\s*[+-]?\d+(\.\d{{0,{want.scale}}}0*)?\s*$")
        short = text.rlike(r"[eE]") & (_tried(sql, want).cast("double") == text.cast("double"))  # JSON: 1E-8
        return plain | short
    if isinstance(want, DateType):
        return text.rlike(_DATE)
    if isinstance(want, (TimestampType, TimestampNTZType)):
        return text.rlike(_TIME)
    return F.lit(True)


def _is_text(value: Column) -> Column:
    """Whether bytes are UTF-8. In Spark 3.5 decoding replaces what is not, and then they differ."""
    if hasattr(F, _IS_UTF8):
        return F.call_function(_IS_UTF8, value.cast("string"))
    as_bytes = value.cast("binary")
    return F.encode(F.decode(as_bytes, "UTF-8"), "UTF-8") == as_bytes


def _tried(sql: str, want: DataType) -> Column:
    return F.expr(f"try_cast({sql} as {want.simpleString()})")


def _whole(decimal: DecimalType) -> int:
    return decimal.precision - decimal.scale
