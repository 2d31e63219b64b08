"""Packs the API for AWS Lambda: the parts of the library that it uses, with what they need, and a layer.

Lambda brings boto3. NumPy and SciPy, which the checks of a blueprint's distributions and methods use, are a
layer: they are ten times as large as all the rest and change with their pins only. The same files give the
same bytes, so that a deployment whose code did not change is none.

`python -m assay.serving.api.package FOLDER` writes both and prints their sizes.
"""

from __future__ import annotations

import re
import sys
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import assay
from assay.errors import InputError
from assay.serving.api import wheels

HANDLER = "assay.serving.api.lambda_handler.handler"
RUNTIME = f"python{wheels.PYTHON}"
PARTS = (
    "__init__.py", "errors.py", "seeds.py", "distributions", "stats", "spec", "runtime",
    "client/__init__.py", "client/records.py", "serving/__init__.py", "serving/api",
)  # fmt: skip
REQUIREMENTS = ("fastapi", "mangum", "pydantic", "pyyaml")
LAYER = ("numpy", "scipy")
_SITE = f"python/lib/{RUNTIME}/site-packages"
MOST_ZIPPED = 50_000_000  # bytes; what Lambda takes in one upload
MOST_UNZIPPED = 250_000_000  # bytes; function and layers together
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip file knows
_MODE = 0o100644 << 16
_LEFT_OUT = frozenset({"__pycache__", "tests", "bin", "include"})
_NOT_RUN = ("/", ".pyi", ".h", ".a", ".pyx", ".pxd", ".c", ".f90")

Files = Mapping[str, Path | zipfile.Path]
"""Name in the archive → where its content is."""


@dataclass(frozen=True, slots=True)
class Size:
    """How large an archive is.

    Attributes:
        zipped: In bytes.
        unzipped: In bytes.
    """

    zipped: int
    unzipped: int


def build(target: Path) -> Path:
    """Write the zip file of the function; its handler is `HANDLER`, its runtime `RUNTIME`.

    Binary modules are those of Lambda's Python and those of this machine's, side by side: their names differ,
    and the emulator runs functions on the machine's own.

    Args:
        target: The file to write.

    Returns:
        The target.

    Raises:
        InputError: The API's dependencies are not installed here, or the file is too large for Lambda.
        TransientError: Wheels for Lambda's Python are not cached and cannot be fetched.
    """
    missing = [name for name in REQUIREMENTS if not _is_installed(name)]
    if missing:
        raise InputError(f"cannot pack the API without {', '.join(missing)}; install `assay[api]`")
    needed = sorted(_closure(REQUIREMENTS))
    binary = [name for name in needed if wheels.is_binary(name)]
    files: dict[str, Path | zipfile.Path] = dict(_library())
    for name in needed:
        files |= _installed(name)
    for wheel in wheels.fetch(binary):
        files |= _of_wheel(wheel)
    return _write(target, files)


def layer(target: Path) -> Path:
    """Write the zip file of the layer with NumPy and SciPy, without their tests.

    They lie where Python of that version looks last: the emulator, which runs functions on the machine's own
    Python, then takes the machine's.

    Args:
        target: The file to write.

    Returns:
        The target.

    Raises:
        InputError: The file is too large for Lambda.
        TransientError: The wheels are not cached and cannot be fetched.
    """
    files: dict[str, Path | zipfile.Path] = {}
    for wheel in wheels.fetch(LAYER):
        files |= {f"{_SITE}/{name}": place for name, place in _of_wheel(wheel).items()}
    return _write(target, files)


def size(archive: Path) -> Size:
    """How large a zip file and its content are."""
    with zipfile.ZipFile(archive) as opened:
        return Size(archive.stat().st_size, sum(entry.file_size for entry in opened.infolist()))


def main(argv: Sequence[str]) -> None:
    """Write `api.zip` and `layer.zip` into a folder and print their sizes.

    Args:
        argv: The folder.
    """
    (folder,) = argv
    Path(folder).mkdir(parents=True, exist_ok=True)
    for archive in (build(Path(folder) / "api.zip"), layer(Path(folder) / "layer.zip")):
        found = size(archive)
        sys.stdout.write(f"{archive}: {found.zipped / 1e6:.1f} MB, {found.unzipped / 1e6:.1f} MB unzipped\n")


def _write(target: Path, files: Files) -> Path:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.external_attr = _MODE
            archive.writestr(entry, files[name].read_bytes(), zipfile.ZIP_DEFLATED)
    found = size(target)
    if found.zipped >= MOST_ZIPPED or found.unzipped >= MOST_UNZIPPED:
        target.unlink()
        raise InputError(
            f"{target.name} has {found.zipped:,} bytes, {found.unzipped:,} unzipped; Lambda takes fewer than "
            f"{MOST_ZIPPED:,} and {MOST_UNZIPPED:,}: leave a dependency out"
        )
    return target


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


def _installed(name: str) -> Files:
    return {
        file.as_posix(): Path(str(file.locate()))
        for file in metadata.files(name) or []
        if _runs(file.as_posix())
    }


def _of_wheel(wheel: Path) -> Files:
    opened = zipfile.ZipFile(wheel)
    return {name: zipfile.Path(opened, name) for name in opened.namelist() if _runs(name)}


def _runs(name: str) -> bool:
    """Whether a file is used when its distribution runs: no test, no metadata, nothing to compile with."""
    parts = name.split("/")
    inside = parts[0] not in ("", "..") and not parts[0].endswith(".dist-info")
    return inside and not _LEFT_OUT & set(parts) and not name.endswith(_NOT_RUN)


if __name__ == "__main__":
    main(sys.argv[1:])
