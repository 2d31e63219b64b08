"""The page *Experiments*: what every decided comparison says, and whether it is right."""

from __future__ import annotations

import pandas as pd
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from assay.serving.dashboard import charts, page, reading, words
from assay.serving.dashboard.reading import Query
from assay.spec.canaries import is_canary

_NUMBER = "%.4g"
_COLUMNS: dict[str, ColumnConfig | str | None] = {
    "experiment": st.column_config.TextColumn("experiment", pinned=True),
    "metric": "metric",
    "contrast": "contrast",
    "decision": "decision",
    "verdict": st.column_config.TextColumn("verdict", help="The decision beside the planted truth."),
    "estimate": st.column_config.NumberColumn("estimate", format=_NUMBER, help="Treatment minus control."),
    "lower": st.column_config.NumberColumn("lower", format=_NUMBER, help="Lower end of the interval."),
    "upper": st.column_config.NumberColumn("upper", format=_NUMBER, help="Upper end of the interval."),
    "truth": st.column_config.NumberColumn("planted", format=_NUMBER, help="The planted difference."),
    "p_value": st.column_config.NumberColumn("p", format="%.3g"),
    "type_i_error": st.column_config.NumberColumn(
        "type I here",
        format="percent",
        help="How often the method rejects a true null on units like these, as its certificate measured.",
    ),
    "n_control": st.column_config.NumberColumn("units, control", format="localized"),
    "n_treatment": st.column_config.NumberColumn("units, treatment", format="localized"),
    "method": "method",
    "as_of": st.column_config.DateColumn("as of"),
}
"""Column of a result → how it is shown; in this order."""


def show(query: Query) -> None:
    """Show the page.

    Args:
        query: Answers SQL.
    """
    page.show("Experiments", query, reading.results, _draw)


def _draw(results: pd.DataFrame) -> None:
    canaries = results["experiment"].map(is_canary)
    if canaries.any() and not st.toggle(f"Show {results[canaries]['experiment'].nunique():,} canaries"):
        results = results[~canaries]
    if results.empty:
        st.info("Only canaries have been decided so far.")
        return
    results = results.assign(verdict=words.verdicts(results))
    st.caption(words.summary(results["verdict"]))
    st.dataframe(
        results[list(_COLUMNS)], column_config=_COLUMNS, hide_index=True, width="stretch", key="results"
    )
    metric = st.selectbox("Metric", sorted(results["metric"].unique()))
    st.altair_chart(charts.forest(results, metric), width="stretch")
