"""What bronze keeps beside a row: values of columns that it does not know, or that did not fit their type.

Bronze holds them as a JSON object in `_extra`, null where there is nothing extra. A value that fits its
column after all (the contract has learnt of the column since) takes its place; one that does not is a reason
to set the row aside.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import DataType, StringType

from assay.medallion.fitting import NO_TEXT, fitted
from assay.medallion.lineage import EXTRA

MISFIT = "_misfit"


def extra(name: str) -> Column:
    """The value of a column in `_extra`, as text; null where it is not there."""
    return F.expr(_text(name))


def recovered(changes: DataFrame, lineage: Sequence[str], *, unknown: bool) -> DataFrame:
    """Rows of bronze with the values of `_extra` in the columns that they belong to.

    Args:
        changes: Rows of bronze, and `_row`.
        lineage: Columns that say where a row came from.
        unknown: Whether a column that bronze does not know is a reason to set the row aside.

    Returns:
        The same columns and `_misfit array<string>`: a reason such as `"price is decimal(18,4)"` for every
        value that its column cannot hold as it is, and `"column x is not in the contract"`.
    """
    none = F.array().cast("array<string>")
    if EXTRA not in changes.columns:
        return changes.withColumn(MISFIT, none)
    data = [field for field in changes.schema if field.name not in (*lineage, EXTRA, "_row")]
    values = {each.name: _taken(each.name, each.dataType) for each in data}
    reasons = [
        F.when(
            F.col(each.name).isNull() & extra(each.name).isNotNull() & values[each.name].isNull(),
            F.lit(f"{each.name} is {each.dataType.simpleString()}"),
        )
        for each in data
    ]
    broken = F.array_compact(F.array(*reasons))
    if unknown:
        strangers = F.array_except(F.json_object_keys(EXTRA), F.array(*(F.lit(each.name) for each in data)))
        told = F.transform(strangers, lambda name: F.format_string("column %s is not in the contract", name))
        broken = F.concat(broken, told)
    misfit = F.when(F.col(EXTRA).isNotNull(), broken).otherwise(none)
    found = {name: F.coalesce(F.col(name), value) for name, value in values.items()}
    return changes.select(
        *(found.get(name, F.col(name)).alias(name) for name in changes.columns), misfit.alias(MISFIT)
    )


def _taken(name: str, wanted: DataType) -> Column:
    """The value of a column in `_extra` in the column's type; null where it does not fit."""
    value, _ = fitted(_text(name), StringType(), wanted)
    return F.when(~F.startswith(extra(name), F.lit(NO_TEXT)), value)


def _text(name: str) -> str:
    return f"get_json_object(`{EXTRA}`, '$.{name}')"
