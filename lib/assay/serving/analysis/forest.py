"""The forest plot: for each metric a panel, for each treatment its difference and interval, against zero.

Plain SVG of one's own, so that the page needs no script and nothing from elsewhere. Each panel has its own
axis, because metrics have different units; all text is also in the table beside the plot.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING, Self

from assay.serving.analysis import words
from assay.serving.analysis.requests import PROPORTION

if TYPE_CHECKING:
    from assay.serving.analysis.result import Comparison

WIDTH, _LEFT, _RIGHT = 760, 190, 210
_ROW, _HEAD, _AXIS, _GAP = 28, 26, 26, 18
_TICKS = 5
_MARGIN = 0.06
_LABEL_LETTERS = 26
_METRIC_LETTERS = 60


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the plot.

    Attributes:
        metric: Its panel.
        type: Of the metric; a proportion is drawn in percentage points.
        label: Stands on the left.
        estimate: The difference; NaN if there is none.
        lower: Lower end of its interval; infinite if it has none.
        upper: Upper end.
        std_error: Says how many digits are shown.
        sentence: The line in words, for screen readers.
    """

    metric: str
    type: str
    label: str
    estimate: float
    lower: float
    upper: float
    std_error: float
    sentence: str

    @classmethod
    def of(cls, row: Comparison) -> Self:
        """The line of a comparison."""
        return cls(
            row.metric,
            row.type,
            row.contrast,
            row.estimate,
            row.lower,
            row.upper,
            row.std_error,
            row.sentence,
        )


def svg(rows: Sequence[Line], *, title: str, name: str = "assay") -> str:
    """The plot of all lines.

    Args:
        rows: Lines, those of one metric beside each other.
        title: What the plot shows, read out by screen readers with a description of every line.
        name: Begins the ids in it, which must be unique on a page.

    Returns:
        One `<svg>` element; colours come from the CSS variables of `elements`.
    """
    panels, top = [], 0.0
    for _, group in groupby(rows, key=lambda row: row.metric):
        mine = list(group)
        panels.append(f'<g transform="translate(0,{top:g})">{_panel(mine)}</g>')
        top += _HEAD + _ROW * len(mine) + _AXIS + _GAP
    described = [row.sentence for row in rows]
    return figure("".join(panels), height=top, title=title, described=described, name=name)


def figure(content: str, *, height: float, title: str, described: Sequence[str], name: str) -> str:
    """An `<svg>` element with what screen readers say of it.

    Args:
        content: What it shows.
        height: In units of which `WIDTH` are its width.
        title: What it is.
        described: A sentence per thing that is shown, without a full stop.
        name: Begins the ids in it.
    """
    description = " ".join(f"{sentence}." for sentence in described)
    return (
        f'<svg viewBox="0 0 {WIDTH} {height:g}" role="img" aria-labelledby="{name}-plot {name}-lines" '
        f'xmlns="http://www.w3.org/2000/svg"><title id="{name}-plot">{escape(title)}</title>'
        f'<desc id="{name}-lines">{escape(description)}</desc>{content}</svg>'
    )


def heading(metric: str, kind: str) -> str:
    """What a panel shows, and in which unit."""
    unit = "percentage points" if kind == PROPORTION else f"units of {metric}"
    return f"{short(metric, _METRIC_LETTERS)}: difference in {unit}"


def scale(kind: str) -> float:
    """What values of a metric of this type are drawn multiplied by."""
    return 100.0 if kind == PROPORTION else 1.0


def tick_words(marks: Sequence[float]) -> list[str]:
    """The texts of ticks, with as many decimals as their distance needs."""
    places = max((words.decimals((marks[1] - marks[0]) * 10) if len(marks) > 1 else 1), 0)
    return [words.fixed(mark, places) for mark in marks]


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


def _panel(rows: Sequence[Line]) -> str:
    factor = scale(rows[0].type)
    low, high = bounds([v * factor for row in rows for v in (row.estimate, row.lower, row.upper)])
    bottom = _HEAD + _ROW * len(rows)
    marks = ticks(low, high)
    parts = [f'<text class="h" x="0" y="16">{escape(heading(rows[0].metric, rows[0].type))}</text>']
    for mark, said in zip(marks, tick_words(marks), strict=True):
        x = _x(mark, low, high)
        parts.append(f'<line class="g" x1="{x:.1f}" x2="{x:.1f}" y1="{_HEAD}" y2="{bottom}"/>')
        parts.append(f'<text class="t" x="{x:.1f}" y="{bottom + 16}" text-anchor="middle">{said}</text>')
    zero = _x(0.0, low, high)
    parts.append(f'<line class="z" x1="{zero:.1f}" x2="{zero:.1f}" y1="{_HEAD}" y2="{bottom}"/>')
    parts.extend(_line(row, _HEAD + _ROW * (i + 0.5), low, high, factor) for i, row in enumerate(rows))
    return "".join(parts)


def _line(row: Line, y: float, low: float, high: float, factor: float) -> str:
    label = escape(short(row.label))
    says = words.difference(row.estimate, row.type, row.std_error)
    if all(math.isfinite(v) for v in (row.lower, row.upper)):
        says += f" ({words.interval(row.lower, row.upper, row.type, row.std_error)})"
    drawn = ""
    if math.isfinite(row.estimate):
        ends = [
            _x(v * factor if math.isfinite(v) else math.copysign(math.inf, v), low, high)
            for v in (row.lower, row.upper)
            if not math.isnan(v)
        ]
        if ends:
            drawn = f'<line class="i" x1="{ends[0]:.1f}" x2="{ends[-1]:.1f}" y1="{y:g}" y2="{y:g}"/>'
        drawn += f'<circle class="e" cx="{_x(row.estimate * factor, low, high):.1f}" cy="{y:g}" r="5"/>'
    return (
        f'<text x="0" y="{y + 4:g}">{label}</text>{drawn}'
        f'<text x="{WIDTH}" y="{y + 4:g}" text-anchor="end">{escape(says)}</text>'
    )


def bounds(values: Sequence[float]) -> tuple[float, float]:
    """What an axis spans: zero and all values that are finite, with some room.

    Args:
        values: As drawn.
    """
    found = [value for value in values if math.isfinite(value)]
    low, high = min([0.0, *found]), max([0.0, *found])
    room = (high - low) * _MARGIN or 1.0
    return low - room, high + room


def _x(value: float, low: float, high: float) -> float:
    inside = min(max(value, low), high)
    return _LEFT + (inside - low) / (high - low) * (WIDTH - _LEFT - _RIGHT)


def short(text: str, letters: int = _LABEL_LETTERS) -> str:
    """The text, its end cut off where it has more letters than there is room for."""
    return text if len(text) <= letters else text[: letters - 1] + "…"
