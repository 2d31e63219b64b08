"""Packs the API for AWS Lambda: the parts of the library that it uses, and their pure or small dependencies.

Lambda brings boto3; NumPy and SciPy, which the checks of a blueprint's distributions use, come as a layer:
they are ten times as large as all the rest. The same files give the same bytes, so that a deployment whose
code did not change is none.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import assay
from assay.errors import InputError

HANDLER = "assay.serving.api.lambda_handler.handler"
PARTS = (
    "__init__.py", "errors.py", "seeds.py", "distributions", "stats", "spec", "runtime",
    "serving/__init__.py", "serving/api",
)  # fmt: skip
REQUIREMENTS = ("fastapi", "mangum", "pydantic", "pyyaml")
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip file knows
_MODE = 0o100644 << 16
_LEFT_OUT = frozenset({"__pycache__", "tests", "bin"})


def build(target: Path) -> Path:
    """Write the zip file of the function; its handler is `HANDLER`.

    Binary modules are those of the machine that builds: build on Linux x86-64 with the Python that the
    function runs on.

    Args:
        target: The file to write.

    Returns:
        The target.

    Raises:
        InputError: The API's dependencies are not installed here.
    """
    missing = [name for name in REQUIREMENTS if not _is_installed(name)]
    if missing:
        raise InputError(f"cannot pack the API without {', '.join(missing)}; install `assay[api]`")
    files = dict(_library()) | {name: file for r in _closure(REQUIREMENTS) for name, file in _installed(r)}
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.external_attr = _MODE
            archive.writestr(entry, files[name].read_bytes(), zipfile.ZIP_DEFLATED)
    return target


def library() -> dict[str, bytes]:
    """The parts of the library that the function needs: name in its archive → content."""
    return {name: file.read_bytes() for name, file in _library()}


def _library() -> Iterator[tuple[str, Path]]:
    root = Path(assay.__file__).parent
    for part in PARTS:
        found = root / part
        for file in [found] if found.is_file() else found.rglob("*.py"):
            yield f"assay/{file.relative_to(root).as_posix()}", file


def _closure(names: tuple[str, ...]) -> set[str]:
    """The distributions that these need, with what they need themselves; extras are left out."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        # What is not installed is for other platforms or versions of Python.
        if name in found or not _is_installed(name):
            continue
        found.add(name)
        for requirement in metadata.requires(name) or []:
            match = _NAME.match(requirement)
            if match and "extra ==" not in requirement:
                waiting.append(match[0].lower().replace("_", "-"))
    return found


def _is_installed(name: str) -> bool:
    try:
        metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def _installed(name: str) -> Iterator[tuple[str, Path]]:
    for file in metadata.files(name) or []:
        inside = not file.is_absolute() and ".." not in file.parts
        if inside and not _LEFT_OUT & set(file.parts) and not file.parts[0].endswith(".dist-info"):
            yield file.as_posix(), Path(str(file.locate()))
