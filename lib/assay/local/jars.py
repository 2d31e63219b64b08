"""The Java libraries that Spark needs for Iceberg and S3: fetched once by Maven coordinates, then reused.

Spark's own resolver (Ivy) does the fetching, so mirrors that a user configured for it apply. What it
found is moved in one step into the user's cache with a manifest of names, sizes and checksums; from
then on no network is asked, not even for an update.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path

from assay.errors import StackError
from assay.local.java import certificate_bundle, java_home, trust_store

_OF_SPARK = {
    "3.5": (  # as Glue 5.1
        "org.apache.iceberg:iceberg-spark-runtime-3.5_2.12:1.10.0",
        "org.apache.iceberg:iceberg-aws-bundle:1.10.0",
        "org.apache.hadoop:hadoop-aws:3.3.4",  # the Hadoop that PySpark 3.5.6 ships
    ),
    "4.1": (  # as Glue 6.0
        "org.apache.iceberg:iceberg-spark-runtime-4.1_2.13:1.11.0",
        "org.apache.iceberg:iceberg-aws-bundle:1.11.0",
        "org.apache.hadoop:hadoop-aws:3.4.2",  # the Hadoop that PySpark 4.1.1 ships
    ),
}
DOWNLOAD_SECONDS = 900
_MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class Jar:
    """One file of the manifest.

    Attributes:
        name: Its file name.
        size: In bytes.
        sha256: Checksum of its content, in hexadecimal.
    """

    name: str
    size: int
    sha256: str


def cache_folder(environment: Mapping[str, str] | None = None) -> Path:
    """Where jars are kept between stacks: `$XDG_CACHE_HOME/assay/jars`, else under `~/.cache`.

    Args:
        environment: Where XDG_CACHE_HOME is looked up; the process's own by default.
    """
    variables = os.environ if environment is None else environment
    named = variables.get("XDG_CACHE_HOME")
    return (Path(named) if named else Path.home() / ".cache") / "assay" / "jars"


def of_installed() -> tuple[str, ...]:
    """The coordinates of what the installed PySpark needs: this is where Glue's versions are told apart.

    Raises:
        StackError: PySpark is not installed, or is of a version that Assay does not run on.
    """
    core = next((spark_home() / "jars").glob("spark-core_*.jar"), Path("spark-core-none"))
    version = core.stem.rpartition("-")[2]
    found = _OF_SPARK.get(version.rpartition(".")[0])
    if found is None:
        message = f"PySpark is {version}; Assay runs on {' and '.join(_OF_SPARK)}: install one of those"
        raise StackError(message)
    return found


def ensure(coordinates: tuple[str, ...] | None = None, cache: Path | None = None) -> tuple[Path, ...]:
    """The paths of the jars, fetched if they are not in the cache.

    Args:
        coordinates: Of the libraries, as group:artifact:version; what they depend on comes along. By default
            those of the installed PySpark.
        cache: The folder to keep them in; the user's cache by default.

    Returns:
        The paths, sorted by name.

    Raises:
        StackError: They are not cached and cannot be fetched.
    """
    wanted = of_installed() if coordinates is None else coordinates
    folder = _folder(wanted, cache)
    if not is_whole(folder):
        _fetch(wanted, folder)
    return tuple(folder / jar.name for jar in manifest(folder))


def are_cached(coordinates: tuple[str, ...] | None = None, cache: Path | None = None) -> bool:
    """Whether `ensure` would need no network.

    Args:
        coordinates: As for `ensure`.
        cache: As for `ensure`.
    """
    return is_whole(_folder(of_installed() if coordinates is None else coordinates, cache))


def _folder(coordinates: tuple[str, ...], cache: Path | None) -> Path:
    return (cache or cache_folder()) / hashlib.sha256("\n".join(coordinates).encode()).hexdigest()[:12]


def manifest(folder: Path) -> list[Jar]:
    """What a cache folder should hold; empty if it has no readable manifest."""
    try:
        entries = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))["jars"]
        return [Jar(**entry) for entry in entries]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def is_whole(folder: Path) -> bool:
    """Whether every jar of the manifest is there with its size (checksums are for `verify`: 400 MB)."""
    jars = manifest(folder)
    return bool(jars) and all(_size(folder / jar.name) == jar.size for jar in jars)


def verify(folder: Path) -> list[str]:
    """The names of jars whose content is not what was fetched."""
    return [jar.name for jar in manifest(folder) if _describe(folder / jar.name) != jar]


def spark_home() -> Path:
    """The folder of the installed PySpark, found without the time that importing it takes.

    Raises:
        StackError: PySpark is not installed.
    """
    found = find_spec("pyspark")
    if found is None or found.origin is None:
        message = "the package pyspark is not installed: install assay with its extra `local`"
        raise StackError(message)
    return Path(found.origin).parent


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else -1


def _describe(path: Path) -> Jar:
    if not path.exists():
        return Jar(path.name, -1, "")
    with path.open("rb") as file:
        return Jar(path.name, path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())


def _fetch(coordinates: tuple[str, ...], folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".fetching-") as scratch:
        ivy = Path(scratch)
        _resolve(coordinates, ivy)
        found = ivy / "jars"
        jars = [asdict(_describe(path)) for path in sorted(found.glob("*.jar"))]
        document = {"coordinates": list(coordinates), "jars": jars}
        (found / _MANIFEST).write_text(json.dumps(document, indent=1), encoding="utf-8")
        if folder.exists():  # a damaged one: out of the way first, a rename cannot replace a full folder
            folder.rename(ivy / "damaged")
        found.rename(folder)


def _resolve(coordinates: tuple[str, ...], ivy: Path) -> None:
    """Let `spark-submit` resolve the coordinates into `ivy/jars` while it runs an empty script."""
    script = ivy / "nothing.py"
    script.write_text("", encoding="utf-8")
    bundle = certificate_bundle()
    options = trust_store(bundle, ivy / "trust.p12") if bundle else ()
    spark = spark_home()
    submit = [str(spark / "bin" / "spark-submit"), "--master", "local[1]"]
    packages = ["--conf", f"spark.jars.ivy={ivy}", "--packages", ",".join(coordinates)]
    environment = os.environ | {
        "JAVA_HOME": str(java_home()),
        "SPARK_HOME": str(spark),
        "SPARK_SUBMIT_OPTS": " ".join(options),
        "SPARK_CONF_DIR": str(ivy),  # nobody's settings but these
        "SPARK_LOCAL_IP": "127.0.0.1",
    }
    try:
        run = subprocess.run(
            [*submit, *packages, str(script)],
            env=environment,
            capture_output=True,
            text=True,
            timeout=DOWNLOAD_SECONDS,
            check=False,
        )
        reason = "" if run.returncode == 0 else _reason(run.stderr)
    except subprocess.TimeoutExpired:
        reason = f"no answer within {DOWNLOAD_SECONDS} s"
    if reason:
        message = (
            f"the Java libraries {', '.join(coordinates)} cannot be fetched ({reason}): connect to the "
            "network once, or copy assay/jars from the cache folder of a machine that has them"
        )
        raise StackError(message)


def _reason(output: str) -> str:
    """The telling line of a resolver's long output."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    telling = [line for line in lines if "unresolved dependency" in line or "Exception" in line]
    return (telling or lines or ["no output"])[0].lstrip(": ")
