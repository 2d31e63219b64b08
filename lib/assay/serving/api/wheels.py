"""Wheels for AWS's machines: for the Python that Lambda runs the API on, and for Glue's.

Glue 5.1 runs Python 3.11. Lambda's Python 3.11 stands on Amazon Linux 2 with glibc 2.26, and the pinned NumPy
and SciPy need 2.27 at least; Lambda's Python 3.13 stands on Amazon Linux 2023 with glibc 2.34. Versions are
those that are installed here, so that requirements.lock decides for Lambda as well.

References:
    AWS Lambda developer guide, "Lambda runtimes": identifiers and operating systems.
    PEP 600: `manylinux_x_y` is a wheel for glibc x.y and later.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path

from assay.errors import TransientError

PYTHON = "3.13"
PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_27_x86_64", "manylinux_2_17_x86_64")
GLIBC = (2, 34)
"""Of Amazon Linux 2023; no module may need a later one."""


def cache_folder(environment: Mapping[str, str] | None = None, *, python: str = PYTHON) -> Path:
    """Where wheels are kept between builds: `$XDG_CACHE_HOME/assay/wheels`, else under `~/.cache`.

    Args:
        environment: Where XDG_CACHE_HOME is looked up; the process's own by default.
        python: For which Python they are.
    """
    named = (os.environ if environment is None else environment).get("XDG_CACHE_HOME")
    return (Path(named) if named else Path.home() / ".cache") / "assay" / "wheels" / python


def fetch(
    names: Sequence[str],
    cache: Path | None = None,
    *,
    python: str = PYTHON,
    versions: Mapping[str, str] | None = None,
) -> list[Path]:
    """The wheels of some distributions.

    Args:
        names: Normalised names of the distributions; what they depend on does not come along.
        cache: The folder to keep them in; the user's cache by default. What is there is not asked for again.
        python: The Python that will import them.
        versions: Distribution → version; those that are installed here by default.

    Returns:
        One file per name, in the order of the names.

    Raises:
        TransientError: A wheel is not in the cache and cannot be fetched.
    """
    folder = cache or cache_folder(python=python)
    folder.mkdir(parents=True, exist_ok=True)
    wanted = {name: versions[name] if versions else metadata.version(name) for name in names}
    missing = [f"{name}=={version}" for name, version in wanted.items() if not _cached(folder, name, version)]
    if missing:
        _download(missing, folder, python)
    found = [_cached(folder, name, version) for name, version in wanted.items()]
    return [wheel for wheel in found if wheel is not None]


def is_binary(name: str) -> bool:
    """Whether an installed distribution has modules for one Python and one platform only."""
    return "Root-Is-Purelib: false" in (metadata.distribution(name).read_text("WHEEL") or "")


def _cached(folder: Path, name: str, version: str) -> Path | None:
    pattern = f"{name.replace('-', '_')}-{version}-*.whl"
    return next(iter(sorted(folder.glob(pattern))), None)


def _download(pins: Sequence[str], folder: Path, python: str) -> None:
    """Fetch beside the cache first: who builds at the same time sees whole files only."""
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        command = [
            sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:",
            f"--python-version={python}", *(f"--platform={each}" for each in PLATFORMS), f"--dest={scratch}",
        ]  # fmt: skip
        done = subprocess.run([*command, *pins], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            said = (done.stderr.strip().splitlines() or ["pip said nothing"])[-1]
            raise TransientError(
                f"cannot fetch {', '.join(pins)} for Python {python}: {said}; is the package index reachable?"
            )
        for wheel in Path(scratch).iterdir():
            wheel.replace(folder / wheel.name)
