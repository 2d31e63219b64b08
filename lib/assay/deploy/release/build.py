"""Builds a release from a checkout into a folder, and names it by its content."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from assay.deploy.release import archive, lambdas, pins, wheels
from assay.errors import InputError, TerminalError

GLUE_PYTHON = "3.11"
MODULES = "lib/modules.gluewheels.zip"
"""Glue recognises an archive of wheels by the end of its name."""
_COPIED = (
    ("jobs", "jobs", "*.py"),
    ("blueprints", "glue_configs/blueprints", "*.yaml"),
    ("athena", "glue_configs/athena", "*.sql"),
    ("dags", "glue_configs/dags", "*.py"),
)
_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Release:
    """A release on this machine.

    Attributes:
        digest: The hash of its content, 16 hexadecimal digits.
        files: Key below the prefix → file.
    """

    digest: str
    files: Mapping[str, Path]

    @property
    def prefix(self) -> str:
        """Where it goes in the artifacts bucket, with its slash."""
        return f"releases/{self.digest}/"

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(path.stat().st_size for path in self.files.values())


def build(root: Path, home: Path, *, lambda_python: str) -> Release:
    """Build a release.

    Args:
        root: The checkout.
        home: A folder of ours; wheels are kept in it, and the release is built in it.
        lambda_python: The Python of the API's function, for example `"3.13"`.

    Raises:
        InputError: This is no checkout.
        TransientError: A wheel cannot be fetched.
        TerminalError: The library's wheel cannot be built.
    """
    cache, folder = home / "wheels", home / "release"
    lock = pins.read(root / "requirements.lock")
    files = dict(copied(root))
    wheel = library(root, folder / "lib")
    files[f"lib/{wheel.name}"] = wheel
    files[MODULES] = modules(folder / MODULES, root, cache)
    files["lambda/api.zip"] = lambdas.function(folder / "lambda/api.zip", lock, cache, python=lambda_python)
    files["lambda/layer.zip"] = lambdas.layer(folder / "lambda/layer.zip", lock, cache, python=lambda_python)
    return Release(digest(files), dict(sorted(files.items())))


def expected(root: Path) -> frozenset[str]:
    """The keys that a release of this checkout has, without building it.

    Args:
        root: The checkout.

    Raises:
        InputError: This is no checkout.
    """
    made = {f"lib/assay-{_version(root)}-py3-none-any.whl", MODULES, "lambda/api.zip", "lambda/layer.zip"}
    return frozenset(made | {key for key, _ in copied(root)})


def copied(root: Path) -> Iterable[tuple[str, Path]]:
    """Key → file of what goes as it is."""
    for prefix, folder, pattern in _COPIED:
        for path in sorted((root / folder).glob(pattern)):
            yield f"{prefix}/{path.name}", path


def library(root: Path, folder: Path) -> Path:
    """Build the library's wheel; hatchling dates every file alike, so that its bytes depend on the sources.

    Args:
        root: The checkout.
        folder: Where it goes; an older wheel there is removed.

    Raises:
        InputError: The checkout has no pyproject.toml.
        TerminalError: hatchling refused.
    """
    name = f"assay-{_version(root)}-py3-none-any.whl"
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("assay-*.whl"):
        old.unlink()
    command = [
        sys.executable,
        "-m",
        "hatchling",
        "build",
        "--target",
        "wheel",
        "--directory",
        str(folder.resolve()),
    ]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode != 0 or not (folder / name).is_file():
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise TerminalError(f"cannot build {name}: {last}; is hatchling installed?")
    return folder / name


def modules(target: Path, root: Path, cache: Path) -> Path:
    """Write the archive of the wheels that Glue lacks, with the list that Glue installs.

    References:
        AWS Glue developer guide, "Using Python libraries with AWS Glue", appendix on archives of wheels.
    """
    lock = pins.read(root / "requirements.lock")
    names = pins.for_glue(root)
    fetched = wheels.fetch(lock.pins(names), cache, python=GLUE_PYTHON)
    listed = "".join(f"{pin}\n" for pin in lock.pins(names))
    members = {f"wheels/{path.name}": path.read_bytes() for path in fetched}
    return archive.write(target, members | {"wheels/requirements.txt": listed.encode()}, compress=False)


def digest(files: Mapping[str, Path]) -> str:
    """The hash of files under their keys."""
    whole = hashlib.sha256()
    for key, path in sorted(files.items()):
        with path.open("rb") as stream:
            whole.update(f"{key} {hashlib.file_digest(stream, 'sha256').hexdigest()}\n".encode())
    return whole.hexdigest()[:_DIGITS]


def _version(root: Path) -> str:
    import tomllib

    try:
        project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{root}: no pyproject.toml; deploy from a checkout of Assay") from error
    return str(project["project"]["version"])
