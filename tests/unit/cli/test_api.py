"""`assay api`: tokens of the local stack, whether it runs or not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from assay.cli.main import app
from assay.serving.api import tokens


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ASSAY_HOME", str(tmp_path / "state"))
    monkeypatch.setenv(tokens.VARIABLE, str(tmp_path / "state" / "tokens.json"))
    return tmp_path / "state"


def assay(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["api", *arguments])


def test_a_token_is_printed_alone_and_listed_and_revoked(home: Path) -> None:
    assert "there is no token; `assay api token NAME` makes one" in assay("tokens").stdout
    made = assay("token", "ci")
    token = made.stdout.strip()
    assert tokens.holder(token) == "ci"
    assert "for the address that `assay up` prints; it is shown this once" in made.stderr
    assert token not in (home / "tokens.json").read_text()
    (listed,) = json.loads(assay("tokens", "--json").stdout)["tokens"]
    assert listed["name"] == "ci"
    assert listed["made_at"] in assay("tokens").stdout
    assert assay("revoke", "ci").stdout == "the token of ci is good no more\n"
    assert tokens.holder(token) is None


def test_the_address_is_told_where_there_is_one(home: Path) -> None:
    home.mkdir()
    (home / "state.json").write_text('{"ports": {"api": 4711}}')
    assert "for http://127.0.0.1:4711; it is shown this once" in assay("token", "ci").stderr


@pytest.mark.parametrize(
    ("arguments", "said"), [(("token", "C I"), "NAME is 'C I'"), (("revoke", "ci"), "no token has")]
)
def test_refusals(arguments: tuple[str, ...], said: str) -> None:
    found = assay(*arguments)
    assert found.exit_code == 2
    assert said in found.stderr
