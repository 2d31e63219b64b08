"""A report as HTML, Markdown and PDF: one content, the same bytes for the same states, nothing injected."""

from __future__ import annotations

import dataclasses
import re
import sys
import xml.etree.ElementTree as ET
import zlib
from collections.abc import Callable

import pytest
from tests.unit.report.conftest import EXPERIMENT, Lake, rows

from assay.errors import StackError
from assay.serving.report import content, formats, pdf
from assay.serving.report.blocks import Figure, Grid, Report
from assay.serving.report.reading import Found

EVIL = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def report(found: Found) -> Report:
    return content.report(found)


def read(file: bytes) -> str:
    """The texts of a PDF, in the order in which they are written."""
    # What is packed may end in \r itself.
    streams = re.findall(rb"stream\r?\n(.*?)\nendstream", file, re.DOTALL)
    drawn = b"\n".join(zlib.decompress(each) for each in streams if each[:1] == b"x")
    texts = re.findall(rb"\(((?:\\.|[^()\\])*)\) ?Tj", drawn)
    return " ".join(re.sub(rb"\\(.)", rb"\1", each).decode("latin-1") for each in texts)


@pytest.mark.parametrize("name", formats.FORMATS)
def test_the_same_states_give_the_same_bytes(name: str, lake: Lake, report: Report) -> None:
    write = formats.FORMATS[name].content
    assert write(content.report(lake.found())) == write(report)


@pytest.mark.parametrize("name", formats.FORMATS)
def test_another_state_is_told_apart(name: str, found: Found, report: Report) -> None:
    write = formats.FORMATS[name].content
    other = dataclasses.replace(found, states={**found.states, "silver.loads": "1"})
    assert write(content.report(other)) != write(report)


def test_the_page_needs_nothing_from_elsewhere(report: Report) -> None:
    page = formats.FORMATS["html"].content(report).decode()
    assert page.startswith("<!doctype html>")
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")
    assert not any(tag in page for tag in ("<script", "<link", "<img", "@import", "url("))
    assert len(page) < 200_000


def test_figures_are_well_formed_and_described(report: Report) -> None:
    figures = [block for section in report.sections for block in section.blocks if isinstance(block, Figure)]
    space = "{http://www.w3.org/2000/svg}"
    for figure in figures:
        root = ET.fromstring(figure.svg)  # noqa: S314 - our own output
        assert root.find(f"{space}title").text  # type: ignore[union-attr]
        assert root.find(f"{space}desc").text  # type: ignore[union-attr]
        assert {element.tag.removeprefix(space) for element in root.iter()} <= {
            "svg", "title", "desc", "g", "line", "circle", "text",
        }  # fmt: skip


def test_every_text_is_in_every_format(report: Report) -> None:
    """Of tables the cells, whose words may be broken over lines."""
    cells = {
        word
        for section in report.sections
        for block in section.blocks
        if isinstance(block, Grid)
        for row in block.body
        for cell in row
        for word in cell.split()
    }
    page = formats.FORMATS["html"].content(report).decode()
    text = formats.FORMATS["md"].content(report).decode().replace("\\", "")
    paper = read(formats.FORMATS["pdf"].content(report))
    assert not [word for word in cells if word not in page.replace("&lt;", "<").replace("&#x27;", "'")]
    assert not [word for word in cells if word not in text]
    assert not [word for word in cells if word not in paper]
    for section in report.sections:
        assert section.title in page
        assert f"## {section.title}" in text
        assert section.title in paper


def test_a_pdf_is_one(report: Report) -> None:
    file = formats.FORMATS["pdf"].content(report)
    assert file.startswith(b"%PDF-")
    assert file.rstrip().endswith(b"%%EOF")
    assert f"/CreationDate (D:{report.as_of:%Y%m%d}000000".encode() in file
    assert file.count(b"/Type /Page\n") >= 2
    assert "page 2" in read(file)


def test_letters_that_the_fonts_lack_are_spelt() -> None:
    assert pdf.latin("5 – 7 € → 日") == "5 - 7 \\u20ac -> \\u65e5"


def test_what_the_data_say_is_escaped(make_lake: Callable[..., Lake]) -> None:
    newest = max(row["as_of"] for row in rows("gold.experiment_results"))
    odd = {"experiment": EXPERIMENT, "as_of": newest, "check": "a|b", "status": "warn", "detail": EVIL}
    report = content.report(make_lake(experiment_health=[odd]).found())
    page, text = (formats.FORMATS[name].content(report).decode() for name in ("html", "md"))
    assert EVIL not in page
    assert "&lt;script&gt;" in page
    assert "\\<script\\>" in text
    assert "| a\\|b |" in text
    assert "<script>" in read(formats.FORMATS["pdf"].content(report))


def test_a_pdf_without_what_writes_it_is_one_sentence(
    report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "fpdf", None)
    monkeypatch.setattr(formats, "find_spec", lambda _: None)
    with pytest.raises(
        StackError, match="a PDF needs fpdf2: install assay with its extra `report`"
    ) as refused:
        formats.FORMATS["pdf"].content(report)
    assert refused.value.exit_code == 2
