"""The page *Calibration*: canaries beside their truth, certificates, and the gate."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.unit.dashboard.conftest import Lake, Rows, charts, page, table

from assay.serving.dashboard import calibration


def canaries(weeks: int, p_value: Any = None) -> Rows:
    """Two metrics of `canary_null` and one of `canary_rate`, whose p-values are evenly spread."""
    usual = {
        "segment": "all", "contrast": "treatment vs control", "alpha": 0.05, "alpha_corrected": 0.05,
        "final": True, "srm": False, "decision": "no difference shown", "estimate": 1.0,
    }  # fmt: skip
    return [
        usual
        | {
            "experiment": f"{name}.{week}",
            "as_of": date.fromordinal(date(2026, 1, 12).toordinal() + 7 * week),
            "metric": metric,
            "method": method,
            "p_value": (week + 0.5) / weeks if p_value is None else p_value,
            "truth": truth,
            "relative_truth": truth,
            "covered": week > 0,
            "error_kind": "none",
        }
        for week in range(weeks)
        for name, metric, method, truth in (
            ("canary_null", "spent", "welch", 0.0),
            ("canary_null", "active", "proportions_score", 0.0),
            ("canary_rate", "spent", "welch", 0.3),
        )
    ]


def certificate(metric: str, method: str, verdict: str, rate: float, day: int = 2) -> dict[str, Any]:
    return {
        "certificate_id": f"aa-{metric}-{method}-{day}", "metric": metric, "method": method,
        "kind": "re-randomised", "verdict": verdict, "type_i_error": rate, "lower": rate - 0.01,
        "upper": rate + 0.01, "alpha": 0.05, "power": 0.7, "power_lower": 0.6, "power_upper": 0.8,
        "coverage": 0.95, "lift": 0.1, "as_of": date(2026, 3, day),
    }  # fmt: skip


def test_p_values_are_held_against_uniform(lake: Lake) -> None:
    app = page("calibration", lake(experiment_results=canaries(40)))
    shown = table(app, "uniform")
    assert list(shown["panel"]) == ["active · proportions_score", "spent · welch"]
    assert set(shown["n"]) == {40}  # of canary_rate `spent` is planted, and not among them
    assert shown["distance"].to_numpy() == pytest.approx(0.5 / 40)
    assert shown["bound"].to_numpy() == pytest.approx(np.sqrt(np.log(40) / 80))
    assert set(shown["uniform"]) == {True}
    assert any("none is outside" in each.value for each in app.caption)


def test_p_values_that_are_not_uniform_are_named(lake: Lake) -> None:
    app = page("calibration", lake(experiment_results=canaries(40, 0.01)))
    assert set(table(app, "uniform")["uniform"]) == {False}
    assert any("outside: active · proportions_score, spent · welch" in each.value for each in app.caption)


@pytest.mark.long
def test_the_band_holds_all_of_a_uniform_sample_as_often_as_it_says() -> None:
    rng, inside, times = np.random.default_rng(20261129), 0, 2000
    for _ in range(times):
        sample = pd.DataFrame({"metric": "x", "method": "y", "p_value": rng.random(30)})
        inside += int(calibration.distances(sample)["uniform"].iloc[0])
    # The bound is conservative: at least 95 %, less 5 standard errors; Massart's constant is near tight.
    assert 0.925 < inside / times < 0.985


def test_steps_reach_from_0_to_1_within_the_square() -> None:
    sample = pd.DataFrame({"metric": "x", "method": "y", "p_value": [0.2, 0.4, 0.4, 1.0]})
    steps = calibration.steps(sample)
    assert (steps["p_value"].iloc[0], steps["p_value"].iloc[-1]) == (0.0, 1.0)
    assert steps.set_index("p_value")["share"][[0.0, 0.2, 0.4, 1.0]].tolist() == [0.0, 0.25, 0.75, 1.0]
    assert steps[["low", "high"]].min().min() >= 0
    assert steps[["low", "high"]].max().max() <= 1
    assert (steps["low"] <= steps["high"]).all()


def test_false_alarms_coverage_and_power_are_counted(lake: Lake) -> None:
    rows = canaries(40)
    app = page("calibration", lake(experiment_results=rows))
    alarms = table(app, "false_alarms").set_index("line")
    assert alarms.loc["spent · welch", ["results", "found"]].tolist() == [40, 2]
    assert alarms.loc["spent · welch", "rate"] == 0.05
    assert alarms.loc["spent · welch", "kept"]
    coverage = table(app, "coverage")
    first = coverage[pd.to_datetime(coverage["as_of"]) == pd.Timestamp(2026, 1, 12)]
    assert set(first["rate"]) == {0.0}
    assert not first["kept"].any()
    assert set(coverage[coverage["results"] == 2]["method"]) == {"welch"}
    power = table(app, "power")
    assert power[["metric", "method", "results", "detected"]].to_numpy().tolist() == [
        ["spent", "welch", 40, 2]
    ]


def test_certificates_are_the_newest_of_each_method(lake: Lake) -> None:
    kept = [
        certificate("spent", "welch", "holds", 0.05),
        certificate("spent", "student", "liberal", 0.08),
        certificate("active", "welch", "conservative", 0.02),
    ]
    old = [certificate("spent", "welch", "liberal", 0.2, day=1)]
    app = page("calibration", lake(certificates=kept + old))
    shown = table(app, "methods").set_index(["metric", "method"])
    assert len(shown) == 3
    assert shown.loc[("spent", "welch"), ["verdict", "type_i_error"]].tolist() == ["holds", 0.05]
    (heat,) = charts(app)
    assert "type_i_error" in str(heat)
    assert any("liberal: 1" in each.value for each in app.caption)


def test_the_gate_is_told_week_by_week(lake: Lake) -> None:
    run = {"job": "assay-calibrate", "state": "SUCCEEDED", "rows_in": 12, "seconds": 3.0}
    weeks = [
        run | {"run_id": "wr_1", "week": date(2026, 1, 5), "started_at": datetime(2026, 1, 12, tzinfo=UTC)},
        run
        | {"run_id": "wr_2", "week": date(2026, 1, 12), "started_at": datetime(2026, 1, 19, tzinfo=UTC)}
        | {"state": "FAILED", "error": "the gate rings"},
    ]
    other = [weeks[0] | {"job": "assay-gold"}]
    app = page("calibration", lake(runs=weeks + other))
    shown = table(app, "gate")
    assert list(shown["state"]) == ["SUCCEEDED", "FAILED"]
    assert shown["error"].iloc[1] == "the gate rings"


def test_before_anything_ended_every_part_says_so(lake: Lake) -> None:
    app = page("calibration", lake())
    assert len(app.info) == 6
    assert not app.exception
    assert not app.error
    assert not app.dataframe
