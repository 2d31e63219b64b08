"""A GitHub table."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pyarrow as pa

from assay.serving.export.said import said

# What would end a cell, start markup or be taken for HTML.
_SPECIAL = re.compile(r"([\\|`*_{}\[\]<>#~])")


def content(table: pa.Table) -> bytes:
    """The comparisons as a table of GitHub-flavoured Markdown."""
    shown = said(table)
    lines = [
        _line(escape(title) for title in shown.head),
        _line("--:" if right else "---" for right in shown.numeric),
        *(_line(escape(cell) for cell in row) for row in shown.body),
    ]
    return ("\n".join(lines) + "\n").encode()


def escape(text: str) -> str:
    r"""A text that Markdown shows as it is, on one line.

    Example:
        >>> print(escape("a|b_c"))
        a\|b\_c
    """
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"
