"""A tabular for a paper: the rules of the package booktabs, every special character escaped."""

from __future__ import annotations

import re

import pyarrow as pa

from assay.serving.export.said import said

_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "_": r"\_",
    "%": r"\%", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}",
    ">": r"\textgreater{}", "|": r"\textbar{}",
}  # fmt: skip
# In text a hyphen is set shorter than a minus; dates keep theirs.
_MINUS = re.compile(r"(?<!\w)-(?=\d)")


def content(table: pa.Table) -> bytes:
    r"""The comparisons as a `tabular`; `\usepackage{booktabs}` and UTF-8 are what it needs."""
    shown = said(table)
    columns = "".join("r" if right else "l" for right in shown.numeric)
    lines = [
        rf"\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        _line(shown.head),
        r"\midrule",
        *(_line(row) for row in shown.body),
        r"\bottomrule",
        r"\end{tabular}",
    ]
    return ("\n".join(lines) + "\n").encode()


def escape(text: str) -> str:
    r"""A text that LaTeX sets as it is.

    Example:
        >>> print(escape("a_b & 5 %"))
        a\_b \& 5 \%
    """
    escaped = "".join(_SPECIAL.get(letter, letter) for letter in " ".join(text.split()))
    return _MINUS.sub("$-$", escaped)


def _line(cells: tuple[str, ...]) -> str:
    return " & ".join(escape(cell) for cell in cells) + r" \\"
