"""Tokens: made once, known by their hash, good until they are replaced or revoked."""

from __future__ import annotations

import hashlib
import json
import stat
from pathlib import Path

import pytest

from assay.errors import InputError, TerminalError
from assay.serving.api import tokens


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(tokens.VARIABLE, str(tmp_path / "state" / "tokens.json"))
    return tmp_path / "state" / "tokens.json"


def test_a_token_is_known_and_kept_nowhere(file: Path) -> None:
    made = {name: tokens.make(file, name) for name in ("ci", "notebook")}
    assert {name: tokens.holder(token) for name, token in made.items()} == {
        "ci": "ci",
        "notebook": "notebook",
    }
    text = file.read_text()
    for token in made.values():
        assert token.startswith("assay_")
        assert len(token) > 40
        assert token not in text
        assert token.removeprefix("assay_") not in text
        assert hashlib.sha256(token.encode()).hexdigest() in text
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert [each.name for each in file.parent.iterdir()] == ["tokens.json"]
    assert list(tokens.names(file)) == ["ci", "notebook"]


def test_a_new_token_of_a_name_ends_the_old_one(file: Path) -> None:
    old, new = tokens.make(file, "ci"), tokens.make(file, "ci")
    assert (tokens.holder(old), tokens.holder(new)) == (None, "ci")


def test_what_is_revoked_is_good_no_more(file: Path) -> None:
    token = tokens.make(file, "ci")
    with pytest.raises(InputError, match="NAME is 'cj'; no token has that name; allowed: 'ci'"):
        tokens.revoke(file, "cj")
    assert tokens.holder(token) == "ci"
    tokens.revoke(file, "ci")
    assert tokens.holder(token) is None
    with pytest.raises(InputError, match="there is none yet"):
        tokens.revoke(file, "ci")


def test_without_a_file_no_token_is_good(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert tokens.holder("") is None
    token = tokens.make(file, "ci")
    for text in ("", "assay_", token[:-1], f"{token} ", f"{token}\ud800"):
        assert tokens.holder(text) is None
    monkeypatch.delenv(tokens.VARIABLE)
    assert tokens.holder(token) is None
    monkeypatch.setenv(tokens.VARIABLE, "")
    assert tokens.holder(token) is None


@pytest.mark.parametrize("name", ["", "Ci", "-ci", "a b", "../x", "x" * 64, "ü"])
def test_a_name_is_one(file: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"NAME is .*; it must be lower-case letters"):
        tokens.make(file, name)
    assert not file.exists()


def test_a_damaged_file_lets_nobody_in(file: Path) -> None:
    tokens.make(file, "ci")
    file.write_text("{")
    with pytest.raises(TerminalError, match="the file of tokens cannot be read"):
        tokens.holder("assay_x")


def test_a_failed_write_leaves_the_file_as_it_was(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    token = tokens.make(file, "ci")

    def full(*_: object, **__: object) -> str:
        raise OSError("no space left")

    monkeypatch.setattr(json, "dumps", full)
    with pytest.raises(OSError, match="no space"):
        tokens.make(file, "other")
    assert [each.name for each in file.parent.iterdir()] == ["tokens.json"]
    assert tokens.holder(token) == "ci"
