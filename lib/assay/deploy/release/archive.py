"""A zip file whose bytes depend on its content alone: sorted names, one date, one mode."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip file knows
_MODE = 0o100644 << 16


def write(target: Path, members: Mapping[str, bytes]) -> Path:
    """Write a zip file of what is compressed already, such as wheels.

    Args:
        target: The file to write.
        members: Name in the archive → content.

    Returns:
        The target.
    """
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(members):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.external_attr = _MODE
            archive.writestr(entry, members[name])
    return target
