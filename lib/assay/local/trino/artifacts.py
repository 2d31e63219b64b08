"""Trino itself: fetched once by Maven coordinates, checked against pinned hashes, kept in the user's cache.

Of the server only its core and the Iceberg connector are fetched: 0.5 GB, and 0.5 GB on disk. The fetching is
Ivy's, which comes with PySpark, so that nothing more need be installed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tarfile
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from assay.errors import StackError
from assay.local.jars import DOWNLOAD_SECONDS, cache_folder, spark_home
from assay.local.java import certificate_bundle, java_home, trust_store
from assay.local.trino import jdk

VERSION = "476"
_GROUP = "io.trino"
_KEPT = ("lib", "secrets-plugin")
_REMEDY = "connect to the network once, or copy assay/trino from the cache folder of a machine that has it"


@dataclass(frozen=True, slots=True)
class Artifact:
    """One archive of a Maven repository.

    Attributes:
        name: Its artifact id; the group is Trino's.
        kind: `tar.gz` or `zip`.
        sha256: Of its content, hexadecimal.
    """

    name: str
    kind: str
    sha256: str

    @property
    def file(self) -> str:
        """Its file name."""
        return f"{self.name}-{VERSION}.{self.kind}"


CORE = Artifact(
    "trino-server-core", "tar.gz", "0f388f9967c177ae70a47c099082fc95387f0c3cb96d8000d1d41fc3a5223158"
)
ICEBERG = Artifact("trino-iceberg", "zip", "99edba5b491ed94d599aeb61e0794272d3569d8b563f3bb8569e8a49daa87b6c")


@dataclass(frozen=True, slots=True)
class Installed:
    """A Trino that can be started.

    Attributes:
        folder: Of the server, with `lib/` and `plugin/`.
        java: The Java that runs it.
    """

    folder: Path
    java: Path


def ensure(cache: Path | None = None) -> Installed:
    """The server and its Java, fetched if they are not in the cache.

    Args:
        cache: The folder to keep them in; the user's cache by default.

    Raises:
        StackError: They are not cached and cannot be fetched, or what came is not what was pinned.
    """
    folder = (cache or cache_folder().with_name("trino")) / f"{VERSION}-{jdk.VERSION}"
    if not folder.exists():  # it appears as a whole, or not at all
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".fetching-") as scratch:
            _install(Path(scratch)).rename(folder)
    return Installed(folder / "server", jdk.java(folder / "jdk"))


def _install(scratch: Path) -> Path:
    made, archives = scratch / "made", scratch / "archives"
    made.mkdir()
    jdk.install(made / "jdk", remedy=_REMEDY)
    fetch((CORE, ICEBERG), archives)
    unpack(archives / CORE.file, archives / ICEBERG.file, made / "server")
    return made


def fetch(artifacts: Sequence[Artifact], folder: Path) -> None:
    """Fetch archives into a folder and check them.

    Args:
        artifacts: What to fetch.
        folder: Where they go, under their `file` names.

    Raises:
        StackError: One cannot be fetched, or has another hash.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        _resolve(artifacts, folder, Path(scratch))
    for each in artifacts:
        with (folder / each.file).open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
        if found != each.sha256:
            message = f"{each.file} has the hash {found}, not {each.sha256}: it is not used; {_REMEDY}"
            raise StackError(message)


def unpack(core: Path, iceberg: Path, server: Path) -> None:
    """Make a server of the two archives.

    Args:
        core: The archive of the core.
        iceberg: The archive of the connector.
        server: The folder to make.
    """
    with tarfile.open(core) as archive:
        archive.extractall(server.parent, filter="data")
    made = server.parent / f"{CORE.name}-{VERSION}"
    for each in made.iterdir():
        if each.name not in _KEPT:
            shutil.rmtree(each) if each.is_dir() else each.unlink()
    made.rename(server)
    with zipfile.ZipFile(iceberg) as plugin:
        plugin.extractall(server / "plugin")  # noqa: S202  # its hash was checked
    (server / "plugin" / f"{ICEBERG.name}-{VERSION}").rename(server / "plugin" / "iceberg")


def _resolve(artifacts: Sequence[Artifact], folder: Path, scratch: Path) -> None:
    """Let Ivy find the artifacts and put them into a folder."""
    module = scratch / "ivy.xml"
    module.write_text(_module(artifacts), encoding="utf-8")
    bundle = certificate_bundle()
    options = trust_store(bundle, scratch / "trust.p12") if bundle else ()
    java = [str(java_home() / "bin" / "java"), *options, "-cp", str(spark_home() / "jars" / "*")]
    pattern = str(folder / "[artifact]-[revision].[ext]")
    ivy = ["org.apache.ivy.Main", "-cache", str(scratch / "cache"), "-ivy", str(module), "-retrieve", pattern]
    try:
        run = subprocess.run(
            [*java, *ivy, "-warn"],
            env=os.environ | {"TZ": "UTC"},
            capture_output=True,
            text=True,
            timeout=DOWNLOAD_SECONDS,
            check=False,
        )
        reason = "" if run.returncode == 0 else _reason(run.stdout + run.stderr)
    except subprocess.TimeoutExpired:
        reason = f"no answer within {DOWNLOAD_SECONDS} s"
    if reason or not all((folder / each.file).is_file() for each in artifacts):
        message = f"Trino {VERSION} cannot be fetched ({reason or 'an archive is missing'}): {_REMEDY}"
        raise StackError(message)


def _module(artifacts: Sequence[Artifact]) -> str:
    """An Ivy module that depends on archives alone, without what their descriptions ask for."""
    wanted = "".join(
        f'<dependency org="{_GROUP}" name="{each.name}" rev="{VERSION}" transitive="false">'
        f'<artifact name="{each.name}" type="{each.kind}" ext="{each.kind}"/></dependency>'
        for each in artifacts
    )
    about = '<info organisation="assay" module="trino"/>'
    return f'<ivy-module version="2.0">{about}<dependencies>{wanted}</dependencies></ivy-module>'


def _reason(output: str) -> str:
    """The telling line of Ivy's long output."""
    lines = [line.strip(" \t:") for line in output.splitlines() if line.strip(" \t:")]
    telling = [
        line for line in lines if "HttpClientHandler" in line or "not found" in line or "Error" in line
    ]
    return (telling or lines or ["no output"])[0]
