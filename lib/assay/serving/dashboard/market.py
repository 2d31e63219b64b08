"""The page *Market*: prices, trade, sources that do not agree, and what customers hold."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from assay.serving.dashboard import page
from assay.serving.dashboard.charts import market as charts
from assay.serving.dashboard.reading import Query
from assay.serving.dashboard.reading import market as reading

_MOST = 7
"""Assets in one chart: as many as there are colours."""
_AT_FIRST = 3
_MONEY = "%.2f"
_ASSETS: page.Columns = {
    "asset": st.column_config.TextColumn("asset", pinned=True),
    "exchange": "exchange",
    "currency": "currency",
    "day": st.column_config.DateColumn("newest day"),
    "close": st.column_config.NumberColumn("close", format=_MONEY),
    "traded_value": st.column_config.NumberColumn("traded value", format="localized"),
    "trades": st.column_config.NumberColumn("trades", format="localized"),
    "volatility": st.column_config.NumberColumn("volatility, a year", format="percent"),
    "disputed": st.column_config.NumberColumn("days with dissent", format="localized"),
}
_DAYS: page.Columns = {
    "asset": st.column_config.TextColumn("asset", pinned=True),
    "day": st.column_config.DateColumn("day"),
    "open": st.column_config.NumberColumn("open", format=_MONEY),
    "high": st.column_config.NumberColumn("high", format=_MONEY),
    "low": st.column_config.NumberColumn("low", format=_MONEY),
    "close": st.column_config.NumberColumn("close", format=_MONEY),
    "adjusted_close": st.column_config.NumberColumn("after splits", format=_MONEY),
    "traded_value": st.column_config.NumberColumn("traded value", format="localized"),
    "trades": st.column_config.NumberColumn("trades", format="localized"),
    "customers": st.column_config.NumberColumn("customers", format="localized"),
}
_DISSENT: page.Columns = {
    "asset": st.column_config.TextColumn("asset", pinned=True),
    "day": st.column_config.DateColumn("day"),
    "close": st.column_config.NumberColumn("chosen price", format=_MONEY),
    "currency": "currency",
    "sources": "sources",
    "dissenting": "dissenting",
    "spread": st.column_config.NumberColumn("spread", format="percent"),
}
_PORTFOLIOS: page.Columns = {
    "portfolio": st.column_config.TextColumn("customers of", pinned=True),
    "day": st.column_config.DateColumn("day"),
    "market_value": st.column_config.NumberColumn("market value", format="localized"),
    "profit": st.column_config.NumberColumn("profit", format="localized"),
    "traded": st.column_config.NumberColumn("traded", format="localized"),
}


def show(query: Query) -> None:
    """Show the page.

    Args:
        query: Answers SQL.
    """
    page.show("Market", query, reading.ASSETS, partial(_draw, query))


def _draw(query: Query, assets: pd.DataFrame) -> None:
    page.table(assets, _ASSETS, "assets")
    chosen = st.multiselect(
        "Assets to draw",
        list(assets["asset"]),
        default=list(assets["asset"][:_AT_FIRST]),
        max_selections=_MOST,
    )
    page.part("Prices and trade", query, reading.days(chosen), _days, empty="Choose an asset above.")
    page.part(
        "Where sources do not agree",
        query,
        reading.DISSENT,
        lambda found: page.table(found, _DISSENT, "dissent"),
        empty="All sources agree on every price.",
    )
    page.part(
        "What customers hold",
        query,
        reading.PORTFOLIOS,
        _portfolios,
        empty="No portfolio is known yet.",
    )


def _days(days: pd.DataFrame) -> None:
    left, right = st.columns(2)
    with left:
        page.chart("The close of each day with its range, as in the table", charts.closes, days)
    with right:
        page.chart("The value traded on each day, as in the table", charts.traded, days)
    page.table(days, _DAYS, "days")


def _portfolios(days: pd.DataFrame) -> None:
    page.chart(
        "The market value of what customers hold, by country, as in the table", charts.portfolios, days
    )
    page.table(days, _PORTFOLIOS, "portfolios")
