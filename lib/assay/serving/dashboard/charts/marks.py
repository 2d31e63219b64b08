"""Colours and shapes that mean the same on every page."""

from __future__ import annotations

from collections.abc import Collection

import altair as alt

DECISIONS = {
    "better": ("#0072B2", "triangle-up"),
    "worse": ("#D55E00", "triangle-down"),
    "no difference shown": ("#666666", "circle"),
    "within margin": ("#56B4E9", "square"),
    "harmed": ("#E69F00", "diamond"),
    "margin not shown": ("#009E73", "triangle-right"),
    "invalid: sample ratio mismatch": ("#CC79A7", "cross"),
    "running": ("#000000", "stroke"),
}
"""Decision of a look → colour and shape."""
STATES = {
    "SUCCEEDED": ("#009E73", "done"),
    "RUNNING": ("#0072B2", "under way"),
    "STARTING": ("#0072B2", "under way"),
    "FAILED": ("#D55E00", "failed"),
    "ERROR": ("#D55E00", "failed"),
    "TIMEOUT": ("#D55E00", "took too long"),
    "STOPPED": ("#E69F00", "stopped"),
    "STOPPING": ("#E69F00", "stopping"),
    "WAITING": ("#666666", "waiting"),
}
"""State of a job's run in Glue → colour and word."""
ORDERED = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7", "#666666")
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "stroke")
DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3])
HEIGHT = 340
"""Pixels of a chart, its axes and legend among them."""
_ROW, _FRAME = 28, 140
_LABEL = 320  # pixels of a legend's label


def height(lines: int) -> int:
    """Pixels of a chart that has so many lines from top to bottom, its axis and legend among them."""
    return _ROW * lines + _FRAME


def looks() -> alt.X:
    """The axis of looks, from left to right."""
    return alt.X("look:O", title="look", axis=alt.Axis(labelAngle=0))


def colour(field: str, title: str | None = None) -> alt.Color:
    """A colour per value of a field."""
    return alt.Color(
        f"{field}:N",
        scale=alt.Scale(range=list(ORDERED)),
        legend=alt.Legend(title=title, orient="bottom", labelLimit=_LABEL),
    )


def shape(field: str, title: str | None = None) -> alt.Shape:
    """A shape per value of a field, in one legend with its colour."""
    return alt.Shape(
        f"{field}:N",
        scale=alt.Scale(range=list(SHAPES)),
        legend=alt.Legend(title=title, orient="bottom", labelLimit=_LABEL),
    )


def dash(field: str, title: str | None = None) -> alt.StrokeDash:
    """A kind of line per value of a field, in one legend with its colour."""
    return alt.StrokeDash(
        f"{field}:N",
        scale=alt.Scale(range=list(DASHES)),
        legend=alt.Legend(title=title, orient="bottom", labelLimit=_LABEL),
    )


def lines() -> alt.Y:
    """The axis of a chart that has a line per row, each with its name."""
    return alt.Y("line:N", title=None, sort=None, axis=alt.Axis(labelLimit=420, labelOverlap=False))


def decision_colour(shown: Collection[str]) -> alt.Color:
    """The colour of each decision; the legend has those that are shown."""
    names = [name for name in DECISIONS if name in shown]
    scale = alt.Scale(domain=names, range=[DECISIONS[name][0] for name in names])
    return alt.Color(
        "decision:N", scale=scale, legend=alt.Legend(title=None, orient="bottom", labelLimit=_LABEL)
    )


def decision_shape(shown: Collection[str]) -> alt.Shape:
    """The shape of each decision, in one legend with its colour."""
    names = [name for name in DECISIONS if name in shown]
    scale = alt.Scale(domain=names, range=[DECISIONS[name][1] for name in names])
    return alt.Shape(
        "decision:N", scale=scale, legend=alt.Legend(title=None, orient="bottom", labelLimit=_LABEL)
    )


def level(at: float, *, vertical: bool = False) -> alt.Chart:
    """A dashed line that everything is compared with: no difference, or a promised rate."""
    import pandas as pd

    line: alt.Chart = alt.Chart(pd.DataFrame({"level": [at]})).mark_rule(strokeDash=[4, 4])
    found: alt.Chart = line.encode(x="level:Q") if vertical else line.encode(y="level:Q")
    return found
