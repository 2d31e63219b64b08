from __future__ import annotations

from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.stats import METHODS, Effect, Moments, Reason


def compare(name: str, k_c: int, e_c: float, k_t: int, e_t: float, **options: object) -> Effect:
    arms = (
        Moments(n=np.array(e), mean_y=np.array(k / e), m2_y=np.array(0.0))
        for k, e in ((k_c, e_c), (k_t, e_t))
    )
    return METHODS[name](*arms, **options)


def grid(name: str, size: int, e_c: float, e_t: float) -> Effect:
    """All pairs of counts below a size: control along the first axis."""
    k, zero = np.arange(float(size)), np.zeros(size)
    control = Moments(n=zero[:, None] + e_c, mean_y=k[:, None] / e_c, m2_y=zero[:, None])
    return METHODS[name](control, Moments(n=zero + e_t, mean_y=k / e_t, m2_y=zero))


@pytest.mark.parametrize(("e_c", "e_t"), [(1.0, 1.0), (3.0, 1.0), (2.0, 5.0)])
def test_the_level_is_kept_for_every_rate_by_enumeration(e_c: float, e_t: float) -> None:
    rejected = grid("rate_exact", 30, e_c, e_t).p_value < 0.05
    share = e_t / (e_c + e_t)
    for n in range(1, 30):
        size = sum(comb(n, t) * share**t * (1 - share) ** (n - t) for t in range(n + 1) if rejected[n - t, t])
        assert size <= 0.05


@settings(max_examples=40)
@given(k_c=st.integers(0, 80), k_t=st.integers(0, 80), e_c=st.floats(1, 50), e_t=st.floats(1, 50))
def test_minimum_likelihood_sums_what_is_no_likelier(k_c: int, k_t: int, e_c: float, e_t: float) -> None:
    n, share = k_c + k_t, e_t / (e_c + e_t)
    chances = [comb(n, j) * share**j * (1 - share) ** (n - j) for j in range(n + 1)]
    expected = sum(c for c in chances if c <= chances[k_t] * (1 + 1e-7))
    found = float(compare("rate_exact_minimum_likelihood", k_c, e_c, k_t, e_t).p_value)
    assert found == pytest.approx(min(expected, 1.0), rel=1e-9)


def test_the_customary_pair_may_contradict_itself_and_the_central_one_does_not() -> None:
    contradictions = {}
    for name in ("rate_exact", "rate_exact_minimum_likelihood"):
        effect = grid(name, 20, 3.0, 1.0)
        left_out = (effect.relative_lower > 0) | (effect.relative_upper < 0)
        contradictions[name] = int(np.sum(left_out != (effect.p_value < 0.05)))
    assert contradictions["rate_exact"] == 0
    assert contradictions["rate_exact_minimum_likelihood"] > 0


def test_the_difference_has_no_ends_and_says_so() -> None:
    effect = compare("rate_exact", 3, 10.0, 8, 10.0)
    assert int(effect.reason) == Reason.NOT_DEFINED
    assert np.isnan([effect.lower, effect.upper, effect.std_error, effect.statistic, effect.df]).all()
    assert float(effect.estimate) == pytest.approx(0.5)
