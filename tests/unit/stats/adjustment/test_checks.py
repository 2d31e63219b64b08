from __future__ import annotations

import numpy as np
import pytest

from assay.errors import InputError
from assay.stats import Moments, Reason, welch
from assay.stats.adjustment import (
    CHECK_LEVEL,
    Comoments,
    cuped,
    imbalance,
    moved_covariate,
    sign_flip,
    variance_saved,
)


def both(seed: int, n: int | tuple[int, ...], shift: float = 0.0) -> tuple[Moments, Comoments]:
    rng = np.random.default_rng(seed)
    x, d = rng.normal(10, 2, n) + shift, rng.poisson(3, n) + 1.0
    y, age = (5 + x + rng.normal(0, 2, n)) * d, rng.normal(30, 5, n)
    return Moments.of(y, d, x), Comoments.of(y, {"x": x, "age": age}, d=d)


# imbalance


def test_imbalance_is_welch_of_the_covariate() -> None:
    a, b = both(1, 50)[0], both(2, 40)[0]
    found = imbalance(a, b)
    expected = welch(*(Moments(n=m.n, mean_y=np.asarray(m.mean_x), m2_y=np.asarray(m.m2_x)) for m in (a, b)))
    assert float(found.p_value) == pytest.approx(float(expected.p_value), rel=1e-12)
    assert float(found.difference) == pytest.approx(float(expected.estimate), rel=1e-12)
    spread = np.sqrt((a.var_x + b.var_x) / 2)
    assert float(found.standardised) == pytest.approx(float(expected.estimate / spread), rel=1e-12)
    assert (bool(found.alarm), int(found.reason)) == (False, 0)


def test_a_shifted_covariate_alarms_and_moved_covariate_is_the_same_arithmetic() -> None:
    a, b = both(3, 100), both(4, 100, 3.0)
    found = moved_covariate(a[0], b[0])
    assert bool(found.alarm)
    assert float(found.p_value) < CHECK_LEVEL
    assert float(found.p_value) == float(imbalance(a[0], b[0]).p_value)
    assert not imbalance(a[0], b[0], alpha=float(found.p_value) / 2).alarm


def test_a_covariate_that_the_treatment_moved_biases_by_the_slope_times_the_move() -> None:
    rng = np.random.default_rng(5)
    x = rng.normal(10, 2, (2, 20_000))
    y = 2 * x + rng.normal(0, 1, x.shape) + np.array([[0.0], [1.0]])
    moved = x + np.array([[0.0], [0.5]])
    a, b = (Moments.of(y[i], x=moved[i]) for i in range(2))
    assert bool(moved_covariate(a, b).alarm)
    assert float(cuped(a, b).estimate) == pytest.approx(1 - 2 * 0.5, abs=0.05)


def test_many_covariates_are_checked_one_by_one() -> None:
    a, b = both(6, (3, 50)), both(7, (3, 40), 3.0)
    found = imbalance(a[1], b[1])
    assert found.p_value.shape == (3, 2)
    assert found.alarm.tolist() == [[True, False]] * 3
    np.testing.assert_allclose(found.p_value[:, 0], imbalance(a[0], b[0]).p_value, rtol=1e-12)


def test_constants_are_balanced_if_they_are_equal_and_alarm_if_not() -> None:
    def constant(value: float) -> Moments:
        return Moments.of([1.0, 2.0, 4.0], x=[value] * 3)

    for value in (0.0, 2.0):
        equal = imbalance(constant(value), constant(value))
        assert (float(equal.p_value), bool(equal.alarm), int(equal.reason)) == (1.0, False, 0)
        assert float(equal.standardised) == 0
    unlike = imbalance(constant(0.0), constant(2.0))
    assert np.isnan(unlike.p_value)
    assert (bool(unlike.alarm), int(unlike.reason)) == (True, Reason.NO_VARIANCE)


def test_a_check_that_cannot_run_alarms() -> None:
    found = imbalance(Moments.of([1.0], x=[1.0]), Moments.of([1.0, 2.0], x=[1.0, 2.0]))
    assert (bool(found.alarm), int(found.reason)) == (True, Reason.TOO_FEW_UNITS)


# sign flips


def test_a_flip_alarms_only_if_one_of_the_two_found_something() -> None:
    raw = welch(Moments.of([[0.0, 1.0, 2.0]] * 4), Moments.of([[3.0, 4.0, 5.0]] * 4))
    quiet = welch(
        Moments.of(np.array([[0.0, 9.0, 3.0]] * 4)),
        Moments.of(np.array([[0.0, 8.0, 3.0], [0.0, 9.5, 3.0], [0.0, 9.0, 3.0], [0.0, np.nan, 1.0]])),
    )
    assert raw.p_value[0] < 0.05 < np.nanmin(quiet.p_value)
    found = sign_flip(raw, quiet)
    assert found.flipped.tolist() == [True, False, False, False]
    assert found.alarm.tolist() == [True, False, False, False]
    assert found.shift[0] == pytest.approx(-1 / 3 - 3)
    among_noise = sign_flip(quiet, welch(Moments.of([0.0, 9.0, 3.0]), Moments.of([1.0, 9.0, 3.0])))
    assert among_noise.flipped.tolist() == [True, False, False, False]
    assert not np.any(among_noise.alarm)


def test_effects_that_do_not_broadcast_are_refused() -> None:
    two, three = (Moments.of(np.arange(k * 3.0).reshape(k, 3)) for k in (2, 3))
    with pytest.raises(InputError, match=r"raw has shape \(2,\), adjusted has shape \(3,\)"):
        sign_flip(welch(two, two), welch(three, three))


# savings


def test_the_saving_is_what_cuped_takes_from_the_variance() -> None:
    a, b = both(8, 20_000)[0], both(9, 20_000)[0]
    found = variance_saved(a, b)
    ratio = cuped(a, b).std_error ** 2 / welch(a, b).std_error ** 2
    assert float(1 - found.saved) == pytest.approx(float(ratio), rel=1e-3)
    assert float(found.correlation) ** 2 == pytest.approx(float(found.saved), rel=1e-12)


def test_a_ratio_needs_its_denominator_and_saves_more_here() -> None:
    a, b = both(10, 500), both(11, 400)
    ratio = variance_saved(a[0], b[0], ratio=True)
    assert float(ratio.saved) > float(variance_saved(a[0], b[0]).saved)
    assert variance_saved(a[1], b[1], ratio=True).saved >= ratio.saved
    with pytest.raises(InputError, match="control has the series y, x only; a ratio needs d"):
        variance_saved(Moments.of([1.0, 2.0], x=[1.0, 2.0]), Moments.of([1.0, 2.0], x=[1.0, 2.0]), ratio=True)


def test_the_sign_of_the_correlation_is_that_of_the_slope() -> None:
    arm = Moments.of([3.0, 2.0, 1.0], x=[1.0, 2.0, 3.0])
    found = variance_saved(arm, arm)
    assert (float(found.slope), float(found.correlation), float(found.saved)) == (-1.0, -1.0, 1.0)
    many = Comoments.of([3.0, 2.0, 1.0, 4.0], {"x": [1.0, 2.0, 3.0, 0.5], "z": [0.0, 1.0, 0.0, 1.0]})
    assert float(variance_saved(many, many).correlation) > 0
    assert variance_saved(many, many).slope.shape == (2,)


def test_what_saves_nothing_and_what_is_undefined() -> None:
    flat = Moments.of([1.0, 2.0, 4.0], x=[2.0, 2.0, 2.0])
    none = variance_saved(flat, flat)
    assert (float(none.slope), float(none.correlation), float(none.saved)) == (0.0, 0.0, 0.0)
    still = Moments.of([[1.0, 1.0], [1.0, np.nan]], x=[[1.0, 2.0]] * 2)
    found = variance_saved(still, still)
    assert found.reason.tolist() == [Reason.NO_VARIANCE, Reason.NOT_FINITE]
    assert np.isnan(found.saved).all()
    assert np.isnan(found.slope).all()
    no_ratio = Moments.of([1.0, 2.0], d=[1.0, -1.0], x=[1.0, 2.0])
    assert int(variance_saved(no_ratio, no_ratio, ratio=True).reason) == Reason.ZERO_DENOMINATOR


# refusals


def test_data_without_covariates_or_of_unlike_shapes_are_refused() -> None:
    bare = Moments.of([1.0, 2.0])
    for check in (imbalance, moved_covariate, variance_saved):
        with pytest.raises(InputError, match="control has the series y only; a covariate x is needed"):
            check(bare, bare)
        with pytest.raises(InputError, match="one side has the series y, x, the other y"):
            check(Moments.of([1.0, 2.0], x=[1.0, 2.0]), bare)
        with pytest.raises(InputError, match=r"control has shape \(2,\), treatment has shape \(3,\)"):
            check(both(12, (2, 5))[0], both(13, (3, 5))[0])
    with pytest.raises(InputError, match="alpha is 1; it must lie strictly between 0 and 1"):
        imbalance(both(14, 5)[0], both(15, 5)[0], alpha=1.0)
