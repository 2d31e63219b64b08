"""The example's README shows what Assay says now, not what it once said."""

from __future__ import annotations

import importlib.util
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from assay import configs
from assay.cli.main import app

FOLDER = configs.path("examples/thornton")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with thornton.csv in it."""
    found = importlib.util.spec_from_file_location("get", FOLDER / "get.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    target = tmp_path_factory.mktemp("thornton")
    module.main(target / "thornton.csv")
    return target


def _commands() -> list[tuple[str, str]]:
    """Each `$ assay ...` of the README with the output shown below it."""
    blocks = (FOLDER / "README.md").read_text().split("```console\n$ assay ")[1:]
    return [tuple(block.split("```")[0].partition("\n")[::2]) for block in blocks]  # type: ignore[misc]


@pytest.mark.parametrize(("command", "shown"), _commands())
def test_the_readme_shows_what_is_printed(
    command: str, shown: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    done = CliRunner().invoke(app, shlex.split(command))
    assert done.exit_code == 0
    printed = "\n".join(line.rstrip() for line in done.stdout.rstrip().splitlines())
    if shown.strip():
        assert printed == shown.rstrip()


def test_the_published_shares() -> None:
    assert any(
        "78.9 %" in shown and "33.9 %" in shown and "+45.1 points" in shown for _, shown in _commands()
    )
