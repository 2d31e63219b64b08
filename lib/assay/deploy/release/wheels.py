"""Wheels for AWS's machines, Linux on x86-64, fetched once by pip into a cache."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from assay.errors import TransientError

# Amazon Linux 2023 (glibc 2.34) is below Glue 5.1 and below Lambda from Python 3.12 on; NumPy's and SciPy's
# wheels need 2.27.
_PLATFORMS = (
    "manylinux2014_x86_64",
    "manylinux_2_17_x86_64",
    "manylinux_2_27_x86_64",
    "manylinux_2_28_x86_64",
)
_SECONDS = 600


def fetch(pins: Sequence[str], cache: Path, *, python: str) -> tuple[Path, ...]:
    """The wheels of pinned packages.

    Args:
        pins: `name==version` each; nothing but these is fetched.
        cache: A folder; what it has is not fetched again.
        python: The Python that will import them, for example `"3.11"`.

    Returns:
        The wheels, in the order of the pins.

    Raises:
        TransientError: pip could not get one of them.
    """
    folder = cache / f"py{python}"
    folder.mkdir(parents=True, exist_ok=True)
    missing = [pin for pin in pins if _cached(folder, pin) is None]
    if missing:
        _download(missing, folder, python)
    found = [(pin, _cached(folder, pin)) for pin in pins]
    lacking = [pin for pin, path in found if path is None]
    if lacking:
        raise TransientError(
            f"pip fetched no wheel of {', '.join(lacking)}; is there one for Linux on x86-64?"
        )
    return tuple(path for _, path in found if path is not None)


def _cached(folder: Path, pin: str) -> Path | None:
    name, version = pin.split("==")
    begins = f"{name.replace('-', '_')}-{version}-"
    return next((path for path in sorted(folder.glob("*.whl")) if path.name.lower().startswith(begins)), None)


def _download(pins: Sequence[str], folder: Path, python: str) -> None:
    platforms = [part for platform in _PLATFORMS for part in ("--platform", platform)]
    command = [
        sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
        "--only-binary=:all:", "--implementation", "cp", "--python-version", python, *platforms,
        "--dest", str(folder), *pins,
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_SECONDS)
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        reason = (lines or ["ERROR: no message"])[-1].removeprefix("ERROR: ")
        raise TransientError(f"cannot fetch {', '.join(pins)}: {reason}; is the package index reachable?")
