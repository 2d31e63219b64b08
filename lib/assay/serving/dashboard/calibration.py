"""The page *Calibration*: do planted experiments come out as planted, and which methods keep promises?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from assay.serving.dashboard import page
from assay.serving.dashboard.charts import calibration as charts
from assay.serving.dashboard.reading import Query
from assay.serving.dashboard.reading import calibration as reading
from assay.serving.queries import saved

BAND = 0.95
"""Probability with which all of a uniform law's p-values lie within their band."""
_PERCENT = "percent"
_UNIFORM: page.Columns = {
    "panel": "metric · method",
    "n": st.column_config.NumberColumn("p-values", format="localized"),
    "distance": st.column_config.NumberColumn("furthest from uniform", format="%.3f"),
    "bound": st.column_config.NumberColumn("band", format="%.3f"),
    "uniform": "within the band",
}
_AGAINST: page.Columns = {
    "line": "metric · method",
    "results": st.column_config.NumberColumn("results", format="localized"),
    "found": st.column_config.NumberColumn("called different", format="localized"),
    "rate": st.column_config.NumberColumn("rate", format=_PERCENT),
    "lower": st.column_config.NumberColumn("from", format=_PERCENT),
    "upper": st.column_config.NumberColumn("to", format=_PERCENT),
    "promised": st.column_config.NumberColumn("promised", format=_PERCENT),
    "kept": "promised rate in the band",
}
_COVERAGE: page.Columns = {
    "as_of": st.column_config.DateColumn("look"),
    "method": "method",
    "results": st.column_config.NumberColumn("intervals", format="localized"),
    "covered": st.column_config.NumberColumn("hold the truth", format="localized"),
    "rate": st.column_config.NumberColumn("coverage", format=_PERCENT),
    "lower": st.column_config.NumberColumn("from", format=_PERCENT),
    "upper": st.column_config.NumberColumn("to", format=_PERCENT),
    "promised": st.column_config.NumberColumn("promised", format=_PERCENT),
    "kept": "promised rate in the band",
}
_POWER: page.Columns = {
    "metric": "metric",
    "method": "method",
    "results": st.column_config.NumberColumn("results", format="localized"),
    "detected": st.column_config.NumberColumn("found", format="localized"),
    "power": st.column_config.NumberColumn("power", format=_PERCENT),
    "power_lower": st.column_config.NumberColumn("from", format=_PERCENT),
    "power_upper": st.column_config.NumberColumn("to", format=_PERCENT),
    "planted_lift": st.column_config.NumberColumn("planted lift", format=_PERCENT),
    "found_lift": st.column_config.NumberColumn("found lift", format=_PERCENT),
    "wrong_sign": st.column_config.NumberColumn("wrong sign", format="localized"),
    "exaggeration": st.column_config.NumberColumn("exaggeration", format="%.2f"),
}
_METHODS: page.Columns = {
    "metric": "metric",
    "method": "method",
    "verdict": "verdict",
    "type_i_error": st.column_config.NumberColumn("type I", format=_PERCENT),
    "lower": st.column_config.NumberColumn("from", format=_PERCENT),
    "upper": st.column_config.NumberColumn("to", format=_PERCENT),
    "alpha": st.column_config.NumberColumn("promised", format=_PERCENT),
    "coverage": st.column_config.NumberColumn("coverage", format=_PERCENT),
    "lift": st.column_config.NumberColumn("at a lift of", format=_PERCENT),
    "power": st.column_config.NumberColumn("power", format=_PERCENT),
    "power_lower": st.column_config.NumberColumn("from ", format=_PERCENT),
    "power_upper": st.column_config.NumberColumn("to ", format=_PERCENT),
    "place": st.column_config.NumberColumn("place", help="Most power first; liberal methods last."),
}
_GATE: page.Columns = {
    "week": st.column_config.DateColumn("week"),
    "state": "the gate's job",
    "rows_in": st.column_config.NumberColumn("results judged", format="localized"),
    "seconds": st.column_config.NumberColumn("seconds", format="%.1f"),
    "error": "what it said",
    "run_id": "run",
}
_NONE = "No canary has ended yet; they come with every week of a planted blueprint."


def show(query: Query) -> None:
    """Show the page.

    Args:
        query: Answers SQL.
    """
    st.title("Calibration")
    st.caption(
        "Canaries are planted experiments that travel with every week; certificates are the error rates of "
        "methods on our own units, assigned again at random."
    )
    page.part(
        "Are p-values uniform where nothing is planted?",
        query,
        reading.P_VALUES,
        _uniform,
        empty=_NONE,
    )
    page.part("False alarms", query, reading.RATES, _false_alarms, empty=_NONE)
    page.part("Coverage", query, saved.text("coverage"), _coverage, empty=_NONE)
    page.part("Power where an effect is planted", query, saved.text("power"), _power, empty=_NONE)
    page.part(
        "Certificates",
        query,
        saved.text("methods"),
        _methods,
        empty="No method was certified on our units yet.",
    )
    page.part(
        "The gate, week by week",
        query,
        reading.GATE,
        _gate,
        empty="The gate has not judged a week yet.",
    )


def steps(p_values: pd.DataFrame) -> pd.DataFrame:
    """The distribution of each metric's p-values, with the band in which uniform ones lie.

    Args:
        p_values: Rows of `reading.calibration.P_VALUES`.

    Returns:
        `panel`, `p_value`, `share` of the p-values that are at most as large, `low` and `high`: the diagonal
        less and plus the bound of Dvoretzky, Kiefer and Wolfowitz at `BAND`; from 0 to 1 in each panel.

    References:
        Massart (1990), The Tight Constant in the Dvoretzky-Kiefer-Wolfowitz Inequality.
    """
    found = []
    for panel, values in _panels(p_values):
        bound = _bound(values.size)
        at = np.unique(np.concatenate([values, [0.0, 1.0, min(bound, 1.0), max(1 - bound, 0.0)]]))
        share = np.searchsorted(values, at, side="right") / values.size
        low, high = np.clip(at - bound, 0, 1), np.clip(at + bound, 0, 1)
        found.append(pd.DataFrame({"panel": panel, "p_value": at, "share": share, "low": low, "high": high}))
    return pd.concat(found, ignore_index=True)


def distances(p_values: pd.DataFrame) -> pd.DataFrame:
    """How far each metric's p-values are from uniform, and how far they may be by chance.

    Args:
        p_values: Rows of `reading.calibration.P_VALUES`.

    Returns:
        `panel`, `n`, `distance` (of Kolmogorov), `bound` and whether that holds.
    """
    found = []
    for panel, values in _panels(p_values):
        rank = np.arange(1, values.size + 1)
        above, below = rank / values.size - values, values - (rank - 1) / values.size
        distance, bound = float(max(above.max(), below.max())), _bound(values.size)
        found.append(
            {
                "panel": panel,
                "n": values.size,
                "distance": distance,
                "bound": bound,
                "uniform": distance <= bound,
            }
        )
    return pd.DataFrame(found)


def _panels(p_values: pd.DataFrame) -> list[tuple[str, np.ndarray[tuple[int], np.dtype[np.float64]]]]:
    grouped = p_values.groupby(["metric", "method"], sort=True)["p_value"]
    return [
        (f"{metric} · {method}", np.sort(values.to_numpy(np.float64))) for (metric, method), values in grouped
    ]


def _bound(n: int) -> float:
    return float(np.sqrt(np.log(2 / (1 - BAND)) / (2 * n)))


def _uniform(p_values: pd.DataFrame) -> None:
    found = distances(p_values)
    outside = found[~found["uniform"]]["panel"]
    said = "none is" if outside.empty else f"outside: {', '.join(outside)}"
    st.caption(
        f"Of {len(found):,} panels {BAND:.0%} each stay within their band if p-values are uniform; {said}"
        f"{' outside' if outside.empty else ''}. Metrics of one canary share its units, so panels are alike."
    )
    page.chart(
        "The distribution of p-values of each metric against the uniform one",
        charts.uniformity,
        steps(p_values),
    )
    page.table(found, _UNIFORM, "uniform")


def _false_alarms(rates: pd.DataFrame) -> None:
    rows = pd.DataFrame({
        "line": rates["metric"] + " · " + rates["method"],
        "results": rates["nulls"],
        "found": rates["false_alarms"],
        "rate": rates["type_i_error"],
        "lower": rates["type_i_lower"],
        "upper": rates["type_i_upper"],
        "promised": rates["promised"],
    })  # fmt: skip
    rows["kept"] = rows["promised"].between(rows["lower"], rows["upper"])
    page.chart(
        "The rate of false alarms of canaries, as in the table", charts.against_promised, rows, "false alarms"
    )
    page.table(rows, _AGAINST, "false_alarms")


def _coverage(found: pd.DataFrame) -> None:
    names = {"coverage": "rate", "coverage_lower": "lower", "coverage_upper": "upper", "as_promised": "kept"}
    rows = found.rename(columns=names)
    page.chart(
        "How many intervals of each look hold the planted truth, as in the table",
        charts.over_weeks,
        rows,
        "coverage",
    )
    page.table(rows, _COVERAGE, "coverage")


def _power(found: pd.DataFrame) -> None:
    st.caption("Of planted effects of every size; plans promise their power for the effect that they name.")
    page.table(found, _POWER, "power")


def _gate(found: pd.DataFrame) -> None:
    st.caption("A run whose gate rings fails; gold tells of a week once the next has run.")
    page.table(found, _GATE, "gate")


def _methods(found: pd.DataFrame) -> None:
    counts = found["verdict"].value_counts()
    st.caption("Type I error; " + ", ".join(f"{word}: {count}" for word, count in counts.items()) + ".")
    page.chart(
        "The measured type I error of each method on each metric, as in the table", charts.heat_map, found
    )
    page.table(found, _METHODS, "methods")
