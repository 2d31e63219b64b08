"""docs/neighbours.md shows what Assay says now."""

from __future__ import annotations

import doctest
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from assay import configs
from assay.cli.main import app
from assay.serving.export.formats import FORMATS
from assay.spec.schema import SCHEMAS

PAGE = configs.path("docs/neighbours.md")
TEXT = PAGE.read_text(encoding="utf-8")


def _blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    rng = np.random.Generator(np.random.PCG64DXSM(1))
    rows = (
        f"{'ab'[i % 2]},{rng.gamma(1.0, 20.0) * (1 + i % 2 / 4):.2f},{int(rng.random() < 0.2)}\n"
        for i in range(800)
    )
    (tmp_path / "trial.csv").write_text("arm,spent,bought\n" + "".join(rows))
    (tmp_path / "sums.csv").write_text(_blocks("csv")[0])
    return tmp_path


@pytest.mark.parametrize("block", _blocks("console"))
def test_commands_print_what_is_shown(block: str) -> None:
    command, _, shown = block.partition("\n")
    done = CliRunner().invoke(app, shlex.split(command.removeprefix("$ assay ")))
    assert done.exit_code == 0
    assert "\n".join(line.rstrip() for line in done.stdout.rstrip().splitlines()) == shown.rstrip()


def test_python_answers_what_is_shown() -> None:
    (block,) = _blocks("python")
    test = doctest.DocTestParser().get_doctest(block, {}, "page", str(PAGE), 0)
    assert doctest.DocTestRunner().run(test).failed == 0


def test_every_format_and_schema_is_on_the_page() -> None:
    assert all(f"`{name}`" in TEXT for name in FORMATS)
    assert all(name in TEXT for name in SCHEMAS)
