"""The Spark session of a job.

Settings come from outside: Glue's `--conf` argument, or `spark-defaults.conf` on one machine. In Glue 5 a
catalog that is configured in code comes too late, so that the code only checks that it is there.
"""

from __future__ import annotations

from pyspark.sql import SparkSession

from assay.errors import InputError
from assay.spark import names

CATALOG = "glue_catalog"
_ZONE = "spark.sql.session.timeZone"


def session(app: str) -> SparkSession:
    """The running session, or a new one.

    Args:
        app: Name of the application, as Spark's history shows it.

    Raises:
        InputError: The Iceberg catalog is not configured, or the session's time zone is not UTC.
    """
    spark = SparkSession.builder.appName(app).getOrCreate()
    setting = f"spark.sql.catalog.{CATALOG}"
    if spark.conf.get(setting, None) is None:
        raise InputError(
            f"Spark has no setting {setting}; on Glue give it in the job's --conf, on one machine run the "
            "job with `assay run` or point SPARK_CONF_DIR at the local stack's settings"
        )
    zone = spark.conf.get(_ZONE)
    if zone != "UTC":
        # A day would end at another hour and timestamps of change capture would be misread.
        raise InputError(f"{_ZONE} is {zone}; it must be UTC, set it where the catalog is set")
    names.keep(spark)
    return spark
