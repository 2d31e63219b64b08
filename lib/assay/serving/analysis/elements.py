"""Parts of a page that stands alone: its frame, its style, a table. Everything from outside is escaped.

No script, no font, no image from elsewhere; light, dark and on paper.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

STYLE = """
.assay{--ink:#1b1f24;--soft:#5b6470;--line:#d5dae0;--mark:#0b62b8;--warn:#9a3a00;color:var(--ink);
font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto}
@media (prefers-color-scheme:dark){
.assay{--ink:#e8eaed;--soft:#a3abb5;--line:#3d444d;--mark:#6cb2ff;--warn:#ffb27a}}
.assay h1{font-size:1.5rem}.assay h2{font-size:1.15rem;margin-top:2rem}
.assay table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
.assay th,.assay td{text-align:left;padding:.3rem .7rem .3rem 0;border-bottom:1px solid var(--line)}
.assay .n{text-align:right;white-space:nowrap}.assay .scroll{overflow-x:auto}
.assay caption{text-align:left;color:var(--soft);padding-bottom:.3rem}
.assay .warn{color:var(--warn);font-weight:600}
.assay svg{width:100%;height:auto;font:13px system-ui,sans-serif}
.assay svg text{fill:var(--ink)}.assay svg .h{font-weight:600}.assay svg .t{fill:var(--soft);font-size:12px}
.assay svg .g{stroke:var(--line)}.assay svg .z{stroke:var(--soft);stroke-width:1.5}
.assay svg .i{stroke:var(--mark);stroke-width:2.5}.assay svg .e{fill:var(--mark)}
.assay svg .p{stroke:var(--warn);stroke-width:1.5;stroke-dasharray:5 4}
"""
"""Of the classes that `forest` and the other figures use, too: h(eading), t(ick), g(rid), z(ero), i(nterval),
e(stimate), p(lanted)."""
_PAGE = "<style>:root{color-scheme:light dark}body{margin:2rem 1rem}</style>"
_WARNS = frozenset({"warn", "fail", "liberal"})


def page(title: str, content: str) -> str:
    """A whole page.

    Args:
        title: Of the page, as text.
        content: Its `<section class="assay">`, as HTML.
    """
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><title>{escape(title)}</title>'
        f"{_PAGE}</head><body><main>{content}</main></body></html>\n"
    )


def table(caption: str, head: Sequence[str], body: Sequence[Sequence[str]], *, numeric: Sequence[int]) -> str:
    """A table; cells that warn stand out.

    Args:
        caption: What it shows.
        head: Titles of the columns.
        body: Rows of texts.
        numeric: Which columns are aligned to the right.
    """
    titles = "".join(f'<th scope="col"{_class(t, i in numeric)}>{escape(t)}</th>' for i, t in enumerate(head))
    rows = "".join(
        "<tr>"
        + "".join(f"<td{_class(t, i in numeric)}>{escape(t)}</td>" for i, t in enumerate(row))
        + "</tr>"
        for row in body
    )
    return (
        f'<div class="scroll"><table><caption>{escape(caption)}</caption><thead><tr>{titles}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def warns(text: str) -> bool:
    """Whether a cell says that something is not as it should be."""
    return text in _WARNS or text.endswith(" liberal") or text.startswith("invalid:")


def _class(text: str, numeric: bool) -> str:
    return ' class="warn"' if warns(text) else ' class="n"' if numeric else ""
