"""`assay schema`: printed, written, refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from assay.cli.main import app


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def assay(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["schema", *arguments])


def test_a_schema_is_printed_or_written(home: Path) -> None:
    printed = assay("source").stdout
    assert json.loads(printed)["title"] == "Source of Assay"
    assert assay("source", "--out", "source.schema.json").stdout == "written: source.schema.json\n"
    assert (home / "source.schema.json").read_text() == printed
    assert "yaml-language-server" in " ".join(assay("--help").stdout.split())


def test_an_unknown_kind_writes_nothing(home: Path) -> None:
    done = assay("blueprnt", "--out", "x.json")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == "assay: there is no schema 'blueprnt'; did you mean 'blueprint'?\n"
    assert not list(home.iterdir())
