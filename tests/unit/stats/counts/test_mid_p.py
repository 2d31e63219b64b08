from __future__ import annotations

from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.stats import METHODS, Effect, Moments


def compare(name: str, k_c: int, e_c: float, k_t: int, e_t: float, **options: object) -> Effect:
    arms = (
        Moments(n=np.array(e), mean_y=np.array(k / e), m2_y=np.array(0.0))
        for k, e in ((k_c, e_c), (k_t, e_t))
    )
    return METHODS[name](*arms, **options)


@settings(max_examples=40)
@given(k_c=st.integers(0, 3000), k_t=st.integers(0, 3000), alpha=st.sampled_from([1e-9, 0.05, 0.6, 0.97]))
def test_mid_p_lies_within_the_exact_answer(k_c: int, k_t: int, alpha: float) -> None:
    for side in ("two-sided", "greater", "less"):
        exact = compare("rate_exact", k_c, 40.0, k_t, 70.0, alpha=alpha, alternative=side)
        mid = compare("rate_mid_p", k_c, 40.0, k_t, 70.0, alpha=alpha, alternative=side)
        assert float(mid.p_value) <= float(exact.p_value)
        assert float(mid.relative_lower) >= float(exact.relative_lower) - 1e-9
        assert float(mid.relative_upper) <= float(exact.relative_upper) * (1 + 1e-9) + 1e-9


def test_each_tail_counts_half_of_the_observed() -> None:
    chances = [comb(9, j) / 2**9 for j in range(10)]
    above = sum(chances[8:]) + chances[7] / 2
    assert float(compare("rate_mid_p", 2, 5.0, 7, 5.0, alternative="greater").p_value) == pytest.approx(above)


@pytest.mark.parametrize(("k_c", "k_t"), [(0, 6), (6, 0), (0, 0)])
def test_levels_above_a_half_have_closed_ends_where_an_arm_has_no_event(k_c: int, k_t: int) -> None:
    low = compare("rate_mid_p", k_c, 5.0, k_t, 5.0, alpha=0.8, alternative="greater")
    if k_t == 0 < k_c:
        # 1 - q^6 / 2 = 0.8, so that q = 0.4^(1/6).
        assert float(low.relative_lower) == pytest.approx(0.4 ** (-1 / 6) - 1 - 1)
    else:
        assert float(low.relative_lower) == (np.inf if k_t else -1)
