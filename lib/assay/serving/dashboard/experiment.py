"""One experiment, whole: its answer in words, its looks, arms and segments, its health and certificates."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from assay.serving.dashboard import page, words
from assay.serving.dashboard.charts import experiments as charts
from assay.serving.dashboard.page import NUMBER
from assay.serving.dashboard.reading import Query
from assay.serving.dashboard.reading import experiments as reading

_KEYS = ["metric", "contrast", "method"]
_NUMBERS: page.Columns = {
    "estimate": st.column_config.NumberColumn("estimate", format=NUMBER),
    "lower": st.column_config.NumberColumn("lower", format=NUMBER),
    "upper": st.column_config.NumberColumn("upper", format=NUMBER),
    "p_value": st.column_config.NumberColumn("p", format="%.3g"),
}
_LEVEL = st.column_config.NumberColumn(
    "level", format="%.3g", help="What the p-value of the look is held to."
)
_TYPE_I: page.Columns = {
    "type_i_error": st.column_config.NumberColumn("type I here", format="percent"),
    "type_i_lower": st.column_config.NumberColumn("from", format="percent"),
    "type_i_upper": st.column_config.NumberColumn("to", format="percent"),
}
_LOOKS: page.Columns = {
    "as_of": st.column_config.DateColumn("look"),
    "contrast": "contrast",
    "method": "method",
    "decision": "decision",
    **_NUMBERS,
    "alpha_corrected": _LEVEL,
    "probability_greater": st.column_config.NumberColumn("P(greater)", format="percent"),
    "truth": st.column_config.NumberColumn("planted", format=NUMBER),
    "mean_control": st.column_config.NumberColumn("mean, control", format=NUMBER),
    "mean_treatment": st.column_config.NumberColumn("mean, treatment", format=NUMBER),
    "n_control": st.column_config.NumberColumn("units, control", format="localized"),
    "n_treatment": st.column_config.NumberColumn("units, treatment", format="localized"),
    **_TYPE_I,
}
_SEGMENTS: page.Columns = {
    "segment": st.column_config.TextColumn("segment", pinned=True),
    "metric": "metric",
    "contrast": "contrast",
    "method": "method",
    "decision": "decision",
    **_NUMBERS,
    "alpha_corrected": _LEVEL,
    "truth": st.column_config.NumberColumn("planted", format=NUMBER),
    "n_control": st.column_config.NumberColumn("units, control", format="localized"),
    "n_treatment": st.column_config.NumberColumn("units, treatment", format="localized"),
}
_HEALTH: page.Columns = {
    "check": "check",
    "status": "status",
    "detail": "what it found",
    "value": st.column_config.NumberColumn("value", format=NUMBER),
    "p_value": st.column_config.NumberColumn("p", format="%.3g"),
    "as_of": st.column_config.DateColumn("look"),
}
_CERTIFICATES: page.Columns = {
    "metric": "metric",
    "method": "method",
    "verdict": "verdict",
    "type_i_error": st.column_config.NumberColumn("type I", format="percent"),
    "lower": st.column_config.NumberColumn("from", format="percent"),
    "upper": st.column_config.NumberColumn("to", format="percent"),
    "coverage": st.column_config.NumberColumn("coverage", format="percent"),
    "lift": st.column_config.NumberColumn("at a lift of", format="percent"),
    "power": st.column_config.NumberColumn("power", format="percent"),
    "replicates": st.column_config.NumberColumn("replicates", format="localized"),
    "recommendation": "what to use",
    "certificate_id": "certificate",
}
_SHARES: page.Columns = {
    "arm": "arm",
    "total": st.column_config.NumberColumn("at most", format=NUMBER),
    "share": st.column_config.NumberColumn("share of units", format="percent"),
}


def show(query: Query, experiment: str) -> None:
    """Show one experiment.

    Args:
        query: Answers SQL.
        experiment: Its id.
    """
    with page.told():
        looks = query(reading.looks(experiment))
        newest = looks.groupby(_KEYS).tail(1)
        st.markdown("\n".join(f"- {_plain(words.sentence(row))}" for row in newest.to_dict("records")))
        _health(query, experiment)
        st.subheader("Looks")
        metric = st.selectbox("Metric", sorted(looks["metric"].unique()))
        _looks(looks[looks["metric"] == metric], metric)
        _arms(query, experiment, newest)
        _segments(query, experiment, metric)
        _certificates(query, newest)


def _plain(text: str) -> str:
    """The text as Markdown shows it letter by letter."""
    return "".join(f"\\{letter}" if letter in "\\`*_{}[]<>#+!|~$:" else letter for letter in text)


def _looks(looks: pd.DataFrame, metric: str) -> None:
    st.caption(words.of_the_looks(looks))
    left, right = st.columns(2)
    with left:
        page.chart(
            f"The difference in {metric} at each look with its interval, as in the table",
            charts.over_looks,
            looks,
        )
    with right:
        page.chart(
            f"The evidence of each look at {metric} against what the plan holds it to", charts.evidence, looks
        )
    page.table(looks, _LOOKS, "looks")


def _health(query: Query, experiment: str) -> None:
    page.part(
        "Health",
        query,
        reading.health(experiment),
        lambda found: page.table(found, _HEALTH, "health"),
        empty="This experiment was not checked yet.",
    )


def _arms(query: Query, experiment: str, newest: pd.DataFrame) -> None:
    page.part(
        "Units of each arm",
        query,
        reading.totals(experiment),
        lambda totals: _distribution(totals, newest),
        empty="No unit has done anything since its exposure yet, or the metrics are no sums.",
    )


def _distribution(totals: pd.DataFrame, newest: pd.DataFrame) -> None:
    measure = st.selectbox("Measure", sorted(totals["measure"].unique()))
    found = shares(totals[totals["measure"] == measure], units(newest))
    page.chart(f"The share of each arm's units with at most so much {measure}", charts.distribution, found)
    page.table(found, _SHARES, "shares")


def units(newest: pd.DataFrame) -> dict[str, int]:
    """Arm → units that the newest look counts.

    Args:
        newest: Rows of `reading.experiments.looks`, of one look.
    """
    return {
        **dict(zip(newest["treatment"], newest["n_treatment"], strict=True)),
        **dict(zip(newest["control"], newest["n_control"], strict=True)),
    }


def shares(totals: pd.DataFrame, units: dict[str, int]) -> pd.DataFrame:
    """The share of each arm's units that have at most so much, those with nothing among them.

    Args:
        totals: Rows of `reading.experiments.totals` of one measure.
        units: Arm → its units.

    Returns:
        `arm`, `total` and `share`, sorted by the first two; an arm without units is left out.
    """
    found = []
    for arm, parts in totals.groupby("arm"):
        of = units.get(str(arm), 0)
        if of:
            idle = pd.DataFrame({"total": [0.0], "units": [max(of - parts["units"].sum(), 0)]})
            steps = pd.concat([parts[["total", "units"]], idle]).sort_values("total")
            steps = steps.assign(arm=arm, share=np.minimum(steps["units"].cumsum() / of, 1.0))
            found.append(steps.drop_duplicates("total", keep="last"))
    columns = ["arm", "total", "share"]
    return pd.concat(found)[columns].reset_index(drop=True) if found else pd.DataFrame(columns=columns)


def _segments(query: Query, experiment: str, metric: str) -> None:
    def draw(segments: pd.DataFrame) -> None:
        st.caption("Segments are explored, not decided on: of many, some differ by chance.")
        if (segments["metric"] == metric).any():
            page.chart(
                f"The difference in {metric} within each segment, as in the table",
                charts.segments,
                segments,
                metric,
            )
        page.table(segments, _SEGMENTS, "segments")

    page.part(
        "Segments",
        query,
        reading.segments(experiment),
        draw,
        empty="The blueprint names no segments for this experiment.",
    )


def _certificates(query: Query, newest: pd.DataFrame) -> None:
    ids = set(newest["certificate_id"].dropna())
    page.part(
        "Certificates",
        query,
        reading.certificates(ids),
        lambda found: page.table(found, _CERTIFICATES, "certificates"),
        empty="No method was certified on these units yet.",
    )
