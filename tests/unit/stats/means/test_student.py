from __future__ import annotations

import numpy as np
import pytest

from assay.stats import METHODS, Moments, Reason, welch
from assay.stats.means import student, z_means
from assay.stats.tails import ALTERNATIVES

C, T = Moments.of([1.0, 4.0, 2.5, 3.0]), Moments.of([5.0, 2.0, 6.5, 4.5])


def test_with_arms_of_one_size_student_has_welchs_statistic() -> None:
    assert float(student(C, T).statistic) == pytest.approx(float(welch(C, T).statistic))
    assert float(student(C, T).df) == 6


def test_z_is_welch_with_no_end_of_degrees() -> None:
    big_c, big_t = (Moments(n=m.n * 1e9, mean_y=m.mean_y, m2_y=m.m2_y * 1e9) for m in (C, T))
    for name in ("p_value", "lower", "upper", "relative_lower", "relative_upper"):
        assert float(getattr(z_means(big_c, big_t), name)) == pytest.approx(
            float(getattr(welch(big_c, big_t), name)), rel=1e-6, abs=1e-300
        )
    assert np.isinf(z_means(C, T).df)


@pytest.mark.parametrize("name", ["student", "z_means", "welch"])
@pytest.mark.parametrize("alternative", ALTERNATIVES)
def test_p_value_and_both_intervals_are_inverses(name: str, alternative: str) -> None:
    effect = METHODS[name](C, T, alpha=np.linspace(0.01, 0.99, 30), alternative=alternative)
    rejected = effect.p_value < effect.alpha
    assert 0 < rejected.sum() <= 30
    outside = (effect.lower > 0) | (effect.upper < 0)
    np.testing.assert_array_equal(outside, rejected)
    bounded = (effect.reason & Reason.RELATIVE_UNBOUNDED) == 0
    away = (effect.relative_lower > 0) | (effect.relative_upper < 0)
    np.testing.assert_array_equal(away[bounded], rejected[bounded])


@pytest.mark.parametrize("name", ["student", "z_means"])
def test_swapping_arms_mirrors_and_scale_carries_over(name: str) -> None:
    method = METHODS[name]
    one, other = method(C, T), method(T, C)
    assert float(one.lower) == pytest.approx(-float(other.upper))
    assert float(one.p_value) == pytest.approx(float(other.p_value))
    scaled = method(*(Moments(n=m.n, mean_y=3 * m.mean_y, m2_y=9 * m.m2_y) for m in (C, T)))
    assert float(scaled.lower) == pytest.approx(3 * float(one.lower))
    assert float(scaled.relative_upper) == pytest.approx(float(one.relative_upper))
    assert float(method(C, T, alternative="greater").p_value) == pytest.approx(
        float(method(T, C, alternative="less").p_value)
    )


def test_a_negative_control_turns_the_side_of_the_lift() -> None:
    c, t = (Moments(n=m.n * 50, mean_y=m.mean_y - 10, m2_y=m.m2_y * 50) for m in (C, T))
    effect = student(c, t, alternative="greater")
    assert effect.p_value < 0.05
    assert effect.lower > 0
    assert np.isinf(effect.upper)
    assert effect.relative_upper < 0
    assert effect.relative_lower == -np.inf
    assert int(effect.reason) == 0


def test_one_unit_will_do_if_the_other_arm_varies() -> None:
    lone = student(Moments.of([9.0]), T)
    assert np.isfinite(lone.p_value)
    assert float(lone.df) == 3
    for arms in ((Moments.of([9.0]), Moments.of([1.0])), (Moments.of([]), T)):
        effect = student(*arms)
        assert int(effect.reason) & Reason.TOO_FEW_UNITS
        assert np.isnan(effect.p_value)
    assert int(student(Moments.of([2.0, 2.0]), Moments.of([3.0, 3.0])).reason) & Reason.NO_VARIANCE
