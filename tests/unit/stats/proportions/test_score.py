from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from assay.errors import InputError
from assay.stats import METHODS, Effect, Moments, Reason, proportions_score
from assay.stats.proportions.inversion import restricted_difference

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


# relations


@settings(max_examples=25)
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
    for p in np.linspace(low, high, 21):
        assert likelihood(float(p)) <= best + 1e-9 * abs(best) + 1e-6


def test_miettinen_and_nurminens_interval_holds_mees(batch: NDArray[np.float64]) -> None:
    arms = Moments.of_counts(*batch[:2]), Moments.of_counts(*batch[2:])
    plain, wider = METHODS["proportions_score"](*arms), METHODS["miettinen_nurminen"](*arms)
    assert np.all(wider.lower <= plain.lower + 1e-12)
    assert np.all(wider.upper >= plain.upper - 1e-12)
    assert np.all(wider.p_value >= plain.p_value)


# edges


@pytest.mark.parametrize("x", [0, 10])
def test_no_success_or_no_failure_anywhere_is_evidence_of_nothing(x: int) -> None:
    effect = score((x, 10, x, 10))
    assert (float(effect.p_value), float(effect.std_error), float(effect.statistic)) == (1, 0, 0)
    # The score end solves d = z·sqrt(d(1 - d)/n): d = z²/(n + z²).
    z2 = 1.959963984540054**2
    assert float(effect.upper) == pytest.approx(z2 / (10 + z2), rel=1e-12)
    assert float(effect.lower) == pytest.approx(-z2 / (10 + z2), rel=1e-12)


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


def test_half_a_unit_an_arm_is_too_few_for_the_factor() -> None:
    effect = METHODS["miettinen_nurminen"](Moments.of_counts(0.25, 0.5), Moments.of_counts(0.1, 0.5))
    assert int(effect.reason) == Reason.TOO_FEW_UNITS
    assert np.isnan(effect.p_value)
    assert float(effect.estimate) == pytest.approx(-0.3)


# refusals


def test_a_mean_outside_0_and_1_is_no_proportion() -> None:
    with pytest.raises(InputError, match=r"treatment's mean is 1.5; a proportion must lie between 0 and 1"):
        proportions_score(Moments.of_counts(1, 2), Moments.of([1.0, 2.0]))


def test_rounding_beyond_1_is_forgiven() -> None:
    one = Moments(n=np.array(10.0), mean_y=np.array(1 + 1e-15), m2_y=np.array(0.0))
    assert float(proportions_score(one, Moments.of_counts(5, 10)).estimate) == -0.5
