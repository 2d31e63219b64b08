from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from stats_golden import assert_close, cases

from assay.errors import InputError
from assay.stats import Effect, Moments, Reason, proportions_score
from assay.stats.score import restricted_difference

Table = tuple[int, int, int, int]
tables = st.tuples(st.integers(1, 3000), st.integers(1, 3000)).flatmap(
    lambda n: st.tuples(st.integers(0, n[0]), st.just(n[0]), st.integers(0, n[1]), st.just(n[1]))
)


def score(table: Table, alpha: float = 0.05) -> Effect:
    x_c, n_c, x_t, n_t = table
    return proportions_score(Moments.of_counts(x_c, n_c), Moments.of_counts(x_t, n_t), alpha=alpha)


# known values


def test_mee_upper_end_of_56_of_70_against_48_of_80_is_0_3377_not_0_3436() -> None:
    # Newcombe (1998), table II (a), method 5 (Mee). A shipped score interval answers 0.3436.
    effect = score((48, 80, 56, 70))
    assert round(float(effect.lower), 4) == 0.0533
    assert round(float(effect.upper), 4) == 0.3377


@pytest.mark.parametrize("case", cases("score"), ids=lambda c: f"{c['table']}-{c['alpha']}")
def test_score_intervals_equal_the_high_precision_twin(case: dict[str, Any]) -> None:
    effect = score(case["table"], case["alpha"])
    for name, expected in case["effect"].items():
        value = float(getattr(effect, name))
        if expected is None:
            assert value == np.inf
            assert int(effect.reason) & Reason.RELATIVE_UNBOUNDED
        else:
            assert value == pytest.approx(expected, rel=1e-9, abs=1e-15), name


@pytest.mark.parametrize("case", cases("pooled"))
def test_pooled_z_equals_statsmodels(case: dict[str, Any]) -> None:
    effect = score(case["table"])
    for name, expected in case["effect"].items():
        assert_close(getattr(effect, name), expected, 1e-12, name)


# relations


@given(table=tables, alpha=st.sampled_from([1e-6, 0.01, 0.05, 0.3]))
def test_p_value_and_both_intervals_agree(table: Table, alpha: float) -> None:
    effect = score(table, alpha)
    assume(abs(float(effect.p_value) - alpha) > 1e-9)
    significant = bool(effect.p_value < alpha)
    assert significant == bool(effect.lower > 0 or effect.upper < 0)
    assert significant == bool(effect.relative_lower > 0 or effect.relative_upper < 0)
    assert -1 <= effect.lower <= effect.estimate <= effect.upper <= 1
    assert effect.relative_lower >= -1


@settings(max_examples=60)
@given(table=tables)
def test_intervals_change_side_at_the_p_value(table: Table) -> None:
    p = float(score(table).p_value)
    assume(1e-280 < p < 0.99)
    for nudge, significant in ((1 + 1e-7, True), (1 - 1e-7, False)):
        effect = score(table, p * nudge)
        assert bool(effect.lower > 0 or effect.upper < 0) == significant
        assert bool(effect.relative_lower > 0 or effect.relative_upper < 0) == significant


@settings(max_examples=60)
@given(table=tables)
def test_swapping_arms_or_successes_mirrors_the_difference(table: Table) -> None:
    x_c, n_c, x_t, n_t = table
    plain = score(table)
    for mirror in (score((x_t, n_t, x_c, n_c)), score((n_c - x_c, n_c, n_t - x_t, n_t))):
        assert abs(plain.p_value - mirror.p_value) <= 1e-10 * plain.p_value + 1e-300
        assert abs(plain.lower + mirror.upper) <= 1e-10
        assert abs(plain.upper + mirror.lower) <= 1e-10


@settings(max_examples=60)
@given(table=tables)
def test_swapping_arms_inverts_the_risk_ratio(table: Table) -> None:
    x_c, n_c, x_t, n_t = table
    assume(x_c > 0 and x_t > 0)
    one, other = score(table), score((x_t, n_t, x_c, n_c))
    assert float((1 + one.relative_lower) * (1 + other.relative_upper)) == pytest.approx(1, rel=1e-9)


@given(table=tables, share=st.floats(0, 1))
def test_the_restricted_estimate_is_where_the_likelihood_is_greatest(table: Table, share: float) -> None:
    x_c, n_c, x_t, n_t = table
    delta = share * 2 - 1
    low, high = max(0.0, -delta), min(1.0, 1 - delta)
    assume(high - low > 1e-3)
    root = float(
        restricted_difference(*(np.asarray(float(v)) for v in (n_c, x_c / n_c, n_t, x_t / n_t, delta)))
    )
    assert low <= root <= high

    def likelihood(p: float) -> float:
        parts = ((x_c, p), (n_c - x_c, 1 - p), (x_t, p + delta), (n_t - x_t, 1 - p - delta))
        return sum(k * math.log(max(q, 1e-300)) for k, q in parts if k)

    best = likelihood(root)
    for p in np.linspace(low, high, 41):
        assert likelihood(float(p)) <= best + 1e-9 * abs(best) + 1e-6


# edges


@pytest.mark.parametrize("x", [0, 10])
def test_no_success_or_no_failure_anywhere_is_evidence_of_nothing(x: int) -> None:
    effect = score((x, 10, x, 10))
    assert (float(effect.p_value), float(effect.std_error), float(effect.statistic)) == (1, 0, 0)
    # The score end solves d = z·sqrt(d(1 - d)/n): d = z²/(n + z²).
    z2 = 1.959963984540054**2
    assert_close(effect.upper, z2 / (10 + z2), 1e-12)
    assert_close(effect.lower, -z2 / (10 + z2), 1e-12)


def test_a_control_without_success_has_no_lift_but_a_lower_end() -> None:
    effect = score((0, 20, 10, 10))
    assert int(effect.reason) == Reason.ZERO_CONTROL | Reason.RELATIVE_UNBOUNDED
    assert np.isnan(effect.relative_estimate)
    assert float(effect.relative_lower) > 1
    assert float(effect.relative_upper) == np.inf
    assert float(effect.upper) == 1
    nothing = score((0, 20, 0, 10))
    assert (float(nothing.relative_lower), float(nothing.relative_upper)) == (-1, np.inf)


def test_undefined_arms_leave_their_neighbours_alone() -> None:
    control = Moments(
        n=np.array([0.0, 10.0, 10.0]), mean_y=np.array([0.0, np.nan, 0.3]), m2_y=np.array([0.0, 1.0, 2.1])
    )
    effect = proportions_score(control, Moments.of_counts(9, 10))
    assert effect.reason.tolist() == [Reason.TOO_FEW_UNITS, Reason.NOT_FINITE, 0]
    for field in ("estimate", "p_value", "lower", "upper", "relative_lower", "relative_upper", "std_error"):
        assert np.isnan(getattr(effect, field)).tolist() == [True, True, False], field
    assert float(effect.upper[2]) == float(score((3, 10, 9, 10)).upper)


# refusals


def test_a_mean_outside_0_and_1_is_no_proportion() -> None:
    with pytest.raises(InputError, match=r"treatment's mean is 1.5; a proportion must lie between 0 and 1"):
        proportions_score(Moments.of_counts(1, 2), Moments.of([1.0, 2.0]))


def test_rounding_beyond_1_is_forgiven() -> None:
    one = Moments(n=np.array(10.0), mean_y=np.array(1 + 1e-15), m2_y=np.array(0.0))
    assert float(proportions_score(one, Moments.of_counts(5, 10)).estimate) == -0.5
