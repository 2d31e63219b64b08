"""A planted effect: the moments are those of units that carry it."""

from __future__ import annotations

import numpy as np
import pytest

from assay import seeds
from assay.certify.diagnosis.plant import Planted, plan
from assay.certify.rerandomise import Units
from assay.stats import Moments

RNG = seeds.stream(1, "test")
Y, D = RNG.gamma(0.5, 20.0, 500), RNG.poisson(3.0, 500) + 1.0
X = Y + RNG.normal(0.0, 3.0, 500)
NAMES = ("n", "mean_y", "m2_y", "mean_d", "m2_d", "c_yd", "mean_x", "m2_x", "c_yx", "c_dx")


# Relations.
@pytest.mark.parametrize("kind", ["mean", "ratio"])
@pytest.mark.parametrize("lift", [0.2, -0.3])
def test_a_lift_of_the_moments_is_that_of_every_unit(kind: str, lift: float) -> None:
    planted = Planted(kind, 1.0, lift)  # type: ignore[arg-type]
    found, expected = planted.into(Moments.of(Y, D, X), RNG), Moments.of((1 + lift) * Y, D, X)
    for name in NAMES:
        assert float(getattr(found, name)) == pytest.approx(float(getattr(expected, name)), rel=1e-12)


@pytest.mark.parametrize("lift", [0.25, -0.4])
def test_a_lift_of_a_share_changes_units_at_random(lift: float) -> None:
    splits = 4000
    ones = RNG.binomial(200, 0.3, splits)
    found = Planted("proportion", 0.3, lift).into(Moments.of_counts(ones, np.full(splits, 200)), RNG)
    # The share is lifted as planned: five standard errors, a false alarm in two million.
    error = float(np.std(found.mean_y)) / np.sqrt(splits)
    assert float(np.mean(found.mean_y)) == pytest.approx(0.3 * (1 + lift), abs=5 * error)
    np.testing.assert_allclose(found.m2_y, 200 * found.mean_y * (1 - found.mean_y))
    assert np.all(np.sign(np.rint(found.mean_y * 200) - ones) * np.sign(lift) >= 0)


@pytest.mark.parametrize("lift", [0.25, -0.4])
def test_a_lifted_share_keeps_what_its_unchanged_units_had_in_common_with_the_covariate(lift: float) -> None:
    y = (RNG.random(200_000) < 0.3).astype(float)
    x = y + RNG.normal(0.0, 1.0, y.size)
    flip = RNG.random(y.size) < (0.3 * lift / 0.7 if lift > 0 else -lift)
    changed = np.where(flip, float(lift > 0), y)
    found = Planted("proportion", 0.3, lift).into(Moments.of(y, None, x), RNG)
    assert float(found.c_yx / y.size) == pytest.approx(
        float(Moments.of(changed, None, x).c_yx) / y.size, abs=0.01
    )


def test_the_truth_is_in_the_metrics_unit() -> None:
    assert plan(Units(Y), "mean", 0.1).truth == pytest.approx(0.1 * Y.mean())
    assert plan(Units(Y, D), "ratio", 0.1).truth == pytest.approx(0.1 * Y.sum() / D.sum())
    holes = np.where(np.arange(500) < 100, np.nan, Y)
    assert plan(Units(holes), "mean", 0.1).level == pytest.approx(Y[100:].mean())


# Edges.
def test_a_share_cannot_pass_one_or_fall_below_zero() -> None:
    most = plan(Units(np.array([1.0, 1.0, 1.0, 0.0])), "proportion", 0.5)
    assert most.lift == pytest.approx(1 / 3)
    full = most.into(Moments.of_counts([3.0], [4.0]), RNG)
    assert full.mean_y.tolist() == [1.0]
    none = plan(Units(np.array([1.0, 0.0, 0.0, 0.0])), "proportion", -2.0)
    assert none.lift == -1.0
    assert none.into(Moments.of_counts([3.0, 0.0], [4.0, 0.0]), RNG).mean_y.tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    "units", [Units(np.zeros(5)), Units(np.ones(5), np.zeros(5)), Units(np.array([-1.0, 1.0]))]
)
def test_nothing_is_planted_where_there_is_nothing_to_multiply(units: Units) -> None:
    assert plan(units, "mean", 0.1).lift == 0.0


def test_no_lift_asked_for_is_none_planted() -> None:
    assert plan(Units(Y), "mean", None).truth == 0.0
