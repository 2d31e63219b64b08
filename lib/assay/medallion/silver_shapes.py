"""silver's tables: what their columns are in terms of the bronze tables that they are made of."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from assay.medallion.lineage import EXTRA, ORIGIN
from assay.medallion.silver_extra import extra


def shape(name: str, source: DataFrame, schema: StructType) -> dict[str, Column]:
    """The columns of a silver table in terms of its bronze table.

    Args:
        name: The silver table.
        source: Rows of the bronze table.
        schema: Of the silver table.

    Returns:
        Column → expression, without `_change_seq` and `_run_id`, which every table has in the same way. A
        column that bronze does not have comes from what it keeps beside its rows.
    """
    derived = _DERIVED.get(name, dict)()
    own = [field.name for field in schema if not field.name.startswith("_") or field.name == ORIGIN]
    same = {column: F.col(column) for column in own if column in source.columns}
    beside = {
        column: extra(column) for column in own if column not in (*same, *derived) and EXTRA in source.columns
    }
    return {**same, **beside, **derived}


def keyed(name: str, rows: DataFrame, schema: StructType, keys: Sequence[str], *others: str) -> DataFrame:
    """The key of a silver table in its types, of rows of its bronze table.

    Args:
        name: The silver table.
        rows: Rows of the bronze table.
        schema: Of the silver table.
        keys: Columns that `shape` knows; a value that the key's type cannot hold is null.
        others: Columns of the rows to keep.
    """
    columns = shape(name, rows, schema)
    kinds = {field.name: field.dataType.simpleString() for field in schema}
    typed = [F.expr(f"try_cast(`{key}` as {kinds[key]})").alias(key) if key in kinds else key for key in keys]
    return rows.select(*(columns[key].alias(key) for key in keys), *others).select(*typed, *others)


def _exposure() -> dict[str, Column]:
    """One exposure by itself; `silver_exposures` puts those of a unit together."""
    return {
        "unit": F.col("customer_id").cast("string"),
        "exposures": F.lit(1),
        "arms": F.lit(1),
        "multi_arm": F.lit(False),
        "exposure_id": F.col("exposure_id"),
    }


def _blueprint() -> dict[str, Column]:
    """The parameters API stores a blueprint in an envelope of its name, number and version."""
    return {
        "number": F.regexp_extract("version", r"^v(\d+)$", 1),
        "document": F.get_json_object("document", "$.document"),
    }


_DERIVED = {"silver.exposures": _exposure, "silver.blueprints": _blueprint}
