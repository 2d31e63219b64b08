"""The example's README shows what Assay says now, not what it once said."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from assay import configs

import pages

FOLDER = configs.path("examples/thornton")
COMMANDS = [
    each
    for each in pages.commands((FOLDER / "README.md").read_text(encoding="utf-8"))
    if each.line.startswith("assay ")
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with thornton.csv in it."""
    target = tmp_path_factory.mktemp("thornton")
    runpy.run_path(str(FOLDER / "get.py"))["main"](target / "thornton.csv")
    return target


@pytest.mark.parametrize("command", COMMANDS, ids=lambda each: each.line)
def test_the_readme_shows_what_is_printed(
    command: pages.Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    pages.check(command)


def test_the_published_shares() -> None:
    assert any(
        all(share in each.shown for share in ("78.9 %", "33.9 %", "+45.1 points")) for each in COMMANDS
    )
