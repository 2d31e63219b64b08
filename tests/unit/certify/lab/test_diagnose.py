"""A diagnosis of rows made by hand: every figure is known."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from assay import seeds
from assay.certify.lab.diagnose import Tally, diagnose
from assay.errors import InputError

TABLE = {
    "estimate": [2.0, -1.0, 0.5, 3.0, math.nan],
    "std_error": [0.5, 0.4, 0.5, 1.0, math.nan],
    "p_value": [0.01, 0.02, 0.30, 0.04, math.nan],
    "lower": [1.2, -1.8, -0.5, 1.0, math.nan],
    "upper": [2.8, -0.2, 1.5, 5.0, math.nan],
    "estimand": [1.0] * 5,
    "stopped_at": [100.0, 100.0, 200.0, 200.0, 200.0],
}


def test_every_figure_of_five_rows() -> None:
    found = diagnose(TABLE)
    assert found.replicates == 5
    assert found.undefined.value == pytest.approx(1 / 5)
    assert found.rejection.value == pytest.approx(3 / 5)
    assert found.coverage.value == pytest.approx(2 / 4)
    assert found.miss_left.value == pytest.approx(1 / 4), "the first lies above the estimand"
    assert found.miss_right.value == pytest.approx(1 / 4), "the second lies below it"
    errors = np.array([1.0, -2.0, -0.5, 2.0])
    assert found.bias.value == pytest.approx(errors.mean())
    assert found.rmse.value == pytest.approx(math.sqrt((errors**2).mean()))
    assert found.se_ratio.value == pytest.approx(0.6 / errors.std())
    assert found.type_s.value == pytest.approx(1 / 3)
    assert found.type_m.value == pytest.approx((2 + 1 + 3) / 3)
    assert found.stopped_at.value == pytest.approx(160)


def test_a_data_frame_will_do() -> None:
    assert diagnose(pd.DataFrame(TABLE)).rejection == diagnose(TABLE).rejection


def test_tallies_of_parts_are_the_tally_of_the_whole() -> None:
    parts = [
        Tally.of({name: np.asarray(column)[piece] for name, column in TABLE.items()})
        for piece in (slice(0, 2), slice(2, 5))
    ]
    assert Tally.total(parts) == Tally.of(TABLE)
    assert diagnose(Tally.total(parts)) == diagnose(TABLE)


def test_without_p_values_an_interval_without_zero_is_significant() -> None:
    table = {**TABLE, "p_value": [math.nan] * 5}
    assert diagnose(table).rejection.value == pytest.approx(3 / 5)


def test_what_cannot_be_measured_is_nan() -> None:
    unknown = diagnose({**TABLE, "estimand": [math.nan] * 5})
    for figure in (unknown.coverage, unknown.bias, unknown.rmse, unknown.se_ratio, unknown.type_s):
        assert math.isnan(figure.value)
    silent = diagnose({**TABLE, "std_error": [math.nan] * 5})
    assert math.isnan(silent.se_ratio.value)
    same = diagnose({**TABLE, "estimate": [1.0] * 5})
    assert math.isnan(same.se_ratio.value), "estimates that do not vary"
    assert same.rmse.value == 0 == same.rmse.upper


def test_intervals_hold_what_they_should() -> None:
    """Of 400 diagnoses of 500 rows, 95 % should hold each truth; 5 standard errors leave 89.5 %."""
    rng = seeds.stream(1, "test.diagnose")
    covered = {"bias": 0, "rmse": 0, "se_ratio": 0, "rejection": 0}
    truth = {"bias": 0.3, "rmse": math.hypot(0.3, 1), "se_ratio": 1.1, "rejection": 0.05}
    for _ in range(400):
        z = rng.standard_normal(500)
        rows = {
            "estimate": 2.3 + z, "std_error": np.full(500, 1.1), "p_value": rng.random(500),
            "lower": z, "upper": z, "estimand": np.full(500, 2.0), "stopped_at": np.ones(500),
        }  # fmt: skip
        found = diagnose(rows)
        for name in covered:
            figure = getattr(found, name)
            covered[name] += figure.lower <= truth[name] <= figure.upper
    assert min(covered.values()) > 400 * 0.895, covered


def test_refusals() -> None:
    with pytest.raises(InputError, match="the table lacks estimand; a diagnosis needs"):
        diagnose({name: column for name, column in TABLE.items() if name != "estimand"})
    with pytest.raises(InputError, match="there is no row to diagnose"):
        diagnose(Tally())
