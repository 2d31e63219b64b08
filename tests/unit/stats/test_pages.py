"""docs/methods is what the library says of itself: `make docs` was run after the last change."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from assay.stats import METHODS

ROOT = Path(__file__).parents[3]
BUILD = runpy.run_path(str(ROOT / "docs" / "build.py"))
PAGES = BUILD["pages"]()


@pytest.mark.parametrize("name", sorted(PAGES))
def test_the_page_is_up_to_date(name: str) -> None:
    assert (ROOT / "docs" / "methods" / name).read_text() == PAGES[name], "run `make docs`"


def test_every_method_has_a_line_of_accuracy_and_one_of_speed() -> None:
    accuracy, speed = (
        (ROOT / "docs" / "methods" / f"{page}.md").read_text() for page in ("accuracy", "speed")
    )
    missing = [name for name in METHODS if f"| `{name}` |" not in accuracy]
    assert not missing, f"no reference for {missing}: add a case to tests/reference/books, then `make docs`"
    late = [name for name in METHODS if f"| `{name}` |" not in speed]
    assert not late, f"no time for {late}: run `make bench`"
