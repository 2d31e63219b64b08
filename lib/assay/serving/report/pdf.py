"""A report as PDF: A4, by fpdf2, which needs nothing beside itself.

Its own fonts know Latin letters only; other letters are written as their code points. Figures are drawn from
their SVG, of which `forest` and `looks` use lines, circles, texts and groups that are moved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, time
from typing import Any
from xml.etree import ElementTree as ET

from fpdf import FPDF
from fpdf.enums import XPos, YPos
from fpdf.fonts import FontFace

from assay.serving.analysis import elements
from assay.serving.analysis.forest import WIDTH
from assay.serving.report.blocks import Block, Figure, Grid, Points, Report

_FONT = "helvetica"
_TEXT, _SMALL, _TITLE, _HEADING = 9.5, 7.5, 17.0, 12.0
_INK, _SOFT, _LINE, _MARK, _WARN = (27, 31, 36), (91, 100, 112), (213, 218, 224), (11, 98, 184), (154, 58, 0)
_POINTS_PER_MM = 72 / 25.4
_LEADING = 1.35
_PADDING = 0.8
_PLOT = 165.0
"""Width of a figure in millimetres."""
_KEPT = 40.0
"""Millimetres that a heading needs below it, so that it does not end a page."""
_NARROWEST, _WIDEST = 12.0, 70.0
_STROKES: Mapping[str, tuple[tuple[int, int, int], float]] = {
    "g": (_LINE, 1.0), "z": (_SOFT, 1.5), "i": (_MARK, 2.5), "p": (_WARN, 1.5),
}  # fmt: skip
"""Class of a line → colour and width, as the page's style has them."""
_SPELT = str.maketrans(
    {"–": "-", "—": "-", "…": "...", "\N{MINUS SIGN}": "-", "→": "->", "≤": "<=", "≥": ">="}
)


class Paper(FPDF):
    """The pages: landscape, for tables are wide."""

    def __init__(self, report: Report) -> None:
        super().__init__(orientation="landscape", format="A4")
        self._said = latin(f"{report.title}, as of {report.as_of}")
        self.set_title(self._said)
        self.set_creator("assay")
        self.set_lang("en")
        self.set_creation_date(datetime.combine(report.as_of, time(), UTC))
        self.set_auto_page_break(auto=True, margin=15)
        self.add_page()

    def footer(self) -> None:
        """What every page says."""
        self.set_y(-11)
        self._ink(_SOFT)
        self.set_font(_FONT, size=_SMALL)
        self.cell(0, 5, f"{self._said}, page {self.page_no()}", align="R")

    def write_text(self, text: str, size: float = _TEXT, *, bold: bool = False) -> None:
        """Sentences, over as many lines as they need."""
        self._ink(_INK)
        self.set_font(_FONT, "B" if bold else "", size)
        height = size / _POINTS_PER_MM * _LEADING
        self.multi_cell(0, height, latin(text), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def write_grid(self, grid: Grid) -> None:
        """A table, its heading on every page that it reaches."""
        self.write_text(grid.caption, _SMALL)
        self.set_draw_color(*_LINE)
        widths = list(self._widths(grid))
        with self.table(
            col_widths=tuple(widths),
            width=min(sum(widths), self.epw),
            align="LEFT",
            text_align=tuple("RIGHT" if i in grid.numeric else "LEFT" for i in range(len(grid.head))),
            line_height=_SMALL / _POINTS_PER_MM * _LEADING,
            padding=_PADDING,
            borders_layout="HORIZONTAL_LINES",
            v_align="TOP",
        ) as table:
            table.row([latin(title) for title in grid.head])
            for line in grid.body:
                row = table.row()
                for cell in line:
                    row.cell(latin(cell), style=_STANDS_OUT if elements.warns(cell) else None)

    def draw(self, svg: str) -> None:
        """A figure, on one page."""
        if self.will_page_break(height(svg)):
            self.add_page()
        top = self.get_y()
        self._marks(_parsed(svg), self.l_margin, top, _PLOT / WIDTH)
        self.set_y(top + height(svg))

    def _widths(self, grid: Grid) -> Iterator[float]:
        """As wide as the longest cell, within bounds; the table is scaled where that is too much."""
        for i, title in enumerate(grid.head):
            self.set_font(_FONT, "B", _SMALL)
            widest = self.get_string_width(latin(title))
            self.set_font(_FONT, "", _SMALL)
            widest = max([widest, *(self.get_string_width(latin(row[i])) for row in grid.body)])
            yield min(max(widest + 4 * _PADDING, _NARROWEST), _WIDEST)

    def _marks(self, group: ET.Element, left: float, top: float, scale: float) -> None:
        for mark in group:
            kind = mark.tag.rpartition("}")[2]
            if kind == "g":
                x, y = _moved(mark)
                self._marks(mark, left + x * scale, top + y * scale, scale)
            elif kind in _DRAWN:
                _DRAWN[kind](self, mark, left, top, scale)

    def _ink(self, colour: tuple[int, int, int]) -> None:
        self.set_text_color(*colour)


def content(report: Report) -> bytes:
    """The file."""
    paper = Paper(report)
    paper.write_text(report.title, _TITLE, bold=True)
    paper.ln(2)
    paper.write_text(report.lead)
    for section in report.sections:
        paper.ln(4)
        first = section.blocks[0]
        if paper.will_page_break(_HEADING + height(first.svg) if isinstance(first, Figure) else _KEPT):
            paper.add_page()
        paper.write_text(section.title, _HEADING, bold=True)
        for block in section.blocks:
            paper.ln(1.5)
            _write(paper, block)
    return bytes(paper.output())


def latin(text: str) -> str:
    r"""The text in the letters of the built-in fonts; what they lack is written as its code point.

    Example:
        >>> print(latin("5 – 7 µ"), latin("日"))
        5 - 7 µ \u65e5
    """
    return text.translate(_SPELT).encode("latin-1", "backslashreplace").decode("latin-1")


def height(svg: str) -> float:
    """Of a figure, in millimetres."""
    _, _, _, high = map(float, _parsed(svg).attrib["viewBox"].split())
    return high * _PLOT / WIDTH


def _parsed(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314 - our own output, in which all is escaped


def _write(paper: Paper, block: Block) -> None:
    if isinstance(block, Grid):
        paper.write_grid(block)
    elif isinstance(block, Figure):
        paper.draw(block.svg)
    elif isinstance(block, Points):
        for item in block.items:
            paper.write_text(f"-  {item}")
    else:
        paper.write_text(block.text)


def _moved(group: ET.Element) -> tuple[float, float]:
    x, y = group.attrib["transform"].removeprefix("translate(").removesuffix(")").split(",")
    return float(x), float(y)


def _line(paper: Paper, mark: ET.Element, left: float, top: float, scale: float) -> None:
    style = mark.attrib["class"]
    colour, width = _STROKES[style]
    paper.set_draw_color(*colour)
    paper.set_line_width(width * scale)
    if style == "p":
        paper.set_dash_pattern(dash=5 * scale, gap=4 * scale)
    x1, x2, y1, y2 = (float(mark.attrib[name]) * scale for name in ("x1", "x2", "y1", "y2"))
    paper.line(left + x1, top + y1, left + x2, top + y2)
    paper.set_dash_pattern()
    paper.set_line_width(0.2)


def _circle(paper: Paper, mark: ET.Element, left: float, top: float, scale: float) -> None:
    paper.set_fill_color(*_MARK)
    x, y, radius = (float(mark.attrib[name]) * scale for name in ("cx", "cy", "r"))
    paper.ellipse(left + x - radius, top + y - radius, 2 * radius, 2 * radius, style="F")
    paper.set_fill_color(255)  # else it would fill the cells of the next table


def _text(paper: Paper, mark: ET.Element, left: float, top: float, scale: float) -> None:
    style = mark.get("class")
    size = (12 if style == "t" else 13) * scale * _POINTS_PER_MM
    paper.set_font(_FONT, "B" if style == "h" else "", size)
    paper.set_text_color(*(_SOFT if style == "t" else _INK))
    said = latin(mark.text or "")
    before = {"end": 1.0, "middle": 0.5}.get(mark.get("text-anchor", "start"), 0.0)
    x = left + float(mark.attrib["x"]) * scale - before * paper.get_string_width(said)
    paper.text(x, top + float(mark.attrib["y"]) * scale, said)


_Drawn = Callable[[Paper, ET.Element, float, float, float], Any]
_DRAWN: Mapping[str, _Drawn] = {"line": _line, "circle": _circle, "text": _text}
_STANDS_OUT = FontFace(emphasis="BOLD", color=_WARN)
