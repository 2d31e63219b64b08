"""The page stands alone, is accessible, and says nothing that the user's file could inject."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.serving.analysis import analyze, forest, words

EVIL = "<script>alert(1)</script>"
TABLE = {
    "arm": ["a"] * 5 + [EVIL] * 5,
    "x&y": [1, 2, 3, 4, 5, 3, 4, 5, 6, 9],
    "p": [0, 1, 0, 1, 0, 1, 1, 1, 0, 1],
}


def _found() -> str:
    return analyze(TABLE, arm="arm", control="a", metrics=["x&y", "p", "x&y/p"]).to_html()


def test_the_page_needs_nothing_from_elsewhere() -> None:
    page = _found()
    assert page.startswith("<!doctype html>")
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")
    assert not any(tag in page for tag in ("<script", "<link", "<img", "@import", "url("))


def test_what_the_file_says_is_escaped() -> None:
    assert EVIL not in _found()
    assert "&lt;script&gt;" in _found()


def test_the_plot_is_well_formed_and_described() -> None:
    page = _found()
    svg = ET.fromstring(page[page.index("<svg") : page.index("</svg>") + 6])  # noqa: S314 - our own output
    space = "{http://www.w3.org/2000/svg}"
    assert svg.get("role") == "img"
    assert svg.find(f"{space}title").text == "Differences from a with intervals"  # type: ignore[union-attr]
    assert "x&y" in (svg.find(f"{space}desc").text or "")  # type: ignore[union-attr]
    assert len(svg.findall(f".//{space}circle")) == 3


def test_a_notebook_shows_the_same_without_the_page() -> None:
    found = analyze(TABLE, arm="arm", control="a", metrics=["p"])
    assert found._repr_html_().startswith("<section")
    assert found._repr_html_() in found.to_html()


def test_warnings_stand_out() -> None:
    table = {"arm": ["a"] * 900 + ["b"] * 100, "x": [*range(1000)]}
    page = analyze(table, arm="arm", control="a", metrics=["x"], allocation={"a": 0.5, "b": 0.5}).to_html()
    assert '<td class="warn">invalid: sample ratio mismatch</td>' in page


@given(low=st.floats(-1e6, 0), width=st.floats(1e-6, 1e6))
def test_ticks_are_few_round_and_inside(low: float, width: float) -> None:
    marks = forest.ticks(low, low + width)
    assert 0 <= len(marks) <= 12
    assert all(low - 1e-9 <= mark <= low + width + 1e-9 for mark in marks)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (words.fixed(math.nan, 1), "unknown"),
        (words.fixed(-math.inf, 1), "unbounded"),
        (words.fixed(-1234.567, 2, sign=True), "-1,234.57"),
        (words.fixed(-0.0001, 2, sign=True), "0.00"),
        (words.p_value(math.nan), "p unknown"),
        (words.p_value(1e-9), "p < 0.0001"),
        (words.p_value(0.5), "p = 0.50"),
        (
            words.relative(0.5, -math.inf, math.inf),
            "+50.0 % (interval unbounded: the control's mean may be 0)",
        ),
        (words.relative(0.5, 0.4, 0.6), "+50.0 % (40.0 % to 60.0 %)"),
        (words.difference(0.451, "proportion", 0.02), "+45.1 points"),
        (words.difference(0.451, "mean", 0.02), "+0.451"),
        (words.level(0.01), "99 %"),
        (str(words.decimals(math.nan)), "3"),
    ],
)
def test_words(text: str, wanted: str) -> None:
    assert text == wanted
