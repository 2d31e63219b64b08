"""The diagnosis beside every result: in the value, in JSON, on the page, in words."""

from __future__ import annotations

import json

import numpy as np
import pytest

from assay.serving.analysis import Analysis, analyze, diagnosis

RNG = np.random.Generator(np.random.PCG64DXSM(11))
N = 240
TABLE: dict[str, list[object]] = {
    "arm": ["a"] * 120 + ["b"] * 60 + ["c"] * 60,
    "spent": RNG.gamma(2.0, 10.0, N).tolist(),
    "bought": (RNG.random(N) < 0.3).tolist(),
    "visits": (RNG.poisson(3, N) + 1).tolist(),
}
METRICS = ["spent", "bought", "spent/visits:ratio"]


def found(table: dict[str, list[object]] = TABLE, metrics: list[str] = METRICS) -> Analysis:
    return analyze(table, arm="arm", control="a", metrics=metrics)


@pytest.fixture(scope="module")
def whole() -> Analysis:
    return found()


# Relations.
def test_every_comparison_has_its_diagnosis(whole: Analysis) -> None:
    asked = [(row.metric, row.contrast, row.method) for row in whole.comparisons]
    assert [(each.metric, each.contrast, each.method) for each in whole.diagnoses] == asked
    for each in whole.diagnoses:
        assert (each.units, each.share, each.replicates) == (180, pytest.approx(1 / 3), diagnosis.MOST)
        assert each.chosen.type_i_error == pytest.approx(0.05, abs=0.02)
        # Planned for 80 %; a lift of a third or more stretches the treatment's variance too, and costs some.
        assert each.chosen.power == pytest.approx(0.75, abs=0.2)
        assert each.shape.startswith("120 values")


def test_the_randomisation_agrees_with_the_result(whole: Analysis) -> None:
    for row, each in zip(whole.comparisons, whole.diagnoses, strict=True):
        assert each.p_randomised == pytest.approx(row.p_value, abs=0.03)


def test_the_order_of_rows_does_not_matter(whole: Analysis) -> None:
    order = np.random.default_rng(3).permutation(N)
    shuffled = {name: [values[i] for i in order] for name, values in TABLE.items()}
    for mine, theirs in zip(whole.diagnoses, found(shuffled).diagnoses, strict=True):
        assert mine.chosen.type_i_error == theirs.chosen.type_i_error
        assert mine.recommendation == theirs.recommendation


def test_json_carries_every_rate(whole: Analysis) -> None:
    document = json.loads(whole.to_json())
    for each, plain in zip(whole.diagnoses, document["diagnoses"], strict=True):
        assert plain["recommendation"] == each.recommendation
        assert plain["methods"][0]["method"] == each.method
        assert plain["methods"][0]["type_i_error"] == each.chosen.type_i_error


def test_the_page_shows_it_beside_the_result(whole: Analysis) -> None:
    page = whole.to_html()
    assert "type I error here" in page
    for each in whole.diagnoses:
        assert each.recommendation in page
        assert f"{each.replicates:,} random assignments of {each.units:,} units" in page


# Edges.
def test_of_many_units_some_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnosis, "UNITS", 50)
    monkeypatch.setattr(diagnosis, "SHAPED", 30)
    (each, _) = found(metrics=["spent"]).diagnoses
    assert (each.units, each.share) == (50, pytest.approx(1 / 3))
    assert each.shape.startswith("30 values")


def test_missing_values_count_for_their_metric_only() -> None:
    holes = {**TABLE, "spent": [None] * 20 + TABLE["spent"][20:]}
    spent, bought = (found(holes, ["spent", "bought"]).diagnoses[i] for i in (0, 2))
    assert (spent.units, bought.units) == (160, 180)


def test_two_units_an_arm_are_enough_to_say_what_is_unknown() -> None:
    tiny = {"arm": ["a", "a", "b", "b"], "x": [1.0, 2.0, 3.0, 4.0]}
    (each,) = found(tiny, ["x"]).diagnoses
    assert (each.units, each.chosen.replicates) == (4, diagnosis.MOST)


@pytest.mark.parametrize("scale", [1e300, 1e-300])
def test_numbers_whose_squares_do_not_exist_are_diagnosed_as_far_as_they_go(scale: float) -> None:
    values = (RNG.normal(0.0, 1.0, N) * scale).tolist()
    (each, _) = found({**TABLE, "spent": values}, ["spent"]).diagnoses
    assert each.shape.startswith("120 values whose shape cannot be described")
    assert each.units == 180


def test_it_can_be_left_out() -> None:
    plain = analyze(TABLE, arm="arm", control="a", metrics=["spent"], diagnose=False)
    assert plain.diagnoses == ()
    assert "type I error here" not in plain.to_html()
