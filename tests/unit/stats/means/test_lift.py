from __future__ import annotations

import numpy as np
import pytest

from assay.stats import METHODS, Moments, Reason
from assay.stats.tails import ALTERNATIVES

C, T = Moments.of([1.0, 4.0, 2.5, 3.0, 2.0]), Moments.of([5.0, 2.0, 6.5, 4.5])
BOTH = ("lift_delta", "lift_log")


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize("alternative", ALTERNATIVES)
def test_the_p_value_is_the_lifts(name: str, alternative: str) -> None:
    effect = METHODS[name](C, T, alpha=np.linspace(0.01, 0.9, 30), alternative=alternative)
    rejected = effect.p_value < effect.alpha
    np.testing.assert_array_equal((effect.relative_lower > 0) | (effect.relative_upper < 0), rejected)
    assert np.isnan(effect.lower).all()
    assert (effect.reason == Reason.NOT_DEFINED).all()


def test_swapping_arms_mirrors_the_log_and_not_the_delta_lift() -> None:
    one, other = METHODS["lift_log"](C, T), METHODS["lift_log"](T, C)
    assert float(one.p_value) == pytest.approx(float(other.p_value))
    assert 1 + float(one.relative_upper) == pytest.approx(1 / (1 + float(other.relative_lower)))
    assert float(METHODS["lift_delta"](C, T).p_value) != pytest.approx(
        float(METHODS["lift_delta"](T, C).p_value), rel=1e-3
    )


@pytest.mark.parametrize("name", BOTH)
def test_scale_plays_no_part(name: str) -> None:
    scaled = METHODS[name](*(Moments(n=m.n, mean_y=7 * m.mean_y, m2_y=49 * m.m2_y) for m in (C, T)))
    plain = METHODS[name](C, T)
    for field in ("p_value", "relative_lower", "relative_upper", "df"):
        assert float(getattr(scaled, field)) == pytest.approx(float(getattr(plain, field)))


@pytest.mark.parametrize("name", BOTH)
def test_what_is_outside_the_domain_is_said(name: str) -> None:
    negative = Moments.of([-1.0, -4.0, -2.0])
    assert int(METHODS[name](negative, T).reason) & Reason.OUTSIDE_DOMAIN
    zero = METHODS[name](Moments.of([0.0, 0.0]), T)
    assert int(zero.reason) & Reason.ZERO_CONTROL
    assert np.isnan(zero.relative_estimate)
    same = METHODS[name](Moments.of([2.0, 2.0]), Moments.of([3.0, 3.0]))
    assert int(same.reason) & Reason.NO_VARIANCE
    assert float(same.relative_estimate) == 0.5
    assert int(METHODS[name](Moments.of([1.0]), T).reason) & Reason.TOO_FEW_UNITS


def test_the_log_lift_of_a_negative_treatment_is_refused() -> None:
    assert int(METHODS["lift_log"](T, Moments.of([-1.0, -2.0])).reason) & Reason.OUTSIDE_DOMAIN
    assert np.isfinite(METHODS["lift_delta"](T, Moments.of([-1.0, -2.0])).p_value)
