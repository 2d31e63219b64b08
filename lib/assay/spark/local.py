"""Frames of a few rows that the driver holds: bounds of looks, results, files that arrived.

From a list of tuples `createDataFrame` pickles them into an RDD: each reading of it is a job of its own with
Python workers, 0.3 s of processor time for two rows. A pandas frame goes by Arrow and ends in a local
relation, which the optimiser folds and a broadcast takes without a job. Here rows go that way without pandas,
and where there are none too.
"""

from __future__ import annotations

import typing
from collections.abc import Iterable, Sequence
from contextlib import ExitStack

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import StructType, _parse_datatype_string

FEW = 10_000
"""Rows that the driver may hold of a frame whose size grows with the data."""


def frame(spark: SparkSession, rows: Iterable[Sequence[object]], schema: StructType | str) -> DataFrame:
    """Rows as a frame; for few of them, since the plan holds them.

    Args:
        spark: The session.
        rows: Their values, in the order of the schema. Times without a zone are in UTC.
        schema: Names and types, also as Spark's text, for example `"experiment string, as_of date"`.

    Raises:
        ValueError: A row has more or fewer values than others, or than the schema has columns.
        pyarrow.ArrowException: A value does not fit its column's type.
    """
    fields = typing.cast(StructType, _parse_datatype_string(schema)) if isinstance(schema, str) else schema
    return _local(spark, [_batch(list(rows), fields)], fields)


def few(rows: DataFrame, *, most: int = FEW) -> DataFrame | None:
    """The same rows as a local frame, where they are few.

    A local frame is read again at no cost, and Spark knows how small it is. A frame that Spark keeps in
    memory carries the plan that made it: a plan of plans of plans, which each later query writes out anew.

    Args:
        rows: Read once.
        most: How many are few.

    Returns:
        None where there are more.
    """
    batches = rows.limit(most + 1)._collect_as_arrow()  # noqa: SLF001 as `toPandas` does
    if sum(batch.num_rows for batch in batches) > most:
        return None
    return _local(rows.sparkSession, [batch.serialize().to_pybytes() for batch in batches], rows.schema)


def kept(until: ExitStack, rows: DataFrame, *, many: bool = False) -> DataFrame:
    """A frame that is read again and again without making its rows again.

    Args:
        until: Its end sets memory free.
        rows: Read once.
        many: Whether the rows are known to be many; if not it is tried to bring them to the driver.
    """
    local = None if many else few(rows)
    if local is not None:
        return local
    until.callback(rows.persist().unpersist)
    return rows


def _local(spark: SparkSession, batches: list[bytes], fields: StructType) -> DataFrame:
    jvm: typing.Any = spark._jvm  # noqa: SLF001 the JVM's edge
    messages = jvm.PythonUtils.toSeq(batches).iterator()
    python = jvm.org.apache.spark.sql.api.python.PythonSQLUtils
    return DataFrame(python.toDataFrame(messages, fields.json(), spark._jsparkSession), spark)  # noqa: SLF001


def _batch(rows: list[Sequence[object]], fields: StructType) -> bytes:
    """Rows as a message of Arrow."""
    import pyarrow as pa
    from pyspark.sql.pandas.types import to_arrow_schema

    schema = to_arrow_schema(fields)
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(schema)
    arrays = [pa.array(values, field.type) for values, field in zip(columns, schema, strict=True)]
    found: bytes = pa.record_batch(arrays, schema=schema).serialize().to_pybytes()
    return found
