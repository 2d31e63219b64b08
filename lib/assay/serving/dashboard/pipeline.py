"""The page *Pipeline*: what every run did, took and cost."""

from __future__ import annotations

import pandas as pd
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from assay.serving.dashboard import charts, page, reading
from assay.serving.dashboard.reading import Query

_COLUMNS: dict[str, ColumnConfig | str | None] = {
    "run_id": st.column_config.TextColumn("run", pinned=True),
    "week": st.column_config.DateColumn("week"),
    "job": "job",
    "state": "state",
    "rows_in": st.column_config.NumberColumn("rows in", format="localized"),
    "rows_out": st.column_config.NumberColumn("rows out", format="localized"),
    "rows_quarantined": st.column_config.NumberColumn("set aside", format="localized"),
    "seconds": st.column_config.NumberColumn("seconds", format="%.1f"),
    "dollars": st.column_config.NumberColumn("dollars", format="$%.4f", help="Price of the compute in AWS."),
    "started_at": st.column_config.DatetimeColumn("started, UTC"),
    "error": "error",
}
"""Column of a run's job → how it is shown; in this order."""


def show(query: Query) -> None:
    """Show the page.

    Args:
        query: Answers SQL.
    """
    page.show("Pipeline", query, reading.runs, _draw)


def _draw(runs: pd.DataFrame) -> None:
    count, failed, seconds, dollars = st.columns(4)
    count.metric("runs", f"{runs['run_id'].nunique():,}")
    failed.metric("jobs failed", f"{int((runs['state'] == 'FAILED').sum()):,}")
    seconds.metric("seconds", f"{runs['seconds'].sum():,.0f}")
    dollars.metric("dollars", f"{runs['dollars'].sum():,.2f}")
    st.dataframe(runs[list(_COLUMNS)], column_config=_COLUMNS, hide_index=True, width="stretch", key="runs")
    st.altair_chart(charts.seconds(runs), width="stretch")
