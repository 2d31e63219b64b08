"""Wheels for Lambda's Python: kept, fetched once, told when they cannot be."""

from __future__ import annotations

import zipfile
from importlib import metadata
from pathlib import Path

import pytest

from assay.errors import TransientError
from assay.serving.api import wheels

PIN = f"pyyaml-{metadata.version('pyyaml')}"
FILE = f"{PIN}-cp313-cp313-manylinux_2_17_x86_64.whl"


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in place of the package index."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def publish(index: Path, name: str = FILE) -> None:
    with zipfile.ZipFile(index / name, "w") as wheel:
        version = metadata.version("pyyaml")
        wheel.writestr("yaml/__init__.py", "")
        wheel.writestr(
            f"{PIN}.dist-info/METADATA", f"Metadata-Version: 2.1\nName: pyyaml\nVersion: {version}\n"
        )
        wheel.writestr(f"{PIN}.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: false\n")
        wheel.writestr(f"{PIN}.dist-info/RECORD", "")


def test_a_wheel_is_fetched_once(index: Path, tmp_path: Path) -> None:
    publish(index)
    cache = tmp_path / "cache"
    assert wheels.fetch(["pyyaml"], cache) == [cache / FILE]
    (index / FILE).unlink()
    assert wheels.fetch(["pyyaml"], cache) == [cache / FILE]
    assert [each.name for each in cache.iterdir()] == [FILE]


@pytest.mark.parametrize(
    "name",
    [
        f"{PIN}-cp311-cp311-manylinux_2_17_x86_64.whl",  # this machine's Python, not Lambda's
        f"{PIN}-cp313-cp313-manylinux_2_35_x86_64.whl",  # a later glibc than Lambda's
        f"{PIN}-cp313-cp313-macosx_11_0_arm64.whl",
        "pyyaml-0.1-cp313-cp313-manylinux_2_17_x86_64.whl",  # another version than the installed one
    ],
)
def test_what_lambda_could_not_load_is_not_taken(index: Path, tmp_path: Path, name: str) -> None:
    publish(index, name)
    with pytest.raises(TransientError, match=r"cannot fetch pyyaml==.* for Python 3.13: .*; is the package"):
        wheels.fetch(["pyyaml"], tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_what_has_modules_of_one_python_is_told_apart() -> None:
    assert [wheels.is_binary(name) for name in ("pydantic-core", "pyyaml", "fastapi")] == [True, True, False]


def test_the_cache_is_the_users() -> None:
    assert wheels.cache_folder({"XDG_CACHE_HOME": "/c"}) == Path("/c/assay/wheels/3.13")
    assert wheels.cache_folder({}) == Path.home() / ".cache/assay/wheels/3.13"
