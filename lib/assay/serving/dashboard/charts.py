"""The charts of the pages.

Colours are those of Okabe and Ito, which colour-blind people tell apart; what a colour says, a shape or a
label says as well, and every number of a chart stands in the table beside it.

References:
    Okabe and Ito (2008), "Color Universal Design".
"""

from __future__ import annotations

import altair as alt
import pandas as pd

DECISIONS = {
    "better": ("#0072B2", "triangle-up"),
    "worse": ("#D55E00", "triangle-down"),
    "no difference shown": ("#666666", "circle"),
    "within margin": ("#56B4E9", "square"),
    "harmed": ("#E69F00", "diamond"),
    "margin not shown": ("#009E73", "triangle-right"),
    "invalid: sample ratio mismatch": ("#CC79A7", "cross"),
}
"""Decision of a final look → colour and shape."""
_ORDERED = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7", "#666666")
_ROW = 28  # pixels per line of a forest plot


def forest(results: pd.DataFrame, metric: str) -> alt.LayerChart:
    """The differences of one metric with their intervals, against zero and, where planted, against the truth.

    Args:
        results: Rows of `reading.results`.
        metric: The metric; metrics have different units, so that each has a plot of its own.

    Returns:
        A line per experiment, contrast and method; an unbounded interval has no line.
    """
    rows = results[results["metric"] == metric].copy()
    rows["line"] = rows["experiment"] + " · " + rows["contrast"] + " · " + rows["method"]
    base = alt.Chart(rows).encode(y=alt.Y("line:N", title=None, axis=alt.Axis(labelLimit=420)))
    names = list(DECISIONS)
    colour = alt.Color(
        "decision:N",
        scale=alt.Scale(domain=names, range=[DECISIONS[name][0] for name in names]),
        legend=alt.Legend(title="decision", orient="bottom"),
    )
    shape = alt.Shape(
        "decision:N", scale=alt.Scale(domain=names, range=[DECISIONS[name][1] for name in names])
    )
    hints = ["experiment", "contrast", "method", "decision", "estimate", "lower", "upper", "p_value", "truth"]
    interval = base.mark_rule(strokeWidth=2).encode(x=alt.X("lower:Q"), x2="upper:Q", color=colour)
    estimate = base.mark_point(size=90, filled=True, opacity=1).encode(
        x=alt.X("estimate:Q", title=f"difference in {metric} (black tick: planted truth)"),
        color=colour,
        shape=shape,
        tooltip=hints,
    )
    truth = base.mark_tick(color="black", thickness=2, size=18).encode(x="truth:Q")
    zero = alt.Chart(pd.DataFrame({"zero": [0.0]})).mark_rule(strokeDash=[4, 4]).encode(x="zero:Q")
    height = _ROW * max(rows["line"].nunique(), 2)
    plot: alt.LayerChart = (zero + interval + truth + estimate).properties(height=height)
    return plot


def seconds(runs: pd.DataFrame) -> alt.Chart:
    """How long each run took, by job.

    Args:
        runs: Rows of `reading.runs`.
    """
    bars: alt.Chart = alt.Chart(runs).mark_bar()
    colour = alt.Color("job:N", scale=alt.Scale(range=list(_ORDERED)), legend=alt.Legend(orient="bottom"))
    found: alt.Chart = bars.encode(
        x=alt.X("seconds:Q", title="seconds"),
        y=alt.Y("run_id:N", title=None, sort=list(dict.fromkeys(runs["run_id"]))),
        color=colour,
        tooltip=["run_id", "job", "state", "seconds", "rows_in", "rows_out", "dollars"],
    )
    return found
