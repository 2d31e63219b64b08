"""The plots as Vega-Lite reads them: what lies where, and that no colour stands alone."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from tests.unit.dashboard.conftest import Rows

from assay.medallion.decisions import DECISIONS
from assay.serving.dashboard import app
from assay.serving.dashboard.charts import calibration, experiments, marks, pipeline


@pytest.fixture
def final(results: Rows) -> pd.DataFrame:
    return pd.DataFrame([row for row in results if row["final"]])


def longest(spec: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = max(spec["datasets"].values(), key=len)
    return found


def test_the_forest_has_a_line_per_comparison_of_the_metric(final: pd.DataFrame) -> None:
    spec = experiments.forest(final, "active_customers").to_dict()
    data = longest(spec)
    assert len(data) == (final["metric"] == "active_customers").sum() == 4
    assert len({row["line"] for row in data}) == 4
    marked = [layer["mark"]["type"] for layer in spec["layer"]]
    assert marked == ["rule", "rule", "tick", "point"]
    interval, truth, estimate = (layer["encoding"] for layer in spec["layer"][1:])
    assert (interval["x"]["field"], interval["x2"]["field"]) == ("lower", "upper")
    assert (truth["x"]["field"], estimate["x"]["field"]) == ("truth", "estimate")


def test_every_decision_has_a_colour_and_a_shape_of_its_own(final: pd.DataFrame) -> None:
    assert set(marks.DECISIONS) >= set(DECISIONS) - {"exploratory"}
    colours, shapes = zip(*marks.DECISIONS.values(), strict=True)
    assert len(set(colours)) == len(set(shapes)) == len(marks.DECISIONS)
    estimate = experiments.forest(final, "active_customers").to_dict()["layer"][3]["encoding"]
    assert estimate["color"]["field"] == estimate["shape"]["field"] == "decision"
    mine = set(final[final["metric"] == "active_customers"]["decision"])
    there = [name for name in marks.DECISIONS if name in mine]
    assert 1 < len(there) < len(set(final["decision"]))
    assert estimate["shape"]["scale"] == {
        "domain": there,
        "range": [marks.DECISIONS[name][1] for name in there],
    }
    assert estimate["color"]["scale"] == {
        "domain": there,
        "range": [marks.DECISIONS[name][0] for name in there],
    }


def test_an_unbounded_interval_has_no_end(final: pd.DataFrame) -> None:
    final.loc[final.index[0], "upper"] = None
    rows = longest(experiments.forest(final, str(final.iloc[0]["metric"])).to_dict())
    assert [row["upper"] for row in rows if row["experiment"] == final.iloc[0]["experiment"]] == [None]


def test_evidence_of_nothing_left_lies_on_the_edge(results: Rows) -> None:
    looks = pd.DataFrame([row | {"p_value": 0.0} for row in results if row["metric"] == "active_customers"])
    rows = longest(experiments.evidence(looks).to_dict())
    assert {row["p_value"] for row in rows} == {1e-12}


def test_runs_stand_in_the_order_of_the_table(runs: Rows) -> None:
    newest_first = pd.DataFrame(list(reversed(runs)))
    spec = pipeline.seconds(newest_first).to_dict()
    assert spec["encoding"]["y"]["sort"] == list(dict.fromkeys(newest_first["run_id"]))
    assert spec["encoding"]["x"]["field"] == "seconds"


def test_a_rate_that_is_not_kept_has_another_shape() -> None:
    rates = pd.DataFrame({"line": ["a"], "rate": [0.5], "lower": [0.4], "upper": [0.6], "promised": [0.05]})
    spec = calibration.against_promised(rates, "false alarms").to_dict()
    point = spec["layer"][-1]["encoding"]
    assert point["shape"]["condition"]["test"] == point["color"]["condition"]["test"]


def test_every_page_has_a_title_and_an_address_of_its_own() -> None:
    assert len(set(app.PAGES.values())) == len(app.PAGES) == 7
    assert next(iter(app.PAGES)) == "experiments"
