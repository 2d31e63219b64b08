"""The forest plot: for each metric a panel, for each treatment its difference and interval, against zero.

Plain SVG of one's own, so that the page needs no script and nothing from elsewhere. Each panel has its own
axis, because metrics have different units; all text is also in the table beside the plot.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING

from assay.serving.analysis import words
from assay.serving.analysis.requests import PROPORTION

if TYPE_CHECKING:
    from assay.serving.analysis.result import Comparison

_WIDTH, _LEFT, _RIGHT = 760, 190, 210
_ROW, _HEAD, _AXIS, _GAP = 28, 26, 26, 18
_TICKS = 5
_MARGIN = 0.06
_LABEL_LETTERS = 26


def svg(rows: Sequence[Comparison], *, title: str) -> str:
    """The plot of all comparisons.

    Args:
        rows: Comparisons, those of one metric beside each other.
        title: What the plot shows, read out by screen readers with a description of every line.

    Returns:
        One `<svg>` element; colours come from the CSS variables of `page`.
    """
    panels, top = [], 0.0
    for _, group in groupby(rows, key=lambda row: row.metric):
        mine = list(group)
        panels.append(f'<g transform="translate(0,{top:g})">{_panel(mine)}</g>')
        top += _HEAD + _ROW * len(mine) + _AXIS + _GAP
    description = " ".join(f"{row.sentence}." for row in rows)
    return (
        f'<svg viewBox="0 0 {_WIDTH} {top:g}" role="img" aria-labelledby="assay-plot assay-lines" '
        f'xmlns="http://www.w3.org/2000/svg"><title id="assay-plot">{escape(title)}</title>'
        f'<desc id="assay-lines">{escape(description)}</desc>{"".join(panels)}</svg>'
    )


def ticks(low: float, high: float, count: int = _TICKS) -> list[float]:
    """Round numbers (1, 2 or 5 times a power of ten) between two bounds, about `count` of them.

    Example:
        >>> ticks(-3.0, 48.0)
        [0.0, 10.0, 20.0, 30.0, 40.0]
    """
    raw = (high - low) / count
    power = 10.0 ** math.floor(math.log10(raw))
    step = min((power * m for m in (1, 2, 5, 10)), key=lambda s: abs(s - raw))
    first, last = math.ceil(low / step), math.floor(high / step)
    return [round(i * step, 12) + 0.0 for i in range(first, last + 1)]


def _panel(rows: Sequence[Comparison]) -> str:
    proportion = rows[0].type == PROPORTION
    unit = "percentage points" if proportion else f"units of {rows[0].metric}"
    scale = 100.0 if proportion else 1.0
    low, high = _bounds(rows, scale)
    bottom = _HEAD + _ROW * len(rows)
    marks = ticks(low, high)
    places = max((words.decimals((marks[1] - marks[0]) * 10) if len(marks) > 1 else 1), 0)
    heading = escape(f"{_short(rows[0].metric, 60)}: difference in {unit}")
    parts = [f'<text class="h" x="0" y="16">{heading}</text>']
    for mark in marks:
        x = _x(mark, low, high)
        parts.append(f'<line class="g" x1="{x:.1f}" x2="{x:.1f}" y1="{_HEAD}" y2="{bottom}"/>')
        parts.append(
            f'<text class="t" x="{x:.1f}" y="{bottom + 16}" text-anchor="middle">'
            f"{words.fixed(mark, places)}</text>"
        )
    zero = _x(0.0, low, high)
    parts.append(f'<line class="z" x1="{zero:.1f}" x2="{zero:.1f}" y1="{_HEAD}" y2="{bottom}"/>')
    parts.extend(_line(row, _HEAD + _ROW * (i + 0.5), low, high, scale) for i, row in enumerate(rows))
    return "".join(parts)


def _line(row: Comparison, y: float, low: float, high: float, scale: float) -> str:
    label = escape(_short(row.contrast))
    says = words.difference(row.estimate, row.type, row.std_error)
    if all(math.isfinite(v) for v in (row.lower, row.upper)):
        says += f" ({words.interval(row.lower, row.upper, row.type, row.std_error)})"
    drawn = ""
    if math.isfinite(row.estimate):
        ends = [
            _x(v * scale if math.isfinite(v) else math.copysign(math.inf, v), low, high)
            for v in (row.lower, row.upper)
            if not math.isnan(v)
        ]
        if ends:
            drawn = f'<line class="i" x1="{ends[0]:.1f}" x2="{ends[-1]:.1f}" y1="{y:g}" y2="{y:g}"/>'
        drawn += f'<circle class="e" cx="{_x(row.estimate * scale, low, high):.1f}" cy="{y:g}" r="5"/>'
    return (
        f'<text x="0" y="{y + 4:g}">{label}</text>{drawn}'
        f'<text x="{_WIDTH}" y="{y + 4:g}" text-anchor="end">{escape(says)}</text>'
    )


def _bounds(rows: Sequence[Comparison], scale: float) -> tuple[float, float]:
    """What the axis spans: zero, every estimate and every end of an interval that is finite."""
    found = [v * scale for row in rows for v in (row.estimate, row.lower, row.upper) if math.isfinite(v)]
    low, high = min([0.0, *found]), max([0.0, *found])
    room = (high - low) * _MARGIN or 1.0
    return low - room, high + room


def _x(value: float, low: float, high: float) -> float:
    inside = min(max(value, low), high)
    return _LEFT + (inside - low) / (high - low) * (_WIDTH - _LEFT - _RIGHT)


def _short(text: str, letters: int = _LABEL_LETTERS) -> str:
    return text if len(text) <= letters else text[: letters - 1] + "…"
