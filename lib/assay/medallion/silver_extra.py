"""What bronze keeps beside a row: values of columns that it does not know, or that did not fit their type.

Bronze holds them as a JSON object in `_extra`, null where there is nothing extra. A value that fits its
column after all (the contract has learnt of the column since) takes its place; one that does not is a reason
to set the row aside.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import DataType, DateType, DecimalType, IntegralType, StringType

EXTRA = "_extra"
MISFIT = "_misfit"
_EXACT = "decimal(38,18)"  # holds all that the tables' numbers can be
_DAY_LENGTH = 10  # 2026-01-05


def extra(name: str) -> Column:
    """The value of a column in `_extra`, as text; null where it is not there."""
    return F.expr(_text(name))


def recovered(changes: DataFrame, lineage: Sequence[str]) -> DataFrame:
    """Rows of bronze with the values of `_extra` in the columns that they belong to.

    Args:
        changes: Rows of bronze, and `_row`.
        lineage: Columns that say where a row came from.

    Returns:
        The same columns and `_misfit array<string>`: a reason such as `"price is decimal(18,4)"` for every
        value that its column cannot hold as it is.
    """
    none = F.array().cast("array<string>")
    if EXTRA not in changes.columns:
        return changes.withColumn(MISFIT, none)
    data = [field for field in changes.schema if field.name not in (*lineage, EXTRA, "_row")]
    values = {each.name: fitted(_text(each.name), StringType(), each.dataType) for each in data}
    reasons = [
        F.when(
            F.col(each.name).isNull() & extra(each.name).isNotNull() & values[each.name].isNull(),
            F.lit(f"{each.name} is {each.dataType.simpleString()}"),
        )
        for each in data
    ]
    misfit = F.when(F.col(EXTRA).isNotNull(), F.array_compact(F.array(*reasons))).otherwise(none)
    found = {name: F.coalesce(F.col(name), value) for name, value in values.items()}
    return changes.select(
        *(found.get(name, F.col(name)).alias(name) for name in changes.columns), misfit.alias(MISFIT)
    )


def fitted(value: str, source: DataType, wanted: DataType) -> Column:
    """A value in another type; null where the type cannot hold it.

    A text is taken only as it stands: no digit of a number and no time of a day is cut off.

    Args:
        value: An SQL expression, such as a column's name in backticks.
        source: The type that it has.
        wanted: The type that it shall have.
    """
    name = wanted.simpleString()
    cast = f"try_cast({value} as {name})"
    if isinstance(source, StringType) and isinstance(wanted, DecimalType | IntegralType):
        return F.expr(f"if(try_cast({value} as {_EXACT}) = try_cast({cast} as {_EXACT}), {cast}, null)")
    if isinstance(source, StringType) and isinstance(wanted, DateType):
        return F.expr(f"if(length(trim({value})) <= {_DAY_LENGTH}, {cast}, null)")
    return F.expr(cast)


def _text(name: str) -> str:
    return f"get_json_object(`{EXTRA}`, '$.{name}')"
