"""The registry of what a report is written as: adding one is a function to bytes, and an entry here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from types import MappingProxyType

from assay.errors import StackError
from assay.serving.report import html, markdown
from assay.serving.report.blocks import Report


@dataclass(frozen=True, slots=True)
class Format:
    """One way to write a report.

    Attributes:
        name: What the command line calls it.
        text: Whether it can be printed on a terminal.
        content: The bytes of a report.
    """

    name: str
    text: bool
    content: Callable[[Report], bytes]


def _pdf(report: Report) -> bytes:
    require_pdf()
    from assay.serving.report import pdf

    return pdf.content(report)


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        each.name: each
        for each in (
            Format("html", True, html.content),
            Format("md", True, markdown.content),
            Format("pdf", False, _pdf),
        )
    }
)


def require_pdf() -> None:
    """Refuse a PDF where what writes it is not installed.

    Raises:
        StackError: It is not; the message has the remedy.
    """
    if find_spec("fpdf") is None:
        raise StackError("a PDF needs fpdf2: install assay with its extra `report`, or use --html or --md")
