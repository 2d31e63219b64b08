"""The page *Experiments*: what every comparison says, and whether it is right; then one experiment."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from assay.serving.dashboard import experiment, page, words
from assay.serving.dashboard.charts import experiments as charts
from assay.serving.dashboard.page import NUMBER
from assay.serving.dashboard.reading import Query
from assay.serving.dashboard.reading import experiments as reading
from assay.spec.canaries import is_canary

ALL = "all experiments"
_COLUMNS: page.Columns = {
    "experiment": st.column_config.TextColumn("experiment", pinned=True),
    "metric": "metric",
    "decision": "decision",
    "estimate": st.column_config.NumberColumn("estimate", format=NUMBER, help="Treatment minus control."),
    "lower": st.column_config.NumberColumn("lower", format=NUMBER, help="Lower end of the interval."),
    "upper": st.column_config.NumberColumn("upper", format=NUMBER, help="Upper end of the interval."),
    "truth": st.column_config.NumberColumn("planted", format=NUMBER, help="The planted difference."),
    "p_value": st.column_config.NumberColumn("p", format="%.3g"),
    "type_i_error": st.column_config.NumberColumn(
        "type I here",
        format="percent",
        help="How often the method rejects a true null on units like these, as its certificate measured.",
    ),
    "verdict": st.column_config.TextColumn("verdict", help="The decision beside the planted truth."),
    "n_control": st.column_config.NumberColumn("units, control", format="localized"),
    "n_treatment": st.column_config.NumberColumn("units, treatment", format="localized"),
    "contrast": "contrast",
    "method": "method",
    "as_of": st.column_config.DateColumn("as of"),
}


def show(query: Query) -> None:
    """Show the page.

    Args:
        query: Answers SQL.
    """
    page.show("Experiments", query, reading.RESULTS, partial(_draw, query))


def _draw(query: Query, results: pd.DataFrame) -> None:
    canaries = results["experiment"].map(is_canary)
    if canaries.any() and not st.toggle(f"Show {results[canaries]['experiment'].nunique():,} canaries"):
        results = results[~canaries]
    if results.empty:
        st.info("There are only canaries so far.")
        return
    names = [ALL, *sorted(results["experiment"].unique())]
    chosen = st.selectbox("Experiment", names, key="experiment", bind="query-params")
    if chosen == ALL:
        _all(results)
    else:
        experiment.show(query, chosen)


def _all(results: pd.DataFrame) -> None:
    results = results.assign(verdict=words.verdicts(results))
    st.caption(words.summary(results["verdict"]))
    page.table(results, _COLUMNS, "results")
    decided = results[results["decision"] != words.RUNNING]
    if decided.empty:
        st.info("No experiment has decided yet; choose one above to see its looks.")
        return
    metric = st.selectbox("Metric", sorted(decided["metric"].unique()))
    page.chart(
        f"Differences in {metric} with their intervals, a line per decided comparison of the table above",
        charts.forest,
        decided,
        metric,
    )
