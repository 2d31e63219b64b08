"""The archives of Lambda: the API's function, and the layer with NumPy and SciPy.

Both carry wheels for the Python that the function's template names, not for the one that builds.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from assay.deploy.release import archive, pins, wheels
from assay.errors import TerminalError
from assay.serving.api import package

LAYER = ("numpy", "scipy")
MOST_UNPACKED = 250 * 1024 * 1024
"""Bytes that a function and its layers may have together, unpacked (AWS Lambda quotas)."""
# What lies beside a package's code and no function needs; tests are half of SciPy's files.
_LEFT_OUT = frozenset({"tests", "__pycache__", "include", "bin"})


def function(target: Path, lock: pins.Lock, cache: Path, *, python: str) -> Path:
    """Write the function's archive.

    Args:
        target: The file to write.
        lock: Where the versions stand.
        cache: Folder of wheels.
        python: The function's Python, for example `"3.13"`.

    Raises:
        TransientError: A wheel cannot be fetched.
    """
    # Lambda's own boto3 serves; NumPy and SciPy come as the layer.
    names = lock.closure(package.REQUIREMENTS, without=frozenset({*LAYER, "boto3"}))
    fetched = wheels.fetch(lock.pins(names), cache, python=python)
    members = {
        n: body for n, body in archive.unpack(fetched, without=_LEFT_OUT).items() if not _is_metadata(n)
    }
    return archive.write(target, members | package.library())


def layer(target: Path, lock: pins.Lock, cache: Path, *, python: str) -> Path:
    """Write the layer's archive, or find it in the cache: compressing it takes a quarter of a minute.

    Args:
        target: The file to write.
        lock: Where the versions stand.
        cache: Folder of wheels, and of layers made before.
        python: The function's Python.

    Raises:
        TransientError: A wheel cannot be fetched.
        TerminalError: It is larger than Lambda takes.
    """
    fetched = wheels.fetch(lock.pins(LAYER), cache, python=python)
    kept = cache / f"layer-{_identity(fetched)}.zip"
    if not kept.is_file():
        members = archive.unpack(fetched, without=_LEFT_OUT)
        size = sum(map(len, members.values()))
        if size > MOST_UNPACKED:
            raise TerminalError(f"the layer has {size:,} bytes unpacked; Lambda takes {MOST_UNPACKED:,}")
        archive.write(kept, {f"python/{name}": body for name, body in members.items()})
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    target.hardlink_to(kept)
    return target


def _identity(fetched: tuple[Path, ...]) -> str:
    """Of the wheels and of this recipe."""
    text = " ".join([*(path.name for path in fetched), *sorted(_LEFT_OUT)])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _is_metadata(name: str) -> bool:
    return name.split("/", 1)[0].endswith((".dist-info", ".data"))
