"""The type of an Iceberg column as Athena names it: by it the translation sees that an integer is one."""

from __future__ import annotations

from collections.abc import Mapping

from pyiceberg import types as iceberg
from pyiceberg.schema import Schema

_SIMPLE: Mapping[type[iceberg.IcebergType], str] = {
    iceberg.BooleanType: "BOOLEAN",
    iceberg.IntegerType: "INTEGER",
    iceberg.LongType: "BIGINT",
    iceberg.FloatType: "REAL",
    iceberg.DoubleType: "DOUBLE",
    iceberg.DateType: "DATE",
    iceberg.TimeType: "TIME",
    iceberg.TimestampType: "TIMESTAMP",
    iceberg.TimestamptzType: "TIMESTAMP WITH TIME ZONE",
    iceberg.StringType: "VARCHAR",
    iceberg.UUIDType: "UUID",
    iceberg.BinaryType: "VARBINARY",
    iceberg.FixedType: "VARBINARY",
}


def of(schema: Schema) -> dict[str, str]:
    """Column → Athena's type, in order; names in lower case, as Athena has them."""
    return {field.name.lower(): athena_type(field.field_type) for field in schema.fields}


def athena_type(kind: iceberg.IcebergType) -> str:
    """Athena's name of an Iceberg type.

    Example:
        >>> athena_type(iceberg.DecimalType(18, 2))
        'DECIMAL(18, 2)'
    """
    if isinstance(kind, iceberg.DecimalType):
        return f"DECIMAL({kind.precision}, {kind.scale})"
    if isinstance(kind, iceberg.ListType):
        return f"ARRAY({athena_type(kind.element_type)})"
    if isinstance(kind, iceberg.MapType):
        return f"MAP({athena_type(kind.key_type)}, {athena_type(kind.value_type)})"
    if isinstance(kind, iceberg.StructType):
        inner = ", ".join(f'"{field.name}" {athena_type(field.field_type)}' for field in kind.fields)
        return f"ROW({inner})"
    return _SIMPLE[type(kind)]
