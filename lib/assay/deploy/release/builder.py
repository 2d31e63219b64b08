"""Builds a release from a checkout into a folder, and names it by its content."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from assay.deploy.release import archive, bom, pins
from assay.errors import InputError, TerminalError
from assay.serving.api import package, wheels

GLUE_PYTHON = "3.11"
MODULES = "lib/modules.gluewheels.zip"
SOURCE_MODULES = "lib/sources.gluewheels.zip"
"""Glue recognises an archive of wheels by the end of its name."""
_COPIED = (
    ("jobs", "jobs", "*.py"),
    ("blueprints", "glue_configs/blueprints", "*.yaml"),
    ("athena", "glue_configs/athena", "*.sql"),
    ("dags", "glue_configs/dags", "*.py"),
    ("dags", "glue_configs/dags", "requirements.txt"),  # Airflow's machine installs from it when it starts
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


def build(root: Path, home: Path) -> Release:
    """Build a release.

    Args:
        root: The checkout.
        home: A folder of ours, in which the release is built.

    Raises:
        InputError: This is no checkout.
        TransientError: A wheel cannot be fetched.
        TerminalError: The library's wheel cannot be built.
    """
    folder = home / "release"
    (folder / "lambda").mkdir(parents=True, exist_ok=True)
    files = dict(copied(root))
    wheel = library(root, folder / "lib")
    files[f"lib/{wheel.name}"] = wheel
    files[MODULES] = modules(folder / MODULES, root, pins.for_glue(root))
    files[SOURCE_MODULES] = modules(folder / SOURCE_MODULES, root, pins.for_sources(root))
    files["lambda/api.zip"] = package.build(folder / "lambda/api.zip")
    files["lambda/layer.zip"] = layer(home)
    files[bom.KEY] = folder / bom.KEY
    files[bom.KEY].write_bytes(bom.document(root, _version(root)))
    return Release(digest(files), dict(sorted(files.items())))


def expected(root: Path) -> frozenset[str]:
    """The keys that a release of this checkout has, without building it.

    Args:
        root: The checkout.

    Raises:
        InputError: This is no checkout.
    """
    wheel = f"lib/assay-{_version(root)}-py3-none-any.whl"
    made = {wheel, MODULES, SOURCE_MODULES, "lambda/api.zip", "lambda/layer.zip", bom.KEY}
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


def modules(target: Path, root: Path, names: Sequence[str]) -> Path:
    """Write an archive of wheels that Glue lacks, with the list that Glue installs.

    Args:
        target: The file to write.
        root: The checkout.
        names: The packages.

    References:
        AWS Glue developer guide, "Using Python libraries with AWS Glue", appendix on archives of wheels.
    """
    lock = pins.read(root / "requirements.lock")
    fetched = wheels.fetch(names, python=GLUE_PYTHON, versions=lock.versions)
    listed = "".join(f"{name}=={lock.versions[name]}\n" for name in names)
    members = {f"wheels/{path.name}": path.read_bytes() for path in fetched}
    return archive.write(target, members | {"wheels/requirements.txt": listed.encode()})


def layer(home: Path) -> Path:
    """The layer of NumPy and SciPy; packing takes half a minute, so it is made once per version and recipe.

    Args:
        home: A folder of ours, in which it is kept.
    """
    fetched = [wheel.name.encode() for wheel in wheels.fetch(package.LAYER)]
    recipe = b"".join([Path(package.__file__).read_bytes(), *fetched])
    kept = home / f"layer-{hashlib.sha256(recipe).hexdigest()[:_DIGITS]}.zip"
    if not kept.is_file():
        package.layer(kept.with_suffix(".partial")).replace(kept)
    return kept


def digest(files: Mapping[str, Path]) -> str:
    """The hash of files under their keys."""
    whole = hashlib.sha256()
    for key, path in sorted(files.items()):
        with path.open("rb") as stream:
            whole.update(f"{key} {hashlib.file_digest(stream, 'sha256').hexdigest()}\n".encode())
    return whole.hexdigest()[:_DIGITS]


def _version(root: Path) -> str:
    try:
        project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{root}: no pyproject.toml; deploy from a checkout of Assay") from error
    return str(project["project"]["version"])
