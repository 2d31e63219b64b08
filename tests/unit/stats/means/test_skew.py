from __future__ import annotations

import numpy as np
import pytest

from assay.seeds import stream
from assay.stats import METHODS, Moments, Reason, Samples, welch
from assay.stats.tails import ALTERNATIVES

skew_t = METHODS["skew_t"]


def arms() -> tuple[Samples, Samples]:
    rng = stream(3, "test.skew")
    return Samples(rng.gamma(0.5, 2.0, (3, 30))), Samples(rng.gamma(0.5, 3.0, (3, 300)))


def test_without_skewness_it_is_welch() -> None:
    c, t = [1.0, 2.0, 3.0, 4.0], [2.0, 4.0, 6.0]
    effect, plain = skew_t(Samples(c), Samples(t)), welch(Moments.of(c), Moments.of(t))
    for field in ("statistic", "p_value", "lower", "upper", "relative_lower", "relative_upper"):
        assert float(getattr(effect, field)) == pytest.approx(float(getattr(plain, field)), rel=1e-9), field


@pytest.mark.parametrize("alternative", ALTERNATIVES)
@pytest.mark.parametrize("shift", [0.0, -20.0])
def test_p_value_and_both_intervals_are_inverses(alternative: str, shift: float) -> None:
    c, t = (Samples(arm.y[:, None, :] + shift) for arm in arms())
    effect = skew_t(c, t, alpha=np.linspace(0.001, 0.9, 40), alternative=alternative)
    rejected = effect.p_value < effect.alpha
    assert 0 < rejected.sum() < rejected.size
    np.testing.assert_array_equal((effect.lower > 0) | (effect.upper < 0), rejected)
    bounded = (effect.reason & Reason.RELATIVE_UNBOUNDED) == 0
    away = (effect.relative_lower > 0) | (effect.relative_upper < 0)
    np.testing.assert_array_equal(away[bounded], rejected[bounded])


def test_swapping_arms_mirrors_and_a_batch_is_its_elements() -> None:
    c, t = arms()
    one, other = skew_t(c, t), skew_t(t, c)
    np.testing.assert_allclose(one.p_value, other.p_value)
    np.testing.assert_allclose(one.lower, -other.upper)
    alone = skew_t(Samples(c.y[1]), Samples(t.y[1]))
    assert float(alone.relative_upper) == pytest.approx(float(one.relative_upper[1]), rel=1e-12)


def test_an_uncertain_control_leaves_the_lift_unbounded() -> None:
    effect = skew_t(Samples([0.0, 0.0, 0.0, 9.0]), Samples([1.0, 2.0, 3.0]), alpha=0.01)
    assert int(effect.reason) & Reason.RELATIVE_UNBOUNDED
    assert np.isinf(effect.relative_upper) or np.isinf(effect.relative_lower)
    assert np.isfinite(effect.lower)


def test_what_is_undefined_is_explained() -> None:
    good = Samples([1.0, 2.0, 4.0])
    assert int(skew_t(Samples([1.0, 2.0]), good).reason) & Reason.TOO_FEW_UNITS
    assert int(skew_t(Samples([1.0, np.nan, 2.0]), good).reason) & Reason.NOT_FINITE
    assert int(skew_t(Samples([2.0] * 3), Samples([3.0] * 3)).reason) & Reason.NO_VARIANCE
    zero = skew_t(Samples([-1.0, 0.0, 1.0]), good)
    assert int(zero.reason) & Reason.ZERO_CONTROL
    assert np.isnan(zero.relative_estimate)
