"""Charts of experiments: all differences of a metric, one experiment's looks, its units and its segments."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from assay.serving.dashboard.charts import marks

_HINTS = ("contrast", "method", "decision", "estimate", "lower", "upper", "p_value", "truth")
_LEAST_P = 1e-12  # smaller ones lie on the edge; a logarithm of 0 lies nowhere


def forest(results: pd.DataFrame, metric: str) -> alt.LayerChart:
    """The differences of one metric with their intervals, against zero and, where planted, against the truth.

    Args:
        results: Rows of `reading.experiments.RESULTS`.
        metric: The metric; metrics have different units, so that each has a plot of its own.

    Returns:
        A line per experiment, contrast and method; an unbounded interval has no line.
    """
    rows = results[results["metric"] == metric]
    shown = set(rows["decision"])
    return _intervals(rows, "experiment", marks.decision_colour(shown), marks.decision_shape(shown))


def segments(rows: pd.DataFrame, metric: str) -> alt.LayerChart:
    """The difference of one metric within each segment.

    Args:
        rows: Rows of `reading.experiments.segments`.
        metric: The metric.

    Returns:
        A line per segment, contrast and method; one colour, because none of them decides.
    """
    return _intervals(
        rows[rows["metric"] == metric], "segment", alt.value(marks.ORDERED[0]), alt.value("circle")
    )


def over_looks(looks: pd.DataFrame) -> alt.LayerChart:
    """How the estimates of one metric moved, with the interval of each look.

    Args:
        looks: Rows of `reading.experiments.looks` of one metric.

    Returns:
        A mark per look, contrast and method; a tick at the planted truth, where there is one.
    """
    rows = _lines(looks)
    base = alt.Chart(rows).encode(x=marks.looks(), xOffset=alt.XOffset("line:N"))
    interval = base.mark_rule(strokeWidth=2).encode(
        y=alt.Y("lower:Q"), y2="upper:Q", color=marks.colour("line")
    )
    estimate = base.mark_point(size=90, filled=True, opacity=1).encode(
        y=alt.Y("estimate:Q", title="difference (black tick: planted)"),
        color=marks.colour("line"),
        shape=marks.shape("line"),
        tooltip=["look", *_HINTS],
    )
    truth = base.mark_tick(color="black", thickness=2, size=18).encode(y="truth:Q")
    plot: alt.LayerChart = (marks.level(0.0) + interval + truth + estimate).properties(height=marks.HEIGHT)
    return plot


def evidence(looks: pd.DataFrame) -> alt.LayerChart:
    """What decides: the p-value of each look against the level that the plan holds it to.

    Args:
        looks: Rows of `reading.experiments.looks` of one metric.

    Returns:
        Points are p-values, bars the levels: the boundary of a sequential plan, step by step. Under a
        Bayesian plan the points are probabilities that the treatment is the greater.
    """
    rows = _lines(looks)
    if rows["p_value"].isna().all():
        return _against_bound(
            rows.assign(bound=1 - rows["alpha"] / 2),
            "probability_greater",
            alt.Y("probability_greater:Q", title="probability that treatment is greater (bar: the plan's)"),
            alt.Scale(domain=[0, 1]),
        )
    rows = rows.assign(bound=rows["alpha_corrected"], p_value=rows["p_value"].clip(lower=_LEAST_P))
    return _against_bound(
        rows, "p_value", alt.Y("p_value:Q", title="p-value (bar: level of the look)"), alt.Scale(type="log")
    )


def distribution(shares: pd.DataFrame) -> alt.Chart:
    """The share of each arm's units that have at most so much.

    Args:
        shares: Rows with `arm`, `total` and `share`.
    """
    lines: alt.Chart = alt.Chart(shares).mark_line(interpolate="step-after")
    found: alt.Chart = lines.encode(
        x=alt.X("total:Q", title="total of a unit since its exposure", scale=alt.Scale(type="symlog")),
        y=alt.Y("share:Q", title="share of units with at most so much", axis=alt.Axis(format="%")),
        color=marks.colour("arm", "arm"),
        strokeDash=marks.dash("arm", "arm"),
        tooltip=["arm", "total", alt.Tooltip("share:Q", format=".1%")],
    ).properties(height=marks.HEIGHT)
    return found


def _intervals(rows: pd.DataFrame, name: str, colour: Any, shape: Any) -> alt.LayerChart:
    """Differences of one metric from top to bottom, each with its interval, in Altair's colour and shape."""
    rows = rows.assign(line=rows[[name, "contrast", "method"]].agg(" · ".join, axis="columns"))
    base = alt.Chart(rows).encode(y=marks.lines())
    interval = base.mark_rule(strokeWidth=2).encode(x=alt.X("lower:Q"), x2="upper:Q", color=colour)
    estimate = base.mark_point(size=90, filled=True, opacity=1).encode(
        x=alt.X("estimate:Q", title=_axis(rows)), color=colour, shape=shape, tooltip=[name, *_HINTS]
    )
    truth = base.mark_tick(color="black", thickness=2, size=18).encode(x="truth:Q")
    plot: alt.LayerChart = (marks.level(0.0, vertical=True) + interval + truth + estimate).properties(
        height=marks.height(rows["line"].nunique())
    )
    return plot


def _against_bound(rows: pd.DataFrame, shown: str, y: alt.Y, scale: alt.Scale) -> alt.LayerChart:
    base = alt.Chart(rows).encode(x=marks.looks(), xOffset=alt.XOffset("line:N"))
    bound = base.mark_tick(color="black", thickness=2, size=30).encode(y=alt.Y("bound:Q", scale=scale))
    found = base.mark_point(size=90, filled=True, opacity=1).encode(
        y=y,
        color=marks.colour("line"),
        shape=marks.shape("line"),
        tooltip=["look", "contrast", "method", shown, "bound", "decision"],
    )
    plot: alt.LayerChart = (bound + found).properties(height=marks.HEIGHT)
    return plot


def _axis(rows: pd.DataFrame) -> str:
    return f"difference in {rows['metric'].iloc[0]} (black tick: planted truth)"


def _lines(looks: pd.DataFrame) -> pd.DataFrame:
    """With a name per contrast and method, and the look as a text: looks are steps, not moments."""
    return looks.assign(line=looks["contrast"] + " · " + looks["method"], look=looks["as_of"].astype(str))
