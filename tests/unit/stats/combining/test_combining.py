from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from golden import assert_close
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import InputError
from assay.stats import Alternative, Reason
from assay.stats.combining import (
    ESTIMATORS,
    INTERVALS,
    Pooled,
    fixed_effect,
    heterogeneity,
    random_effects,
    shrink,
)

# The answers are NaN-free and regular here: four experiments that differ, and four that hardly do.
Y = np.array([[0.1, 0.5, -0.2, 0.9], [0.2, 0.22, 0.18, 0.23]])
E = np.array([[0.1, 0.2, 0.15, 0.3], [0.1, 0.2, 0.15, 0.05]])
POOLED = ("estimate", "std_error", "statistic", "p_value", "lower", "upper", "prediction_lower")
EACH = ("mean", "std_dev", "lower", "upper", "probability_positive", "shrinkage")
MODELS: list[Callable[..., Pooled]] = [
    fixed_effect,
    *(
        (lambda *a, between=b, interval=i, **k: random_effects(*a, between=between, interval=interval, **k))
        for b in ESTIMATORS
        for i in INTERVALS
    ),
]


def same(one: Any, other: Any, names: tuple[str, ...], rtol: float = 1e-9) -> None:
    for name in names:
        assert_close(getattr(one, name), getattr(other, name), rtol, name)


@pytest.mark.parametrize("model", MODELS)
def test_a_batch_is_its_rows_along_any_axis(model: Callable[..., Pooled]) -> None:
    both, turned = model(Y, E), model(Y.T, E.T, axis=0)
    same(turned, both, (*POOLED, "share"), 1e-15)
    for i in range(2):
        alone = model(Y[i], E[i])
        for name in POOLED:
            assert_close(getattr(both, name)[i], getattr(alone, name), 1e-13, name)
        assert_close(both.share[i], alone.share, 1e-13)


def test_levels_broadcast_against_the_batch() -> None:
    wide = random_effects(Y[0], E[0], alpha=[0.01, 0.1])
    assert wide.lower.shape == wide.estimate.shape == wide.reason.shape == (2,)
    assert wide.lower[0] < wide.lower[1] < wide.upper[1] < wide.upper[0]
    assert wide.prediction_lower[0] < wide.lower[0]
    each = shrink(Y[0], E[0], alpha=[0.01, 0.1])
    assert each.mean.shape == (2, 4)
    assert each.reason.shape == each.pooled_mean.shape == (2,)
    assert np.all(each.lower[0] < each.lower[1])


@pytest.mark.parametrize("model", MODELS)
def test_moving_scaling_mirroring_and_order(model: Callable[..., Pooled]) -> None:
    plain = model(Y, E)
    moved = model(Y * 3 + 7, E * 3)
    for name in ("estimate", "lower", "upper", "prediction_lower", "prediction_upper"):
        assert_close(getattr(moved, name), getattr(plain, name) * 3 + 7, 1e-9, name)
    assert_close(moved.std_error, plain.std_error * 3, 1e-9)
    assert_close(moved.heterogeneity.tau_squared, plain.heterogeneity.tau_squared * 9, 1e-9)
    for name in ("q", "p_value", "i_squared", "h_squared"):
        assert_close(getattr(moved.heterogeneity, name), getattr(plain.heterogeneity, name), 1e-9, name)
    mirrored = model(-Y, E)
    assert_close(mirrored.prediction_lower, -plain.prediction_upper, 1e-9)
    assert_close(mirrored.p_value, plain.p_value, 1e-9)
    same(model(Y[:, ::-1], E[:, ::-1]), plain, POOLED)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
def test_p_value_and_interval_are_inverses(model: Callable[..., Pooled], alternative: Alternative) -> None:
    p_value = model(Y, E, alternative=alternative).p_value
    at = model(Y, E, alternative=alternative, alpha=p_value)
    end = np.where(np.isinf(at.lower) | (at.lower < -1e-9), at.upper, at.lower)
    assert np.all(np.abs(end) < 1e-9)
    for factor, out in ((1.001, True), (0.999, False)):
        # A level must stay below 1, where a one-sided p-value may come close to.
        level = np.minimum(p_value * factor, (1 + p_value) / 2)
        found = model(Y, E, alternative=alternative, alpha=level)
        assert np.all(((found.lower > 0) | (found.upper < 0)) == out)
    assert np.all(np.isinf(at.upper)) == np.all(np.isinf(at.prediction_upper)) == (alternative == "greater")
    assert np.all(np.isinf(at.lower)) == np.all(np.isinf(at.prediction_lower)) == (alternative == "less")


@given(
    rows=st.lists(st.tuples(st.floats(-3, 3), st.floats(0.05, 2)), min_size=2, max_size=6),
)
@settings(max_examples=40)
def test_reml_is_the_highest_point_of_the_restricted_likelihood(rows: list[tuple[float, float]]) -> None:
    y, error = np.array(rows).T

    def height(tau_squared: float) -> float:
        covariance = np.diag(error**2 + tau_squared)
        # The likelihood of the contrasts itself, not its formula in weights.
        contrasts = np.diff(np.eye(len(y)), axis=0)
        inside = contrasts @ covariance @ contrasts.T
        apart = contrasts @ y
        return float(-(np.linalg.slogdet(inside)[1] + apart @ np.linalg.solve(inside, apart)) / 2)

    found = height(float(heterogeneity(y, error).tau_squared))
    grid = np.concatenate([[0.0], np.geomspace(1e-4, 20, 60)])
    assert found >= max(height(t) for t in grid) - 1e-9


def test_of_two_peaks_reml_takes_the_higher() -> None:
    # Peaks at 0 and 5.62, the far one higher; then at 0 and about 11, the near one higher.
    far = heterogeneity([0.0, 0.01, 3.0, -3.0], [0.01, 0.01, 0.5, 0.5])
    near = heterogeneity([0.0, 0.02, 0.01, 9.0], [0.02, 0.02, 0.02, 2.5])
    assert float(far.tau_squared) == pytest.approx(5.6205, abs=1e-3)
    assert float(near.tau_squared) == 0


@pytest.mark.parametrize("between", ESTIMATORS)
def test_equal_variances_have_one_answer(between: str) -> None:
    y = np.array([1.0, 2.0, 4.0, 9.0])
    found = heterogeneity(y, 0.5, between=between)
    assert_close(found.tau_squared, np.var(y, ddof=1) - 0.25, 1e-12)
    assert_close(found.h_squared, np.var(y, ddof=1) / 0.25, 1e-12)
    assert_close(found.h_squared, 1 / (1 - found.i_squared), 1e-12)
    calm = heterogeneity(y / 100, 0.5, between=between)
    assert (float(calm.tau_squared), float(calm.i_squared), float(calm.h_squared)) == (0, 0, 1)


def test_without_heterogeneity_random_effects_are_fixed() -> None:
    fixed, random = fixed_effect(Y[1], E[1]), random_effects(Y[1], E[1], interval="wald")
    same(random, fixed, (*POOLED, "share"), 1e-15)
    assert_close(fixed.prediction_upper, fixed.upper, 1e-15)
    tight = random_effects(Y[1], E[1])
    modified = random_effects(Y[1], E[1], interval="modified-hartung-knapp")
    assert tight.std_error < modified.std_error == fixed.std_error
    assert float(modified.df) == 3


def test_fixed_effects_merge() -> None:
    half = fixed_effect(Y[0].reshape(2, 2), E[0].reshape(2, 2))
    same(fixed_effect(half.estimate, half.std_error), fixed_effect(Y[0], E[0]), POOLED, 1e-12)


@pytest.mark.parametrize("between", ESTIMATORS)
def test_shrinking_orders_moves_and_saves_the_mean(between: str) -> None:
    plain = shrink(Y, E, between=between)
    turned = shrink(Y.T, E.T, between=between, axis=0)
    same(turned, plain, EACH, 1e-15)
    moved = shrink(Y * 3 + 7, E * 3, between=between)
    assert_close(moved.mean, plain.mean * 3 + 7, 1e-9)
    assert_close(moved.std_dev, plain.std_dev * 3, 1e-9)
    low, high = np.minimum(Y, plain.pooled_mean[:, None]), np.maximum(Y, plain.pooled_mean[:, None])
    assert np.all((plain.mean >= low - 1e-15) & (plain.mean <= high + 1e-15))
    assert np.all(plain.std_dev <= E + 1e-15)
    assert np.all((plain.shrinkage > 0) & (plain.shrinkage <= 1))
    pooled = random_effects(Y, E, between=between, interval="wald")
    assert_close(plain.pooled_mean, pooled.estimate, 1e-12)
    assert_close(plain.pooled_std_error, pooled.std_error, 1e-12)
    # A one-sided credible bound at 0 has the probability of the other sign.
    level = 2 * np.minimum(plain.probability_positive[0, 0], 1 - plain.probability_positive[0, 0])
    edge = shrink(Y[0], E[0], between=between, alpha=level)
    assert min(abs(edge.lower[0]), abs(edge.upper[0])) < 1e-9


def test_one_experiment() -> None:
    alone = fixed_effect([0.3], [0.1])
    assert float(alone.estimate) == 0.3
    assert_close(alone.std_error, 0.1, 1e-15)
    assert (int(alone.reason), int(alone.heterogeneity.reason)) == (0, Reason.TOO_FEW_UNITS)
    assert np.isnan(alone.heterogeneity.q)
    random, each = random_effects([0.3], [0.1]), shrink([0.3], [0.1])
    assert int(random.reason) == int(each.reason) == Reason.TOO_FEW_UNITS
    assert int(heterogeneity([0.3], [0.1]).reason) == Reason.TOO_FEW_UNITS
    for name in POOLED:
        assert np.isnan(getattr(random, name)), name
    for name in EACH:
        assert np.isnan(getattr(each, name)).tolist() == [True], name


@pytest.mark.parametrize(
    ("y", "error", "reason"),
    [
        ([0.1, np.nan, 0.3], [0.1, 0.1, 0.1], Reason.NOT_FINITE),
        ([0.1, np.inf, 0.3], [0.1, 0.1, 0.1], Reason.NOT_FINITE),
        ([0.1, 0.2, 0.3], [0.1, np.nan, 0.1], Reason.NOT_FINITE),
        ([0.1, 0.2, 0.3], [0.1, np.inf, 0.1], Reason.NOT_FINITE),
        ([0.1, 0.2, 0.3], [0.1, 0.0, 0.1], Reason.NO_VARIANCE),
        ([0.1, 0.2, np.nan], [0.1, 0.0, 0.1], Reason.NO_VARIANCE | Reason.NOT_FINITE),
        ([1.7e308, -1.7e308, 0.1], [0.1, 0.2, 0.1], Reason.NOT_FINITE),
        ([0.1, 0.2, 0.3], [1e-200, 0.2, 0.1], Reason.NOT_FINITE),
    ],
)
def test_one_undefined_experiment_leaves_its_combination_undefined_and_no_other(
    y: list[float], error: list[float], reason: Reason
) -> None:
    sane = ([0.1, 0.2, 0.3], [0.1, 0.1, 0.1])
    for model in MODELS:
        found = model([y, sane[0]], [error, sane[1]])
        assert found.reason.tolist() == [reason, 0]
        assert found.heterogeneity.reason.tolist() == [reason, 0]
        for name in (*POOLED, "df"):
            assert np.isnan(getattr(found, name)).tolist() == [True, False], name
        for name in ("q", "df", "p_value", "tau_squared", "i_squared", "h_squared"):
            assert np.isnan(getattr(found.heterogeneity, name)).tolist() == [True, False], name
    each = shrink([y, sane[0]], [error, sane[1]])
    assert each.reason.tolist() == [reason, 0]
    for name in EACH:
        assert np.isnan(getattr(each, name)).tolist() == [[True] * 3, [False] * 3], name


def test_experiments_that_agree_to_the_last_digit_have_no_hartung_knapp_interval() -> None:
    y = [0.3, 0.1 + 0.2, 0.3]
    found = random_effects(y, [0.1, 0.2, 0.3])
    assert int(found.reason) == Reason.NO_VARIANCE
    assert (float(found.estimate), float(found.std_error)) == (0.3, 0.0)
    for name in ("statistic", "df", "p_value", "lower", "upper", "prediction_lower", "prediction_upper"):
        assert np.isnan(getattr(found, name)), name
    assert int(random_effects(y, [0.1, 0.2, 0.3], interval="modified-hartung-knapp").reason) == 0


@pytest.mark.parametrize("unit", [1e-150, 1e150])
def test_no_unit_is_too_small_or_too_great(unit: float) -> None:
    plain, scaled = random_effects(Y, E), random_effects(Y * unit, E * unit)
    assert_close(scaled.p_value, plain.p_value, 1e-9)
    assert_close(scaled.lower, plain.lower * unit, 1e-9)


def test_refusals() -> None:
    for function in (fixed_effect, random_effects, shrink, heterogeneity):
        with pytest.raises(InputError, match=r"std_error is -1; it must be 0 or greater"):
            function([1.0, 2.0], [1.0, -1.0])
        with pytest.raises(InputError, match=r"axis is 1; estimates of shape \(2,\) have 1 axes"):
            function([1.0, 2.0], 1.0, axis=1)
        with pytest.raises(InputError, match="axis is -1; estimates of shape"):
            function(1.0, 1.0)
        with pytest.raises(InputError, match="must hold at least 1 experiment"):
            function([], [])
        with pytest.raises(InputError, match="broadcast"):
            function([1.0, 2.0], [1.0, 2.0, 3.0])
    for function in (random_effects, shrink, heterogeneity):
        with pytest.raises(InputError, match=r"between is 'remel'.*reml"):
            function([1.0, 2.0], 1.0, between="remel")
    for function in (fixed_effect, random_effects, shrink):
        with pytest.raises(InputError, match="alpha is nan"):
            function([1.0, 2.0], 1.0, alpha=np.nan)
    with pytest.raises(InputError, match=r"interval is 'wold'.*wald"):
        random_effects([1.0, 2.0], 1.0, interval="wold")
    with pytest.raises(InputError, match="alternative is 'up'"):
        fixed_effect([1.0, 2.0], 1.0, alternative="up")  # type: ignore[arg-type]
