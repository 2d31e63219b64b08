"""Charts of the market: closes, traded value, and what portfolios are worth."""

from __future__ import annotations

import altair as alt
import pandas as pd

from assay.serving.dashboard.charts import marks


def closes(days: pd.DataFrame) -> alt.LayerChart:
    """The close of each day with the day's range, a line per asset.

    Args:
        days: Rows of `reading.market.days`.
    """
    base = alt.Chart(days).encode(x=alt.X("day:T", title=None), color=marks.colour("asset"))
    span = base.mark_rule(opacity=0.4).encode(y=alt.Y("low:Q"), y2="high:Q")
    line = base.mark_line().encode(
        y=alt.Y("close:Q", title="close", scale=alt.Scale(zero=False)), strokeDash=marks.dash("asset")
    )
    points = base.mark_point(filled=True).encode(
        y="close:Q", shape=marks.shape("asset"), tooltip=["asset", "day", "open", "high", "low", "close"]
    )
    plot: alt.LayerChart = (span + line + points).properties(height=marks.HEIGHT)
    return plot


def traded(days: pd.DataFrame) -> alt.Chart:
    """The value traded on each day, by asset.

    Args:
        days: Rows of `reading.market.days`.
    """
    bars: alt.Chart = alt.Chart(days).mark_bar()
    found: alt.Chart = bars.encode(
        x=alt.X("day:T", title=None),
        y=alt.Y("traded_value:Q", title="traded value"),
        color=marks.colour("asset"),
        tooltip=["asset", "day", "traded_value", "trades", "customers"],
    ).properties(height=marks.HEIGHT)
    return found


def portfolios(days: pd.DataFrame) -> alt.Chart:
    """What the customers of each country hold, day by day.

    Args:
        days: Rows of `reading.market.PORTFOLIOS`.
    """
    lines: alt.Chart = alt.Chart(days).mark_line(point=True)
    found: alt.Chart = lines.encode(
        x=alt.X("day:T", title=None),
        y=alt.Y("market_value:Q", title="market value, currency of account"),
        color=marks.colour("portfolio"),
        shape=marks.shape("portfolio"),
        tooltip=["portfolio", "day", "market_value", "profit", "traded"],
    ).properties(height=marks.HEIGHT)
    return found
