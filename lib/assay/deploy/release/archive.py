"""Zip files whose bytes depend on their content alone: sorted names, one date, one mode."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip file knows
_MODE = 0o100644 << 16


def write(target: Path, members: Mapping[str, bytes], *, compress: bool = True) -> Path:
    """Write a zip file.

    Args:
        target: The file; it is replaced in one step.
        members: Name in the archive → content.
        compress: False for content that is compressed already.

    Returns:
        The target.
    """
    method = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
    partial = target.with_suffix(".partial")
    partial.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(partial, "w", method) as archive:
        for name in sorted(members):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.external_attr = _MODE
            archive.writestr(entry, members[name], method)
    partial.replace(target)
    return target


def unpack(wheels: Iterable[Path], *, without: frozenset[str] = frozenset()) -> dict[str, bytes]:
    """The files of wheels, as they would be installed.

    Args:
        wheels: The wheels.
        without: Names of folders that are left out, such as tests.
    """
    found: dict[str, bytes] = {}
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            for name in archive.namelist():
                folders = set(name.split("/")[:-1])
                if not name.endswith("/") and not folders & without:
                    found[name] = archive.read(name)
    return found
