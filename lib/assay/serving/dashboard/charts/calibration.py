"""Charts of calibration: p-values against uniform, rates against what is promised, all certificates."""

from __future__ import annotations

import altair as alt
import pandas as pd

from assay.serving.dashboard.charts import marks

_PANEL = 170
_LABELS = 60  # pixels of the names of metrics, which lie aslant
_VERDICTS = {"liberal": "#E69F00", "holds": "#F0F0F0", "conservative": "#56B4E9"}


def uniformity(steps: pd.DataFrame) -> alt.FacetChart:
    """The share of p-values that are at most so large, against the diagonal and its band.

    Args:
        steps: Rows of `calibration.steps`: `panel`, `p_value`, `share`, `low` and `high`.

    Returns:
        A panel per metric and method.
    """
    base = alt.Chart(steps)
    x = alt.X("p_value:Q", title="p-value", scale=alt.Scale(domain=[0, 1]))
    band = base.mark_area(color="#56B4E9", opacity=0.3).encode(x=x, y=alt.Y("low:Q"), y2="high:Q")
    line = base.mark_line(interpolate="step-after", color="#0072B2").encode(
        x=x,
        y=alt.Y("share:Q", title="share of p-values at most so large", scale=alt.Scale(domain=[0, 1])),
        tooltip=["panel", "p_value", "share", "low", "high"],
    )
    plot: alt.FacetChart = (
        (band + line)
        .properties(width=_PANEL, height=_PANEL)
        .facet(facet=alt.Facet("panel:N", title=None), columns=4)
    )
    return plot


def against_promised(rates: pd.DataFrame, axis: str) -> alt.LayerChart:
    """Measured rates with their bands, each against the rate that is promised.

    Args:
        rates: Rows with `line`, `rate`, `lower`, `upper` and `promised`.
        axis: What the rate is.

    Returns:
        A line per row; the black tick is what is promised.
    """
    base = alt.Chart(rates).encode(y=marks.lines())
    colour = alt.condition(
        "datum.promised >= datum.lower && datum.promised <= datum.upper",
        alt.value("#0072B2"),
        alt.value("#D55E00"),
    )
    shape = alt.condition(
        "datum.promised >= datum.lower && datum.promised <= datum.upper",
        alt.value("circle"),
        alt.value("triangle-up"),
    )
    band = base.mark_rule(strokeWidth=2).encode(x=alt.X("lower:Q"), x2="upper:Q", color=colour)
    rate = base.mark_point(size=90, filled=True, opacity=1).encode(
        x=alt.X("rate:Q", title=f"{axis} (black tick: promised)", axis=alt.Axis(format="%")),
        color=colour,
        shape=shape,
        tooltip=["line", "rate", "lower", "upper", "promised"],
    )
    promised = base.mark_tick(color="black", thickness=2, size=18).encode(x="promised:Q")
    plot: alt.LayerChart = (band + promised + rate).properties(height=marks.height(rates["line"].nunique()))
    return plot


def over_weeks(rates: pd.DataFrame, axis: str) -> alt.LayerChart:
    """A rate of each look with its band, against what is promised.

    Args:
        rates: Rows with `as_of`, `method`, `rate`, `lower`, `upper` and `promised`.
        axis: What the rate is.
    """
    rows = rates.assign(look=rates["as_of"].astype(str))
    base = alt.Chart(rows).encode(x=marks.looks(), xOffset=alt.XOffset("method:N"))
    band = base.mark_rule(strokeWidth=2).encode(
        y=alt.Y("lower:Q"), y2="upper:Q", color=marks.colour("method")
    )
    rate = base.mark_point(size=90, filled=True, opacity=1).encode(
        y=alt.Y(
            "rate:Q",
            title=f"{axis} (black tick: promised)",
            axis=alt.Axis(format="%"),
            scale=alt.Scale(zero=False),
        ),
        color=marks.colour("method"),
        shape=marks.shape("method"),
        tooltip=["look", "method", "rate", "lower", "upper", "promised"],
    )
    promised = base.mark_tick(color="black", thickness=2, size=18).encode(y="promised:Q")
    plot: alt.LayerChart = (band + promised + rate).properties(height=marks.HEIGHT)
    return plot


def heat_map(certificates: pd.DataFrame) -> alt.LayerChart:
    """The measured type I error of each method on each metric, coloured by its verdict.

    Args:
        certificates: Rows of the question `methods`.

    Returns:
        A cell per method and metric; the number stands in it.
    """
    base = alt.Chart(certificates).encode(
        x=alt.X("metric:N", title=None, axis=alt.Axis(labelAngle=-30, labelLimit=240)),
        y=alt.Y("method:N", title=None, axis=alt.Axis(labelOverlap=False)),
    )
    verdicts = alt.Scale(domain=list(_VERDICTS), range=list(_VERDICTS.values()))
    cells = base.mark_rect(stroke="white").encode(
        color=alt.Color("verdict:N", scale=verdicts, legend=alt.Legend(orient="bottom")),
        tooltip=["metric", "method", "verdict", "type_i_error", "lower", "upper", "alpha"],
    )
    numbers = base.mark_text(color="black").encode(text=alt.Text("type_i_error:Q", format=".1%"))
    plot: alt.LayerChart = (cells + numbers).properties(
        height=marks.height(certificates["method"].nunique()) + _LABELS
    )
    return plot
