"""The page *Pipeline*: the workflow as it stands, and what every run did, took and cost."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from assay.serving.dashboard import follow, page
from assay.serving.dashboard.charts import pipeline as charts
from assay.serving.dashboard.reading import Query
from assay.serving.dashboard.reading import pipeline as reading

_COUNTS: page.Columns = {
    "rows_in": st.column_config.NumberColumn("rows in", format="localized"),
    "rows_out": st.column_config.NumberColumn("rows out", format="localized"),
    "rows_quarantined": st.column_config.NumberColumn("set aside", format="localized"),
    "seconds": st.column_config.NumberColumn("seconds", format="%.1f"),
}
_RUNS: page.Columns = {
    "run_id": st.column_config.TextColumn("run", pinned=True),
    "week": st.column_config.DateColumn("week"),
    "job": "job",
    "state": "state",
    **_COUNTS,
    "dollars": st.column_config.NumberColumn("dollars", format="$%.4f", help="Price of the compute in AWS."),
    "started_at": st.column_config.DatetimeColumn("started, UTC"),
    "error": "error",
    "warnings": "warnings",
}
_STEPS: page.Columns = {
    "job": "job",
    "step": "step",
    "state": "state",
    **_COUNTS,
    "error": "error",
    "warnings": "warnings",
}
_FRESHNESS: page.Columns = {
    "table_name": "table",
    "newest": st.column_config.DateColumn("newest day"),
    "days_behind": st.column_config.NumberColumn("days before the newest week's end"),
}


def show(query: Query) -> None:
    """Show the page.

    Args:
        query: Answers SQL.
    """
    page.show("Pipeline", query, reading.RUNS, partial(_draw, query))


def _draw(query: Query, runs: pd.DataFrame) -> None:
    count, failed, aside, seconds, dollars = st.columns(5)
    count.metric("runs", f"{runs['run_id'].nunique():,}")
    failed.metric("jobs failed", f"{int((runs['state'] == 'FAILED').sum()):,}")
    aside.metric("rows set aside", f"{int(runs['rows_quarantined'].sum()):,}")
    seconds.metric("seconds", f"{runs['seconds'].sum():,.0f}")
    dollars.metric("dollars", f"{runs['dollars'].sum():,.2f}")
    st.caption("Gold tells of a run's last jobs once the next has run; how the newest stands is shown below.")
    page.table(runs, _RUNS, "runs")
    page.chart("The seconds of each run by job, as in the table", charts.seconds, runs)
    page.part(
        "How fresh tables are",
        query,
        reading.freshness(),
        lambda found: page.table(found, _FRESHNESS, "freshness"),
        empty="Not every table of gold is there yet.",
    )
    st.subheader("The workflow")
    with page.told():
        _workflow()
    st.subheader("The steps of a run")
    with page.told():
        _steps(list(dict.fromkeys(runs["run_id"])))


def _workflow() -> None:
    newest = follow.runs()
    if newest:
        st.caption(
            f"As run {newest[0].id} of week {newest[0].week or 'unknown'} left it: {newest[0].status}."
        )
    follow.drawn(newest[0] if newest else None)


def _steps(runs: list[str]) -> None:
    chosen = str(st.selectbox("Run", runs))
    steps = follow.steps(chosen)
    if steps.empty:
        st.info("The journal has no entry of this run: it keeps them for 90 days.")
        return
    page.table(steps, _STEPS, "steps")
