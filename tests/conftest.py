"""Fixtures for all tests: one Spark session with Iceberg, fresh catalogs in it."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
import uuid
import zipfile
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from assay.local import jars, spark_conf
from assay.local.java import java_home

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

os.environ["TZ"] = "UTC"
time.tzset()
# Every JVM of the tests, those of jobs too, runs many plans a few times: the second compiler would take a
# third of the time of the cores. With the first alone a JVM keeps 48 MB of code by default, then compiles no
# more. Checking the byte code of released jars takes a sixth of a start.
os.environ.setdefault(
    "JDK_JAVA_OPTIONS",
    "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m "
    "-XX:+UnlockDiagnosticVMOptions -XX:-BytecodeVerificationRemote",
)

EXTENSIONS = "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions"


def catalog_settings(name: str, warehouse: Path) -> dict[str, str]:
    """An Iceberg catalog in a folder."""
    prefix = f"spark.sql.catalog.{name}"
    return {
        prefix: "org.apache.iceberg.spark.SparkCatalog",
        f"{prefix}.type": "hadoop",
        f"{prefix}.warehouse": str(warehouse),
    }


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """A real session on two cores with the Iceberg that Glue has; `glue_catalog` is in a temporary folder."""
    from pyspark.sql import SparkSession

    from assay.spark import names

    scratch = tmp_path_factory.mktemp("spark")
    (scratch / "glue_catalog").mkdir()  # else its namespaces cannot be listed
    os.environ["JAVA_HOME"] = str(java_home())
    os.environ["PYSPARK_PYTHON"] = sys.executable  # workers would take the system's Python
    settings = {
        "spark.master": "local[2]",
        "spark.driver.extraJavaOptions": (
            f"-Duser.timezone=UTC -Dderby.system.home={scratch} {spark_conf.JAVA_OPTIONS}"
        ),
        "spark.driver.memory": "2g",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.local.dir": str(scratch / "local"),
        "spark.sql.catalogImplementation": "in-memory",
        "spark.sql.warehouse.dir": str(scratch / "hive"),
        "spark.sql.extensions": EXTENSIONS,
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.codegen.wholeStage": "false",  # as on the local stack: many small queries
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        # As on the local stack; 100 by default: plans of many tables would be compiled anew.
        "spark.sql.codegen.cache.maxEntries": "10000",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        **catalog_settings("glue_catalog", scratch / "glue_catalog"),
    }
    spark_conf.write(scratch / "conf", settings, jars.ensure())
    with (
        pytest.MonkeyPatch.context() as patch
    ):  # only for this JVM, which finds its classes packed as any other
        patch.setenv("SPARK_CONF_DIR", str(scratch / "conf"))
        session = SparkSession.builder.appName("tests").getOrCreate()
    names.keep(session)
    yield session
    session.stop()


@pytest.fixture(scope="session")
def new_catalog(spark: SparkSession) -> Callable[[Path], str]:
    """Makes an empty Iceberg catalog in a folder and returns its name."""

    def make(folder: Path) -> str:
        name = f"test_{uuid.uuid4().hex[:12]}"
        for key, value in catalog_settings(name, folder).items():
            spark.conf.set(key, value)
        return name

    return make


@pytest.fixture
def catalog(new_catalog: Callable[[Path], str], tmp_path: Path) -> str:
    """The name of an empty Iceberg catalog of the test's own."""
    return new_catalog(tmp_path / "warehouse")


@pytest.fixture
def glue_catalog(spark: SparkSession) -> str:
    """`glue_catalog`, emptied: for what cannot be pointed at another catalog, such as a job."""
    for (database,) in spark.sql("SHOW NAMESPACES IN glue_catalog").collect():
        for row in spark.sql(f"SHOW TABLES IN glue_catalog.{database}").collect():
            spark.sql(f"DROP TABLE glue_catalog.{database}.{row['tableName']} PURGE")
    return "glue_catalog"


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a bare emulator of AWS: S3, DynamoDB and their like, empty."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("emulator")
    environment = os.environ | {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_REGION": "eu-west-1",
        "STATE_DIR": str(folder / "state"),
        "S3_DATA_DIR": str(folder / "s3"),
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "LOG_LEVEL": "WARNING",
    }
    process = subprocess.Popen([sys.executable, "-m", "ministack"], env=environment, cwd=folder)
    try:
        _wait_for(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=30)


@pytest.fixture
def package_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in place of the package index: tiny wheels of all that a release carries, and no network."""
    from assay.deploy.release import pins
    from assay.serving.api import package

    root = Path(__file__).parents[1]
    lock = pins.read(root / "requirements.lock")
    folder = tmp_path / "index"
    folder.mkdir()
    for name in {*pins.for_glue(root), *pins.for_sources(root), *package.LAYER, "pydantic-core", "pyyaml"}:
        _tiny_wheel(folder, name, lock.versions[name])
    for name in package.LAYER:  # which has what is installed here
        _tiny_wheel(folder, name, metadata.version(name))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return folder


def _tiny_wheel(folder: Path, name: str, version: str) -> None:
    module = name.replace("-", "_")
    info = f"{module}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{module}-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{module}/__init__.py", f"__version__ = {version!r}\n")
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")


def _wait_for(port: int, process: subprocess.Popen[bytes], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    pytest.fail(f"the emulator does not listen on port {port}")


@pytest.fixture
def aws(emulator: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The environment of a job: everything that asks AWS asks the emulator; its URL."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", emulator)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    return emulator
