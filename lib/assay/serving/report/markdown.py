"""A report as GitHub-flavoured Markdown; plots are left out, since every number of theirs is in a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from assay.serving.export.markdown import escape
from assay.serving.report.blocks import Block, Figure, Grid, Points, Report


def content(report: Report) -> bytes:
    """The text."""
    parts = [f"# {escape(report.title)}", escape(report.lead)]
    for section in report.sections:
        parts.append(f"## {escape(section.title)}")
        parts += [_block(block) for block in section.blocks if not isinstance(block, Figure)]
    return ("\n\n".join(parts) + "\n").encode()


def _block(block: Block) -> str:
    if isinstance(block, Grid):
        return "\n".join(_table(block))
    if isinstance(block, Points):
        return "\n".join(f"- {escape(item)}" for item in block.items)
    return "" if isinstance(block, Figure) else escape(block.text)


def _table(grid: Grid) -> Iterator[str]:
    yield f"{escape(grid.caption)}:"
    yield ""
    yield _line(escape(title) for title in grid.head)
    yield _line("--:" if i in grid.numeric else "---" for i in range(len(grid.head)))
    yield from (_line(escape(cell) for cell in row) for row in grid.body)


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"
