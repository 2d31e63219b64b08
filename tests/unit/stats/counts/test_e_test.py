from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from assay.stats import METHODS, Effect, Moments
from assay.stats.counts.e_test import Table, interval


def compare(k_c: int, e_c: float, k_t: int, e_t: float, **options: object) -> Effect:
    arms = (
        Moments(n=np.array(e), mean_y=np.array(k / e), m2_y=np.array(0.0))
        for k, e in ((k_c, e_c), (k_t, e_t))
    )
    return METHODS["rate_e_test"](*arms, **options)


def test_one_event_in_each_of_two_units_has_p_1_not_0_8647() -> None:
    # scipy.stats.poisson_means_test(1, 1, 1, 1) leaves out the pair without events, whose chance is exp(-2).
    assert stats.poisson_means_test(1, 1, 1, 1).pvalue == pytest.approx(0.8646647, abs=1e-6)
    assert float(compare(1, 1.0, 1, 1.0).p_value) == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
def test_the_ends_are_where_p_crosses_alpha(alternative: str) -> None:
    table = Table(4.0, 30.0, 11.0, 42.0)
    lower, upper = interval(table, 0.05, alternative)  # type: ignore[arg-type]
    for end, step in ((lower, -1e-7), (upper, 1e-7)):
        if np.isfinite(end):
            assert table.p_value(end + step, alternative) < 0.05  # type: ignore[arg-type]
            assert table.p_value(end - step, alternative) >= 0.05  # type: ignore[arg-type]
    assert (lower == -np.inf) == (alternative == "less")
    assert (upper == np.inf) == (alternative == "greater")


def test_no_event_bounds_the_difference_by_the_chance_of_none() -> None:
    effect = compare(0, 20.0, 0, 50.0)
    np.testing.assert_allclose(
        [effect.lower, effect.upper], [np.log(0.05) / 20, -np.log(0.05) / 50], rtol=1e-9
    )
    assert float(compare(0, 20.0, 0, 50.0, alternative="greater").lower) < 0


def test_a_one_sided_level_above_a_half_goes_beyond_the_estimate() -> None:
    effect = compare(9, 30.0, 14, 42.0, alpha=0.9, alternative="greater")
    assert float(effect.lower) > float(effect.estimate)


def test_tails_stay_exact_far_out() -> None:
    assert 0 < float(compare(5, 100.0, 200, 100.0).p_value) < 1e-40
