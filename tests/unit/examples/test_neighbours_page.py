"""docs/neighbours.md shows what Assay says now."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from assay import configs
from assay.serving.export.formats import FORMATS
from assay.spec.schema import SCHEMAS

import pages

PAGE = configs.path("docs/neighbours.md")
TEXT = PAGE.read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    rng = np.random.Generator(np.random.PCG64DXSM(1))
    rows = (
        f"{'ab'[i % 2]},{rng.gamma(1.0, 20.0) * (1 + i % 2 / 4):.2f},{int(rng.random() < 0.2)}\n"
        for i in range(800)
    )
    (tmp_path / "trial.csv").write_text("arm,spent,bought\n" + "".join(rows))
    (_, sums) = pages.blocks(TEXT, "csv")[0]
    (tmp_path / "sums.csv").write_text(sums)
    return tmp_path


def test_the_page_shows_what_is_printed() -> None:
    pages.follow(PAGE)


def test_every_command_shows_something() -> None:
    assert all(command.shown for command in pages.commands(TEXT))


def test_every_format_and_schema_is_on_the_page() -> None:
    assert all(f"`{name}`" in TEXT for name in FORMATS)
    assert all(name in TEXT for name in SCHEMAS)
