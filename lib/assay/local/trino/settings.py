"""How the server is set up: little memory, this machine only, and the stack's catalog to read.

The catalog is called `awsdatacatalog`, as Athena calls its own, so that Athena's texts run unchanged.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from assay.local import names

CATALOG = "awsdatacatalog"
HEAP = "1G"
_JVM = (
    f"-Xmx{HEAP}", "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError", "-Dfile.encoding=UTF-8",
    "-Duser.timezone=UTC", "-Djdk.attach.allowAttachSelf=true", "--enable-native-access=ALL-UNNAMED",
    "--sun-misc-unsafe-memory-access=allow",
)  # fmt: skip


def server(port: int) -> dict[str, str]:
    """The settings of a server that is alone.

    Args:
        port: The port of 127.0.0.1 to serve on.
    """
    return {
        "coordinator": "true",
        "node-scheduler.include-coordinator": "true",
        "http-server.http.port": str(port),
        "discovery.uri": f"http://127.0.0.1:{port}",
        "query.max-memory": "512MB",
        "query.max-memory-per-node": "512MB",
        "memory.heap-headroom-per-node": "256MB",
    }


def catalog(endpoint: str) -> dict[str, str]:
    """The settings of the Iceberg connector, which may only read.

    Args:
        endpoint: URL of the emulator.
    """
    key, secret = names.CREDENTIALS.values()
    return {
        "connector.name": "iceberg",
        "iceberg.catalog.type": "glue",
        "iceberg.security": "read_only",
        "hive.metastore.glue.region": names.REGION,
        "hive.metastore.glue.endpoint-url": endpoint,
        "hive.metastore.glue.aws-access-key": key,
        "hive.metastore.glue.aws-secret-key": secret,
        "fs.native-s3.enabled": "true",
        "s3.region": names.REGION,
        "s3.endpoint": endpoint,
        "s3.path-style-access": "true",
        "s3.aws-access-key": key,
        "s3.aws-secret-key": secret,
    }


def text(settings: Mapping[str, str]) -> str:
    """Settings as a Java properties file."""
    return "".join(f"{name}={value}\n" for name, value in settings.items())


def command(java: Path, server_folder: Path, folder: Path) -> list[str]:
    """What starts the server.

    Args:
        java: The Java to run it.
        server_folder: The unpacked server.
        folder: With `config.properties` and `catalog/`; its data go there as well.
    """
    own = {
        "config": folder / "config.properties",
        "catalog.config-dir": folder / "catalog",
        "plugin.dir": server_folder / "plugin",
        "node.environment": "assay",
        "node.id": "assay",
        "node.data-dir": folder / "data",
        "node.bind-ip": "127.0.0.1",
        "node.internal-address": "127.0.0.1",
    }
    defined = [f"-D{name}={value}" for name, value in own.items()]
    return [
        str(java),
        *_JVM,
        *defined,
        "-cp",
        str(server_folder / "lib" / "*"),
        "io.trino.server.TrinoServer",
    ]
