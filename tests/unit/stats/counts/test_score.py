from __future__ import annotations

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from assay.stats import METHODS, Effect, Moments

counts = st.integers(0, 2000)
exposures = st.floats(0.5, 1e6)


def arm(events: float, n: float, exposure: float = 1.0) -> Moments:
    zero = np.array(0.0)
    return Moments(
        n=np.array(n), mean_y=np.array(events / n), m2_y=zero, mean_d=np.array(exposure), m2_d=zero, c_yd=zero
    )


def score(k_c: int, e_c: float, k_t: int, e_t: float, **options: object) -> Effect:
    return METHODS["rate_score"](arm(k_c, 100.0, e_c / 100), arm(k_t, 100.0, e_t / 100), **options)


@settings(max_examples=20)
@given(k_c=counts, e_c=exposures, k_t=counts, e_t=exposures)
def test_both_intervals_change_side_at_the_p_value(k_c: int, e_c: float, k_t: int, e_t: float) -> None:
    p = float(score(k_c, e_c, k_t, e_t).p_value)
    assume(1e-280 < p < 0.99)
    for nudge, significant in ((1 + 1e-6, True), (1 - 1e-6, False)):
        effect = score(k_c, e_c, k_t, e_t, alpha=p * nudge)
        assert bool(effect.lower > 0 or effect.upper < 0) == significant
        assert bool(effect.relative_lower > 0 or effect.relative_upper < 0) == significant


@settings(max_examples=20)
@given(
    k=st.tuples(counts, counts), e=st.tuples(exposures, exposures), alpha=st.sampled_from([1e-6, 0.05, 0.5])
)
def test_the_ends_of_the_ratio_are_where_the_restricted_score_is_z(
    k: tuple[int, int], e: tuple[float, float], alpha: float
) -> None:
    assume(min(k) > 0)
    effect = score(k[0], e[0], k[1], e[1], alpha=alpha)
    z = {1e-6: 4.891638475698908, 0.05: 1.9599639845400545, 0.5: 0.6744897501960817}[alpha]
    for lift in (effect.relative_lower, effect.relative_upper):
        ratio = 1 + float(lift)
        assume(ratio > 1e-6)
        rate = (k[0] + k[1]) / (e[0] + ratio * e[1])
        variance = ratio * rate / e[1] + ratio**2 * rate / e[0]
        np.testing.assert_allclose(abs(k[1] / e[1] - ratio * k[0] / e[0]), z * np.sqrt(variance), rtol=1e-6)


def test_no_event_has_the_closed_ends_of_the_limit() -> None:
    # One arm's rate may rise until m reaches its whole exposure: the end is z² over it.
    effect = score(0, 10.0, 0, 20.0)
    z2 = 1.9599639845400545**2
    np.testing.assert_allclose([effect.lower, effect.upper], [-z2 / 10, z2 / 20], rtol=1e-12)


def test_a_one_sided_level_above_a_half_puts_the_end_beyond_the_estimate() -> None:
    effect = score(20, 100.0, 25, 100.0, alpha=0.9, alternative="greater")
    assert float(effect.lower) > float(effect.estimate)
    assert float(effect.relative_lower) > float(effect.relative_estimate)
    even = score(20, 100.0, 25, 100.0, alpha=0.5, alternative="greater")
    np.testing.assert_allclose(even.lower, even.estimate, rtol=1e-9)
    np.testing.assert_allclose(even.relative_lower, even.relative_estimate, rtol=1e-9)


def test_equal_arms_at_an_even_level_are_nowhere_undefined() -> None:
    effect = score(20, 100.0, 20, 100.0, alpha=0.5, alternative="greater")
    assert float(effect.relative_lower) == 0
    assert abs(float(effect.lower)) < 1e-100
