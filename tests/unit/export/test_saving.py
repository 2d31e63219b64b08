"""A file is there whole or not at all."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from assay.errors import InputError
from assay.serving.export.saving import save


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    save(path, b"old")
    save(path, b"new")
    assert path.read_bytes() == b"new"
    assert [each.name for each in tmp_path.iterdir()] == ["a.csv"]


@pytest.mark.parametrize("place", ["no/where.csv", "", "x" * 300])
def test_what_cannot_be_written_leaves_nothing(tmp_path: Path, place: str) -> None:
    with pytest.raises(InputError, match=re.escape(f"{tmp_path / place} cannot be written")):
        save(tmp_path / place, b"x")
    assert not list(tmp_path.iterdir())


def test_a_failure_on_the_way_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.csv"
    save(path, b"old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(InputError, match="No space left"):
        save(path, b"new")
    assert path.read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 1


def test_of_a_link_the_file_behind_it_is_written(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    save(tmp_path / "link", b"new")
    assert (tmp_path / "a").read_bytes() == b"new"
    assert (tmp_path / "link").is_symlink()


def test_a_device_stays_one() -> None:
    with pytest.raises(InputError, match="/dev/null cannot be written: it is not a file"):
        save(Path("/dev/null"), b"x")
    assert Path("/dev/null").is_char_device()
