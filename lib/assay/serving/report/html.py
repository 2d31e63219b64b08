"""A report as one HTML file: no script, nothing from elsewhere; light, dark and on paper."""

from __future__ import annotations

from html import escape

from assay.serving.analysis import elements
from assay.serving.report.blocks import Block, Figure, Grid, Points, Report

_STYLE = (
    ".assay{max-width:76rem}.assay table{font-size:.875rem}.assay figure{max-width:48rem;margin-left:0}"
    "@media print{.assay h2{break-after:avoid}.assay figure,.assay tr{break-inside:avoid}"
    ".assay .n{white-space:normal}}"
)


def content(report: Report) -> bytes:
    """The page."""
    parts = [f"<h1>{escape(report.title)}</h1><p>{escape(report.lead)}</p>"]
    for section in report.sections:
        parts.append(f"<h2>{escape(section.title)}</h2>")
        parts += [_block(block) for block in section.blocks]
    style = f"<style>{elements.STYLE}{_STYLE}</style>"
    return elements.page(report.title, f'<section class="assay">{style}{"".join(parts)}</section>').encode()


def _block(block: Block) -> str:
    if isinstance(block, Grid):
        return elements.table(block.caption, block.head, block.body, numeric=sorted(block.numeric))
    if isinstance(block, Figure):
        return f"<figure>{block.svg}</figure>"
    if isinstance(block, Points):
        return f"<ul>{''.join(f'<li>{escape(item)}</li>' for item in block.items)}</ul>"
    return f"<p>{escape(block.text)}</p>"
