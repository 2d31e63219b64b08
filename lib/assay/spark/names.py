"""Names of the JVM that PySpark uses again and again, looked up once.

py4j asks the JVM for a name each time that it is used. For a package, and for a class that is found by an
import, the JVM first looks in vain into every jar: runs of few rows spent two fifths of their time on that.
What stands as an attribute of py4j's view of the JVM is not asked for.
"""

from __future__ import annotations

from typing import Any

from pyspark.sql import SparkSession

NAMES = (
    "functions",
    "PythonUtils",
    "SparkSession",
    "py4j.reflection.TypeUtil",
    "java.lang.Object",
    "java.lang.invoke.MethodHandleProxies",
    "java.lang.invoke.MethodHandles",
    "java.lang.invoke.MethodType",
    "org.apache.iceberg.spark.CommitMetadata",
    "org.apache.iceberg.spark.Spark3Util",
    "org.apache.spark.sql.SparkSession",
    "org.apache.spark.sql.api.python.PythonSQLUtils",
    "org.apache.spark.sql.expressions.Window",
    "org.apache.spark.sql.types.DataType",
    "org.apache.spark.sql.types.StructType",
    "org.apache.spark.storage.StorageLevel",
    "org.apache.spark.util.Utils",
)


def keep(spark: SparkSession) -> None:
    """Keep the names for as long as the process lives; doing so again changes nothing.

    Args:
        spark: Any session of the process.
    """
    for name in NAMES:
        holder: Any = spark._jvm  # noqa: SLF001 the JVM's edge
        for part in name.split("."):
            found = getattr(holder, part)
            setattr(holder, part, found)
            holder = found
