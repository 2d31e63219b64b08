"""Which versions of which packages a release carries: those of requirements.lock, which is their one home.

The lock says of each package which other one brought it, so that what a package needs can be read from it
without asking a registry.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from assay.errors import InputError

SOURCES = "sources"
"""The optional dependencies that only the sources job needs."""
GLUE_SHIPS = frozenset({"numpy", "pandas", "pyarrow", "boto3"})
"""What Glue 5.1 has, in the versions of pyproject.toml (facts: its base-requirements.txt)."""
_PROJECT = "assay"
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_PIN = re.compile(r"([a-z0-9-]+)==(\S+)")


@dataclass(frozen=True, slots=True)
class Lock:
    """The lock file.

    Attributes:
        versions: Package → version.
        brought: Package → the packages that it needs.
    """

    versions: Mapping[str, str]
    brought: Mapping[str, frozenset[str]]

    def closure(self, names: Iterable[str], *, without: frozenset[str] = frozenset()) -> tuple[str, ...]:
        """Packages with all that they need, sorted.

        Args:
            names: The packages.
            without: What is there already, and is left out with what only it needs.

        Raises:
            InputError: A package is not locked.
        """
        found: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name in found or name in without:
                continue
            if name not in self.versions:
                raise InputError(f"requirements.lock does not pin {name}; run `make lock`")
            found.add(name)
            waiting += self.brought.get(name, frozenset())
        return tuple(sorted(found))


def read(path: Path) -> Lock:
    """The lock of a checkout.

    Args:
        path: requirements.lock, with a comment on what brought each package.

    Raises:
        InputError: It cannot be read.
    """
    versions: dict[str, str] = {}
    brought: dict[str, set[str]] = {}
    name = ""
    for line in _text(path).splitlines():
        if match := _PIN.match(line):
            name, versions[match[1]] = match[1], match[2]
        elif line.startswith("    #"):
            owner = line.replace("# via", "#").split("#", 1)[1].strip().split(" ")[0]
            if owner and owner != _PROJECT:
                brought.setdefault(owner, set()).add(name)
    return Lock(versions, {owner: frozenset(names) for owner, names in brought.items()})


def for_sources(root: Path) -> tuple[str, ...]:
    """The packages that the sources job needs beside those, with all that they need.

    Its client of S3 pins the version of botocore, so that boto3 comes with it.

    Args:
        root: The checkout.

    Raises:
        InputError: As for `for_glue`.
    """
    project = tomllib.loads(_text(root / "pyproject.toml"))["project"]
    names = [_name(each) for each in project["optional-dependencies"][SOURCES]]
    present = GLUE_SHIPS - {"boto3"}
    return read(root / "requirements.lock").closure([*names, "boto3"], without=present)


def for_glue(root: Path) -> tuple[str, ...]:
    """The packages that the library needs on Glue and Glue lacks, with all that they need.

    Args:
        root: The checkout.

    Raises:
        InputError: The checkout has no pyproject.toml or no lock, or the lock is older than it.
    """
    project = tomllib.loads(_text(root / "pyproject.toml"))["project"]
    names = [_name(each) for each in project["dependencies"]]
    lacking = [name for name in names if name not in GLUE_SHIPS]
    return read(root / "requirements.lock").closure(lacking, without=GLUE_SHIPS)


def _name(requirement: str) -> str:
    match = _NAME.match(requirement)
    if match is None:
        raise InputError(f"pyproject.toml: {requirement!r} names no package")
    return match[0].lower().replace("_", "-").replace(".", "-")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; deploy from a checkout of Assay") from error
