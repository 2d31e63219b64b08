from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from assay.stats import METHODS, Effect, Moments, Reason
from assay.stats.tails import ALTERNATIVES, Alternative

Table = tuple[int, int, int, int]
MOMENT_METHODS = [
    "compound_poisson_gamma",
    "negative_binomial",
    "quasi_poisson",
    "rate_e_test",
    "rate_exact",
    "rate_exact_minimum_likelihood",
    "rate_mid_p",
    "rate_score",
]
BY_DIFFERENCE = ["compound_poisson_gamma", "negative_binomial", "quasi_poisson", "rate_e_test", "rate_score"]
BY_RATIO = [
    "compound_poisson_gamma",
    "negative_binomial",
    "quasi_poisson",
    "rate_exact",
    "rate_mid_p",
    "rate_score",
]
EXACT = ["rate_e_test", "rate_exact", "rate_exact_minimum_likelihood", "rate_mid_p"]
tables = st.tuples(st.integers(0, 60), st.integers(40, 500), st.integers(0, 60), st.integers(40, 500))


def arm(events: float, n: float, dispersion: float = 1.6) -> Moments:
    return Moments(n=np.array(float(n)), mean_y=np.array(events / n), m2_y=np.array(dispersion * events))


def compare(name: str, table: Table, **options: object) -> Effect:
    k_c, n_c, k_t, n_t = table
    return METHODS[name](arm(k_c, n_c), arm(k_t, n_t), **options)


def excludes(lower: float, upper: float) -> bool:
    return bool(lower > 0 or upper < 0)


# relations


@pytest.mark.parametrize("name", sorted({*BY_DIFFERENCE, *BY_RATIO}))
@settings(max_examples=12)
@given(table=tables, alpha=st.sampled_from([0.01, 0.05, 0.3, 0.8]), side=st.sampled_from(ALTERNATIVES))
def test_p_value_and_intervals_agree_on_no_effect(
    name: str, table: Table, alpha: float, side: Alternative
) -> None:
    effect = compare(name, table, alpha=alpha, alternative=side)
    p = float(effect.p_value)
    assume(not np.isnan(p) and abs(p - alpha) > 1e-9)
    if name in BY_DIFFERENCE:
        assert (p < alpha) == excludes(float(effect.lower), float(effect.upper))
    if name in BY_RATIO:
        assert (p < alpha) == excludes(float(effect.relative_lower), float(effect.relative_upper))


@pytest.mark.parametrize("name", MOMENT_METHODS)
@settings(max_examples=8)
@given(table=tables)
def test_swapping_arms_mirrors(name: str, table: Table) -> None:
    k_c, n_c, k_t, n_t = table
    one, other = compare(name, table), compare(name, (k_t, n_t, k_c, n_c))
    np.testing.assert_allclose(one.p_value, other.p_value, rtol=1e-9)
    np.testing.assert_allclose(one.lower, -other.upper, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(one.upper, -other.lower, rtol=1e-9, atol=1e-12)
    if k_c > 0 and k_t > 0 and name in BY_RATIO:
        np.testing.assert_allclose((1 + one.relative_lower) * (1 + other.relative_upper), 1, rtol=1e-9)


@pytest.mark.parametrize("name", MOMENT_METHODS)
def test_a_batch_is_its_elements(name: str) -> None:
    events = np.array([[3.0, 0.0, 40.0], [17.0, 2.0, 1.0]])
    control = Moments(n=np.full(3, 50.0), mean_y=events[0] / 50, m2_y=events[0] + 2)
    treatment = Moments(n=np.full((2, 1), 60.0), mean_y=events[1] / 60, m2_y=events[1] + 2)
    levels = np.array([0.05, 0.01, 0.2])
    batch = METHODS[name](control, treatment, alpha=levels)
    assert batch.shape == (2, 3)
    for i, j in np.ndindex(2, 3):
        one = METHODS[name](
            Moments(n=control.n[j], mean_y=control.mean_y[j], m2_y=control.m2_y[j]),
            Moments(n=treatment.n[i, j], mean_y=treatment.mean_y[i, j], m2_y=treatment.m2_y[i, j]),
            alpha=levels[j],
        )
        for field in Effect.names():
            np.testing.assert_allclose(
                getattr(batch, field)[i, j], getattr(one, field), rtol=1e-12, err_msg=field
            )


@pytest.mark.parametrize("name", sorted({*BY_DIFFERENCE, *BY_RATIO}))
def test_intervals_widen_with_confidence_and_hold_the_estimate(name: str) -> None:
    alphas = [0.5, 0.2, 0.05, 0.01, 1e-4]
    effects = [compare(name, (12, 90, 21, 110), alpha=a) for a in alphas]
    for lower, upper, used in (
        ("lower", "upper", BY_DIFFERENCE),
        ("relative_lower", "relative_upper", BY_RATIO),
    ):
        if name in used:
            assert np.all(np.diff([float(getattr(e, lower)) for e in effects]) < 0)
            assert np.all(np.diff([float(getattr(e, upper)) for e in effects]) > 0)
    if name in BY_RATIO:
        assert float(effects[0].relative_lower) < float(effects[0].relative_estimate)


@pytest.mark.parametrize("name", MOMENT_METHODS)
def test_one_side_is_half_of_two_and_opens_the_other_end(name: str) -> None:
    two, low = (
        compare(name, (12, 90, 31, 110)),
        compare(name, (12, 90, 31, 110), alpha=0.025, alternative="greater"),
    )
    less = compare(name, (12, 90, 31, 110), alpha=0.025, alternative="less")
    if name not in {"rate_e_test", "rate_exact_minimum_likelihood"}:
        np.testing.assert_allclose(two.p_value, 2 * low.p_value, rtol=1e-12)
    if name in BY_DIFFERENCE:
        assert float(low.upper) == np.inf
        assert float(less.lower) == -np.inf
    if name in BY_DIFFERENCE and name != "rate_e_test":
        np.testing.assert_allclose([two.lower, two.upper], [low.lower, less.upper], rtol=1e-12)
    if name in BY_RATIO:
        np.testing.assert_allclose(
            [two.relative_lower, two.relative_upper], [low.relative_lower, less.relative_upper], rtol=1e-12
        )
        assert (float(less.relative_lower), float(low.relative_upper)) == (-1, np.inf)


@pytest.mark.parametrize("name", MOMENT_METHODS)
def test_a_constant_exposure_only_scales_the_rates(name: str) -> None:
    y_c, y_t = np.array([0, 2, 1, 0, 5, 1.0]), np.array([3, 4, 1, 0, 6, 9.0, 2])
    plain = METHODS[name](Moments.of(y_c), Moments.of(y_t))
    exposed = METHODS[name](Moments.of(y_c, np.full(6, 4.0)), Moments.of(y_t, np.full(7, 4.0)))
    for field in ("p_value", "statistic", "relative_lower", "relative_upper", "relative_estimate"):
        np.testing.assert_allclose(getattr(exposed, field), getattr(plain, field), rtol=1e-9, err_msg=field)
    for field in ("estimate", "std_error", "lower", "upper"):
        np.testing.assert_allclose(
            4 * getattr(exposed, field), getattr(plain, field), rtol=1e-9, err_msg=field
        )


# edges


@pytest.mark.parametrize("name", MOMENT_METHODS)
def test_undefined_arms_say_why_and_leave_their_neighbours_alone(name: str) -> None:
    control = Moments(
        n=np.array([0.0, 10, 10, 10, 10, 10]),
        mean_y=np.array([0.0, np.nan, 0.3, 0.3, -0.3, 0.3]),
        m2_y=np.array([0.0, 1, 2, 2, 2, 2]),
        mean_d=np.array([0.0, 1, 0, np.inf, 1, 1]),
        m2_d=np.zeros(6),
        c_yd=np.zeros(6),
    )
    treatment = Moments.of([1.0, 0.0, 2.0, 0.0, 1.0], np.ones(5))
    effect = METHODS[name](control, treatment)
    for at, reason in enumerate(
        (
            Reason.TOO_FEW_UNITS,
            Reason.NOT_FINITE,
            Reason.ZERO_DENOMINATOR,
            Reason.NOT_FINITE,
            Reason.OUTSIDE_DOMAIN,
        )
    ):
        assert int(effect.reason[at]) & reason, at
        assert np.isnan([effect.p_value[at], effect.lower[at], effect.relative_upper[at]]).all()
    assert np.isfinite(effect.p_value[5])
    assert int(effect.reason[5]) in {0, Reason.NOT_DEFINED}


@pytest.mark.parametrize("name", EXACT)
def test_exact_methods_take_whole_totals_only_but_forgive_rounding(name: str) -> None:
    broken = compare(name, (5, 10, 7, 10))  # type: ignore[arg-type]
    halves = METHODS[name](arm(5.5, 10), arm(7, 10))
    assert int(halves.reason) & Reason.OUTSIDE_DOMAIN
    third = Moments(n=np.array(10.0), mean_y=np.array(np.nextafter(0.5, 1)), m2_y=np.array(2.5))
    assert float(METHODS[name](third, arm(7, 10)).p_value) == float(broken.p_value)


@pytest.mark.parametrize("name", MOMENT_METHODS)
def test_no_event_in_the_control_leaves_the_lift_without_estimate_and_upper_end(name: str) -> None:
    effect = compare(name, (0, 50, 9, 50))
    assert int(effect.reason) & Reason.ZERO_CONTROL
    assert np.isnan(effect.relative_estimate)
    assert 0 < float(effect.p_value) < 0.05
    if name in BY_RATIO:
        assert 0 < float(effect.relative_lower) < np.inf
        assert float(effect.relative_upper) == np.inf
        assert int(effect.reason) & Reason.RELATIVE_UNBOUNDED
    lost = compare(name, (9, 50, 0, 50))
    assert float(lost.relative_estimate) == -1
    if name in BY_RATIO:
        assert -1 == float(lost.relative_lower) < float(lost.relative_upper) < 0


@pytest.mark.parametrize(
    "name", ["rate_e_test", "rate_exact", "rate_exact_minimum_likelihood", "rate_mid_p", "rate_score"]
)
def test_no_event_at_all_is_evidence_of_nothing(name: str) -> None:
    effect = compare(name, (0, 20, 0, 30))
    assert float(effect.p_value) == 1
    if name in BY_DIFFERENCE:
        assert -np.inf < float(effect.lower) < 0 < float(effect.upper) < np.inf
    if name in BY_RATIO:
        assert (float(effect.relative_lower), float(effect.relative_upper)) == (-1, np.inf)


@pytest.mark.parametrize("name", ["rate_score", "rate_exact", "rate_exact_minimum_likelihood", "rate_mid_p"])
def test_a_million_events_and_tiny_p_values_survive(name: str) -> None:
    effect = compare(name, (1_000_000, 5_000_000, 1_050_000, 5_000_000))
    # Term by term in 60 digits the central p-value is 3.3816e-267; the tests differ in discreteness only.
    assert 1e-268 < float(effect.p_value) < 1e-265
    assert 0.047 < float(effect.relative_lower) < 0.05 < float(effect.relative_upper) < 0.053
