"""The forest plot as an Altair chart, for notebooks: a panel per metric, as each has a unit of its own.

Colours are those of Okabe and Ito, which colour-blind people tell apart; a shape says the same.

References:
    Okabe and Ito (2008), "Color Universal Design".
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from math import isfinite
from typing import TYPE_CHECKING

from assay.errors import InputError

if TYPE_CHECKING:
    import altair as alt

    from assay.serving.analysis.result import Comparison

_DECISIONS = {
    "higher": ("#0072B2", "triangle-up"),
    "lower": ("#D55E00", "triangle-down"),
    "no difference shown": ("#666666", "circle"),
    "invalid": ("#CC79A7", "cross"),
    "cannot be judged": ("#CC79A7", "diamond"),
}
_HINTS = ("metric", "contrast", "method", "decision", "estimate", "lower", "upper", "p_value")
_ROW = 28  # pixels per line


def forest(rows: Sequence[Comparison]) -> alt.VConcatChart:
    """The plot of all comparisons.

    Args:
        rows: Comparisons, those of one metric beside each other. An unbounded interval has no line.

    Raises:
        InputError: Altair is not installed.
    """
    try:
        import altair as alt
    except ImportError:
        raise InputError("charts need Altair; install it with `pip install 'assay[dashboard]'`") from None
    panels = [_panel(metric, list(mine)) for metric, mine in groupby(rows, key=lambda row: row.metric)]
    return alt.vconcat(*panels)


def _panel(metric: str, rows: Sequence[Comparison]) -> alt.LayerChart:
    import altair as alt
    import pandas as pd

    said = list(_DECISIONS)
    colours, shapes = (list(each) for each in zip(*_DECISIONS.values(), strict=True))
    colour = alt.Color("judged:N", scale=alt.Scale(domain=said, range=colours), legend=None)
    shape = alt.Shape("judged:N", scale=alt.Scale(domain=said, range=shapes), legend=None)
    base = alt.Chart(pd.DataFrame([_point(row) for row in rows])).encode(
        y=alt.Y("contrast:N", title=None, axis=alt.Axis(labelLimit=420))
    )
    interval = base.mark_rule(strokeWidth=2).encode(x=alt.X("lower:Q"), x2="upper:Q", color=colour)
    estimate = base.mark_point(size=90, filled=True, opacity=1).encode(
        x=alt.X("estimate:Q", title=f"difference in {metric}"),
        color=colour,
        shape=shape,
        tooltip=list(_HINTS),
    )
    zero = alt.Chart(pd.DataFrame({"zero": [0.0]})).mark_rule(strokeDash=[4, 4]).encode(x="zero:Q")
    plot: alt.LayerChart = (zero + interval + estimate).properties(height=_ROW * max(len(rows), 2))
    return plot


def _point(row: Comparison) -> dict[str, object]:
    """What the panel shows of a comparison; what is not finite is left out, as JSON has no word for it."""
    whole = {name: getattr(row, name) for name in _HINTS}
    if not (isfinite(row.lower) and isfinite(row.upper)):
        whole |= {"lower": None, "upper": None}
    known = {name: None if isinstance(v, float) and not isfinite(v) else v for name, v in whole.items()}
    return known | {"judged": row.decision.partition(":")[0]}
