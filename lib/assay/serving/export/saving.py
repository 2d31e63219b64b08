"""A file that is there whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from assay.errors import InputError


def save(path: Path, content: bytes) -> None:
    """Write a file, in the place of one that is there already.

    Args:
        path: Where; its folder must exist.
        content: All of it. It is written under another name first, so that no reader finds half of it.

    Raises:
        InputError: It cannot be written; nothing is left behind.
    """
    try:
        # A device such as /dev/null must not become a file; of a link the file behind it is written.
        if path.exists() and not path.is_file():
            raise InputError(f"{path} cannot be written: it is not a file; name a file")
        target = path.resolve()
        _replace(target, target.with_name(f".{target.name}.{os.getpid()}"), content)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror or error}") from error


def _replace(target: Path, partial: Path, content: bytes) -> None:
    try:
        partial.write_bytes(content)
        partial.replace(target)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
