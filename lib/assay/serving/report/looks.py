"""How an estimate moved from look to look: a point and an interval per look, against zero and the truth."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from assay.serving.analysis import forest
from assay.serving.analysis.forest import WIDTH
from assay.serving.analysis.requests import PROPORTION
from assay.serving.report.reading import Row
from assay.serving.report.story import Story, number

_LEFT, _RIGHT, _TOP, _HEIGHT, _BELOW = 70, 20, 30, 180, 30
_MOST_DATES, _LETTERS = 9, 44


def svg(story: Story, rows: Sequence[Row], *, name: str) -> str:
    """The plot of one comparison.

    Args:
        story: The experiment.
        rows: Its results, one per look, in order.
        name: Begins the ids in the plot, which must be unique on a page.

    Returns:
        One `<svg>` element; a planted truth is a dashed line.
    """
    first = rows[0]
    kind = story.kind(first["metric"])
    axis = _Axis(kind, rows)
    title = f"{forest.short(first['metric'], _LETTERS)}, {forest.short(first['contrast'])}"
    unit = "percentage points" if kind == PROPORTION else "the metric's unit"
    parts = [
        f'<text class="h" x="0" y="16">{escape(title)}</text>',
        _tick(WIDTH - _RIGHT, 16, f"difference in {unit}", "end"),
        axis.drawn(),
    ]
    spaced = _places(len(rows))
    for shown, (x, row) in enumerate(zip(spaced, rows, strict=True)):
        parts.append(_look(axis, x, row))
        if shown % math.ceil(len(rows) / _MOST_DATES) == 0:
            parts.append(_tick(x, _TOP + _HEIGHT + 18, str(row["as_of"]), "middle"))
    return forest.figure(
        "".join(parts),
        height=_TOP + _HEIGHT + _BELOW,
        title=f"{title}, look by look",
        described=[f"{row['as_of']}: {story.sentence(row)}" for row in rows],
        name=name,
    )


class _Axis:
    """The vertical axis: what it spans, and where a value lies."""

    def __init__(self, kind: str, rows: Sequence[Row]) -> None:
        self._factor = forest.scale(kind)
        values = [number(row, name) for row in rows for name in ("estimate", "lower", "upper", "truth")]
        self._low, self._high = forest.bounds([value * self._factor for value in values])
        self._truths = sorted({row["truth"] for row in rows if row.get("truth") is not None})

    def at(self, value: float) -> float:
        """Where a value of the metric lies; one without bound at the edge."""
        inside = min(max(value * self._factor, self._low), self._high)
        return _TOP + _HEIGHT * (self._high - inside) / (self._high - self._low)

    def drawn(self) -> str:
        """Grid, ticks and zero; the truth, if it is the same at all looks."""
        marks = forest.ticks(self._low, self._high)
        parts = []
        for mark, said in zip(marks, forest.tick_words(marks), strict=True):
            y = self.at(mark / self._factor)
            parts += [_across("g", y), _tick(_LEFT - 8, y + 4, said, "end")]
        parts.append(_across("z", self.at(0.0)))
        if len(self._truths) == 1:
            parts.append(_across("p", self.at(self._truths[0])))
        return "".join(parts)


def _places(count: int) -> list[float]:
    """Where looks stand, from left to right."""
    width = WIDTH - _LEFT - _RIGHT
    return [_LEFT + width * (i + 0.5) / count for i in range(count)]


def _look(axis: _Axis, x: float, row: Row) -> str:
    estimate, lower, upper = (number(row, name) for name in ("estimate", "lower", "upper"))
    if not math.isfinite(estimate):
        return ""
    ends = [
        axis.at(-math.inf if math.isnan(lower) else lower),
        axis.at(math.inf if math.isnan(upper) else upper),
    ]
    return (
        f'<line class="i" x1="{x:.1f}" x2="{x:.1f}" y1="{ends[0]:.1f}" y2="{ends[1]:.1f}"/>'
        f'<circle class="e" cx="{x:.1f}" cy="{axis.at(estimate):.1f}" r="5"/>'
    )


def _across(style: str, y: float) -> str:
    return f'<line class="{style}" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'


def _tick(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text class="t" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
