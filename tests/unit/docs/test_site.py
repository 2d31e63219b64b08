"""Links lead somewhere, in the repository as on the site; the site has every page; its hooks are right."""

from __future__ import annotations

import json
import logging
import re
import runpy
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]
HOOKS = runpy.run_path(str(ROOT / "docs/hooks.py"))
PAGES = [
    ROOT / name
    for name in (
        "README.md",
        *HOOKS["ELSEWHERE"],
        *(p.relative_to(ROOT) for p in sorted((ROOT / "docs").rglob("*.md"))),
    )
]


def _links(page: Path) -> list[str]:
    found = HOOKS["_LINK"].finditer(page.read_text(encoding="utf-8"))
    return [each["target"] for each in found if each["target"] and not re.match(r"[a-z]+:", each["target"])]


def _anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub and Python-Markdown make them of plain words."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    heads = re.findall(r"^#+ (.+?)\s*$", text, re.MULTILINE)
    plain = (re.sub(r"\[(.+?)\]\(.+?\)", r"\1", each) for each in heads)
    return {re.sub(r"[\s]+", "-", re.sub(r"[^\w\s-]", "", each).strip().lower()) for each in plain}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in _links(page):
        path, _, anchor = target.partition("#")
        place = (page.parent / path).resolve() if path else page
        assert place.exists(), target
        if anchor:
            assert anchor in _anchors(place), target


def test_links_are_found() -> None:
    assert sum(len(_links(page)) for page in PAGES) > 200


def test_every_page_is_in_the_navigation() -> None:
    """`make site` would warn of one that is not; this says it without MkDocs."""
    inside = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    pages = sorted(
        inside | set(HOOKS["ELSEWHERE"].values()) | {HOOKS["address"](path) for path in HOOKS["notebooks"]()}
    )
    nav = HOOKS["expanded"](yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"], pages)
    named = list(HOOKS["_entries"](nav))
    assert sorted(named) == pages


@pytest.mark.parametrize(
    ("page", "written", "on_the_site"),
    [
        ("own-experiment.md", "[a test](../tests/conftest.py)", "a test (`tests/conftest.py`)"),
        ("own-experiment.md", "[`examples/own`](../examples/own)", "`examples/own`"),
        ("own-experiment.md", "[x](../examples/thornton/README.md#y)", "[x](examples/thornton.md#y)"),
        ("changelog.md", "[list](docs/methods/README.md)", "[list](methods/README.md)"),
        ("examples/thornton.md", "[x](../../docs/plans.md#measured)", "[x](../plans.md#measured)"),
        ("adr/0010-laboratory.md", "[x](../certificates/README.md)", "[x](../certificates/README.md)"),
        ("faq.md", "[x](adr)", "[x](adr/README.md)"),
        (
            "plans.md",
            "[x](https://example.com/a.md) ![y](../no.svg)",
            "[x](https://example.com/a.md) ![y](../no.svg)",
        ),
        ("plans.md", "`[x](../tests)`\n```\n[x](../tests)\n```", "`[x](../tests)`\n```\n[x](../tests)\n```"),
    ],
)
def test_links_of_the_repository_become_links_of_the_site(page: str, written: str, on_the_site: str) -> None:
    assert HOOKS["linked"](written, page) == on_the_site


def test_with_an_address_of_the_repository_files_are_linked() -> None:
    found = HOOKS["linked"]("[a test](../tests/conftest.py)", "plans.md", "https://example.com/assay/")
    assert found == "[a test](https://example.com/assay/blob/main/tests/conftest.py)"


def test_a_link_to_nowhere_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "mkdocs"):
        HOOKS["linked"]("[x](../tests/gone.py)", "plans.md")
    assert "docs/plans.md links to tests/gone.py, which does not exist" in caplog.text


def test_a_list_below_a_paragraph_gets_an_empty_line() -> None:
    said = "Checks:\n- a\n  more\n- b\n\n1. c\n2. d\n# Head\n- e\n```\nx\n- f\n```\ndata of\n100. The\n"
    assert HOOKS["spaced"](said) == said.replace("Checks:\n", "Checks:\n\n")


def test_a_folder_of_the_navigation_is_the_pages_that_it_does_not_name() -> None:
    nav = [{"A": ["a.md", {"B": "b/x.md"}]}, {"C": ["b/*"]}]
    assert HOOKS["expanded"](nav, ["a.md", "b/z.md", "b/y.md", "b/x.md", "b/c/d.md"]) == [
        {"A": ["a.md", {"B": "b/x.md"}]},
        {"C": ["b/y.md", "b/z.md"]},
    ]


def test_a_notebook_is_a_page_with_its_outputs() -> None:
    cells: list[dict[str, Any]] = [
        {"cell_type": "markdown", "source": ["# Title\n", "Text"]},
        {
            "cell_type": "code",
            "source": ["1 + 1"],
            "outputs": [
                {"output_type": "execute_result", "data": {"text/plain": ["2"]}},
                {"output_type": "stream", "text": ["said\n"]},
                {"output_type": "display_data", "data": {"text/html": ["<b>x</b>"], "text/plain": ["x"]}},
            ],
        },
    ]
    assert HOOKS["notebook"](json.dumps({"cells": cells})) == (
        "# Title\nText\n\n```python\n1 + 1\n```\n\n```text\n2\n```\n\n```text\nsaid\n```\n\n"
        '<div class="output">\n<b>x</b>\n</div>\n'
    )
