"""Spark's settings on one machine, in a file: job scripts then call `getOrCreate()` as they do on Glue.

On Glue the same settings come from the job's `--conf` argument; here from `spark-defaults.conf` in the
folder that SPARK_CONF_DIR names. Job scripts know of neither.
"""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path

from assay.local.class_archive import ClassArchive
from assay.local.state import write_text

CATALOG = "glue_catalog"
DRIVER_MEMORY = "2g"
JAVA_OPTIONS = (
    "-XX:+UseParallelGC -XX:Tier4InvocationThreshold=100000 -XX:Tier4MinInvocationThreshold=12000 "
    "-XX:Tier4CompileThreshold=300000 -XX:Tier4BackEdgeThreshold=400000"
)
"""Of a JVM on one machine. A week is much code that runs some thousand times: with Java's own thresholds, a
twentieth or a tenth of these, the second compiler takes three tenths of the processor's time. Loops over rows
reach them at once."""
_LOG4J = """\
# Warnings of Assay's own interest only: a local run should print its progress, not Spark's.
rootLogger.level = error
rootLogger.appenderRef.stderr.ref = stderr
appender.stderr.type = Console
appender.stderr.name = stderr
appender.stderr.target = SYSTEM_ERR
appender.stderr.layout.type = PatternLayout
appender.stderr.layout.pattern = %d{HH:mm:ss} %p %c{1}: %m%n
# Equal to the root level, Spark does not announce that it changes it.
logger.gateway.name = org.apache.spark.api.python.PythonGatewayServer
logger.gateway.level = error
logger.shutdown.name = org.apache.spark.util.ShutdownHookManager
logger.shutdown.level = off
"""

# The folder of settings, where log4j would look, is not on the class path that a driver is given.
_LOG4J_PLACE = (
    r'place="-Dlog4j2.configurationFile=\"$SPARK_CONF_DIR/log4j2.properties\""'
    '\nSPARK_SUBMIT_OPTS="$SPARK_SUBMIT_OPTS $place"; unset place'
)


def settings(*, endpoint: str, warehouse: str, region: str, scratch: Path) -> dict[str, str]:
    """Spark's settings for the local stack.

    Args:
        endpoint: URL of the emulator.
        warehouse: URI of the lake's warehouse, `s3://...`.
        region: The AWS region.
        scratch: A folder for what Spark writes beside the lake.

    Returns:
        Setting name to value.
    """
    return {
        **_machine(scratch),
        **_catalog(endpoint, warehouse, region),
        **_objects(endpoint, region),
    }


def write(folder: Path, values: Mapping[str, str], jars: Iterable[Path]) -> None:
    """Write `spark-defaults.conf`, `spark-env.sh` and `log4j2.properties` into SPARK_CONF_DIR.

    The jars come last on the class path. With `spark.jars`, local mode would copy 400 MB at every start;
    with `spark.driver.extraClassPath` they would come first, and Iceberg's bundle has a log4j inside.
    A driver is given the class path once more, with its classes in an archive (`class_archive`).

    Args:
        folder: The folder; it is made if needed.
        values: Setting name to value.
        jars: Of Iceberg and the S3 connector.
    """
    lines = [f"{name} {value}" for name, value in sorted(values.items())]
    write_text(folder / "spark-defaults.conf", "\n".join(lines) + "\n")
    libraries = tuple(jars)
    classpath = shlex.quote(":".join(str(jar) for jar in libraries))
    archive = ClassArchive.of(libraries)
    with contextlib.suppress(OSError):  # a cache that is somebody else's: Spark starts without the archive
        archive.folder.mkdir(parents=True, exist_ok=True)
    lines = [f"export SPARK_DIST_CLASSPATH={classpath}", archive.shell(), _LOG4J_PLACE]
    write_text(folder / "spark-env.sh", "\n".join(lines) + "\n")
    write_text(folder / "log4j2.properties", _LOG4J)


def _machine(scratch: Path) -> dict[str, str]:
    java_options = (
        f"-Duser.timezone=UTC -Dderby.system.home={scratch} -Djava.net.preferIPv4Stack=true "
        f"-Xss4m {JAVA_OPTIONS}"
    )
    return {
        "spark.master": "local[2]",
        "spark.driver.extraJavaOptions": java_options,
        "spark.driver.memory": DRIVER_MEMORY,
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.local.dir": str(scratch / "local"),
        "spark.sql.warehouse.dir": str(scratch / "warehouse"),
        "spark.sql.catalogImplementation": "in-memory",  # no Derby metastore: Glue is the catalog
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "4",
        "spark.default.parallelism": "2",
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        "spark.sql.adaptive.enabled": "true",
        # A week is many small queries: compiling each as a whole costs more than it saves. What is compiled
        # all the same, some 1,400 classes, must outlast the week, or every week compiles them again.
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.codegen.cache.maxEntries": "10000",
        "spark.sql.sources.partitionOverwriteMode": "dynamic",
    }


def _catalog(endpoint: str, warehouse: str, region: str) -> dict[str, str]:
    prefix = f"spark.sql.catalog.{CATALOG}"
    return {
        "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
        prefix: "org.apache.iceberg.spark.SparkCatalog",
        f"{prefix}.catalog-impl": "org.apache.iceberg.aws.glue.GlueCatalog",
        f"{prefix}.io-impl": "org.apache.iceberg.aws.s3.S3FileIO",
        f"{prefix}.warehouse": warehouse,
        f"{prefix}.client.region": region,
        f"{prefix}.glue.endpoint": endpoint,
        f"{prefix}.s3.endpoint": endpoint,
        f"{prefix}.s3.path-style-access": "true",
    }


def _objects(endpoint: str, region: str) -> dict[str, str]:
    """S3A for plain files under `s3://`, as on Glue 5.1."""
    prefix = "spark.hadoop.fs.s3"
    return {
        f"{prefix}.impl": "org.apache.hadoop.fs.s3a.S3AFileSystem",
        f"{prefix}a.endpoint": endpoint,
        f"{prefix}a.endpoint.region": region,  # unset, S3A asks us-east-2
        f"{prefix}a.path.style.access": "true",
        f"{prefix}a.connection.ssl.enabled": "false",
        f"{prefix}a.aws.credentials.provider": "com.amazonaws.auth.EnvironmentVariableCredentialsProvider",
        f"{prefix}a.change.detection.mode": "none",  # the emulator keeps no versions
        f"{prefix}a.fast.upload.buffer": "bytebuffer",
        # By default S3A asks 20 times, eight times over, for 200 s each: hours where nobody answers.
        f"{prefix}a.attempts.maximum": "3",
        f"{prefix}a.retry.limit": "3",
        f"{prefix}a.connection.establish.timeout": "5000",
        f"{prefix}a.connection.timeout": "30000",
    }
