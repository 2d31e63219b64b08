"""The plots as Vega-Lite reads them: what lies where, and that no colour stands alone."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from assay.medallion.decisions import DECISIONS
from assay.serving.dashboard import charts

Rows = list[dict[str, Any]]


@pytest.fixture
def final(results: Rows) -> pd.DataFrame:
    return pd.DataFrame([row for row in results if row["final"]])


def test_the_forest_has_a_line_per_comparison_of_the_metric(final: pd.DataFrame) -> None:
    plot = charts.forest(final, "active_customers")
    spec = plot.to_dict()
    data = max(spec["datasets"].values(), key=len)
    assert len(data) == (final["metric"] == "active_customers").sum() == 4
    assert len({row["line"] for row in data}) == 4
    marks = [layer["mark"]["type"] for layer in spec["layer"]]
    assert marks == ["rule", "rule", "tick", "point"]
    interval, truth, estimate = (layer["encoding"] for layer in spec["layer"][1:])
    assert (interval["x"]["field"], interval["x2"]["field"]) == ("lower", "upper")
    assert (truth["x"]["field"], estimate["x"]["field"]) == ("truth", "estimate")


def test_every_decision_has_a_colour_and_a_shape_of_its_own(final: pd.DataFrame) -> None:
    assert set(charts.DECISIONS) == set(DECISIONS) - {"running", "exploratory"}
    colours, shapes = zip(*charts.DECISIONS.values(), strict=True)
    assert len(set(colours)) == len(set(shapes)) == len(charts.DECISIONS)
    estimate = charts.forest(final, "active_customers").to_dict()["layer"][3]["encoding"]
    assert estimate["color"]["field"] == estimate["shape"]["field"] == "decision"
    assert estimate["shape"]["scale"] == {"domain": list(charts.DECISIONS), "range": list(shapes)}


def test_an_unbounded_interval_has_no_end(final: pd.DataFrame) -> None:
    final.loc[final.index[0], "upper"] = None
    spec = charts.forest(final, str(final.iloc[0]["metric"])).to_dict()
    rows = max(spec["datasets"].values(), key=len)
    assert [row["upper"] for row in rows if row["experiment"] == final.iloc[0]["experiment"]] == [None]


def test_runs_stand_in_the_order_of_the_table(runs: Rows) -> None:
    newest_first = pd.DataFrame(list(reversed(runs)))
    spec = charts.seconds(newest_first).to_dict()
    assert spec["encoding"]["y"]["sort"] == list(dict.fromkeys(newest_first["run_id"]))
    assert spec["encoding"]["x"]["field"] == "seconds"
