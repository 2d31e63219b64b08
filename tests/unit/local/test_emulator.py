from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest

from assay.errors import StackError
from assay.local import emulator
from assay.local.state import Home


def test_nothing_of_the_callers_settings_reaches_the_emulator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTH", "true")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    variables = emulator.environment(Home(tmp_path), 4567, "eu-west-1")
    assert "AUTH" not in variables
    assert "AWS_ENDPOINT_URL" not in variables
    assert variables["BIND_HOST"] == "127.0.0.1"
    assert variables["GATEWAY_PORT"] == "4567"
    assert variables["S3_DATA_DIR"] == str(tmp_path / "emulator" / "s3")


def described(folder: Path, name: str, content: bytes | None, description: object) -> Path:
    if content is not None:
        (folder / name).write_bytes(content)
    sidecar = folder / f"{name}.meta.json"
    sidecar.write_text(description if isinstance(description, str) else json.dumps(description))
    return sidecar


def test_descriptions_that_do_not_fit_their_object_are_dropped(tmp_path: Path) -> None:
    right = described(tmp_path, "right", b"abc", {"size": 3})
    marker = described(tmp_path, "deleted", None, {"is_delete_marker": True})
    wrong = [
        described(tmp_path, "longer", b"abcd", {"size": 3}),
        described(tmp_path, "gone", None, {"size": 3}),
        described(tmp_path, "torn", b"abc", '{"size'),
    ]
    assert sorted(emulator.drop_stale_sidecars(tmp_path)) == sorted(wrong)
    assert right.exists()
    assert marker.exists()


def test_the_names_of_ministack_that_are_relied_on_exist() -> None:
    from ministack import app
    from ministack.core import persistence

    assert callable(app.app)
    assert callable(app._build_persistence_save_dict)
    assert callable(persistence.save_state)
    assert isinstance(persistence.STATE_DIR, str)


def test_a_state_that_cannot_be_saved_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ministack import app
    from ministack.core import persistence

    monkeypatch.setattr(persistence, "PERSIST_STATE", True)
    monkeypatch.setattr(persistence, "STATE_DIR", "before")
    services = {"good": lambda: {"a": 1}, "unused": lambda: None, "bad": lambda: {"a": object()}}
    monkeypatch.setattr(app, "_build_persistence_save_dict", lambda: services)
    with pytest.raises(StackError, match="state of bad could not be saved"):
        emulator.save_state(tmp_path)
    assert persistence.STATE_DIR == "before"
    del services["bad"]
    emulator.save_state(tmp_path)
    assert str(tmp_path) == persistence.STATE_DIR
    assert [path.name for path in tmp_path.iterdir()] == ["good.json"]


def test_an_object_that_finds_no_room_ends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ministack itself would log a warning and answer that it is kept."""
    from ministack.services import s3

    monkeypatch.setattr(s3, "_atomic_write", s3._atomic_write)
    ended: list[bool] = []
    emulator.end_when_full(lambda: ended.append(True))
    s3._atomic_write(str(tmp_path / "kept"), b"abc")
    assert (tmp_path / "kept").read_bytes() == b"abc"
    with pytest.raises(FileNotFoundError):
        s3._atomic_write(str(tmp_path / "none" / "x"), b"abc")
    assert ended == []
    (tmp_path / "full.tmp").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left") as raised:
        s3._atomic_write(str(tmp_path / "full"), b"abc")
    assert raised.value.errno == errno.ENOSPC
    assert ended == [True]
