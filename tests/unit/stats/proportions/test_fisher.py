from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from assay.stats import METHODS, Moments, Reason
from assay.stats.proportions import OddsEffect, hypergeometric
from assay.stats.proportions.hypergeometric import Margins, least_odds, tail_above

SMALL = np.array([(a, 6, b, 5) for a, b in product(range(7), range(6))], dtype=float).T


def compare(name: str, counts: Any, **options: Any) -> OddsEffect:
    x_c, n_c, x_t, n_t = np.asarray(counts, dtype=float)
    effect = METHODS[name](Moments.of_counts(x_c, n_c), Moments.of_counts(x_t, n_t), **options)
    assert isinstance(effect, OddsEffect)
    return effect


# known values


def test_the_lady_tasting_tea() -> None:
    # Fisher (1935): 3 of 4 cups right; 17 and 34 of 70 tables are as extreme.
    effect = compare("fisher", (1, 4, 3, 4), alternative="greater")
    assert float(effect.p_value) == pytest.approx(17 / 70, rel=1e-14)
    assert float(compare("fisher_customary", (1, 4, 3, 4)).p_value) == pytest.approx(34 / 70, rel=1e-14)


def test_the_customary_pair_contradicts_itself_where_the_consistent_one_does_not() -> None:
    customary, consistent = (compare(name, SMALL, alpha=0.1) for name in ("fisher_customary", "fisher"))
    out = (customary.odds_ratio_lower > 1) | (customary.odds_ratio_upper < 1)
    assert np.any((customary.p_value < 0.1) & ~out)
    assert np.array_equal(consistent.p_value < 0.1, out)
    assert np.array_equal(customary.odds_ratio_upper, consistent.odds_ratio_upper)


# relations


@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
def test_a_p_value_below_alpha_is_an_interval_without_1(alternative: str) -> None:
    for alpha in (0.05, 0.7):
        effect = compare("fisher", SMALL, alpha=alpha, alternative=alternative)
        out = (effect.odds_ratio_lower > 1) | (effect.odds_ratio_upper < 1)
        assert np.array_equal(out, effect.p_value < alpha)


def test_swapping_arms_mirrors() -> None:
    plain, other = compare("fisher", SMALL), compare("fisher", SMALL[[2, 3, 0, 1]])
    assert np.allclose(plain.p_value, other.p_value, rtol=1e-12)
    known = np.isfinite(plain.odds_ratio_upper)
    assert np.allclose(plain.odds_ratio_upper[known] * other.odds_ratio_lower[known], 1, rtol=1e-11)
    inner = np.isfinite(plain.odds_ratio) & (plain.odds_ratio > 0)
    assert np.allclose(plain.odds_ratio[inner] * other.odds_ratio[inner], 1, rtol=1e-11)


def test_the_interval_holds_the_estimate_and_grows_with_confidence() -> None:
    wide, narrow = compare("fisher", SMALL, alpha=0.01), compare("fisher", SMALL, alpha=0.2)
    assert np.all(wide.odds_ratio_lower <= narrow.odds_ratio_lower)
    assert np.all(wide.odds_ratio_upper >= narrow.odds_ratio_upper)
    known = ~np.isnan(narrow.odds_ratio)
    assert np.all((narrow.odds_ratio_lower <= narrow.odds_ratio)[known])
    assert np.all((narrow.odds_ratio <= narrow.odds_ratio_upper)[known])


def test_a_batch_of_levels_is_its_elements() -> None:
    levels = np.array([[0.05], [1e-9]])
    effect = compare("fisher", SMALL[:, 20:23], alpha=levels)
    assert effect.shape == (2, 3)
    one = compare("fisher", SMALL[:, 21], alpha=1e-9)
    assert float(effect.odds_ratio_lower[1, 1]) == float(one.odds_ratio_lower)


# large counts and far tails


def test_large_counts_come_near_the_score_test() -> None:
    counts = (5 * 10**7, 10**8, 50_010_000, 10**8)
    exact = compare("fisher", counts)
    score = METHODS["odds_ratio"](Moments.of_counts(*counts[:2]), Moments.of_counts(*counts[2:]))
    assert isinstance(score, OddsEffect)
    assert float(exact.p_value) == pytest.approx(float(score.p_value), rel=1e-3)
    assert float(exact.odds_ratio_lower) == pytest.approx(float(score.odds_ratio_lower), abs=1e-7)


def test_tails_reach_1e_300_and_then_0() -> None:
    # All 500 of either arm: one table in C(1000, 500).
    effect = compare("fisher", [(0, 0), (500, 3000), (500, 3000), (500, 3000)])
    ways = float(np.sum(np.log10(np.arange(501.0, 1001))) - np.sum(np.log10(np.arange(1.0, 501))))
    assert np.log10(float(effect.p_value[0])) == pytest.approx(np.log10(2) - ways, abs=1e-10)
    assert float(effect.p_value[1]) == 0
    assert float(compare("fisher_customary", (0, 3000, 3000, 3000)).p_value) == 0
    assert float(compare("fisher", (3000, 3000, 0, 3000), alternative="greater").p_value) == 1


def test_the_window_doubles_for_a_level_far_in_the_tail() -> None:
    margins = Margins(x=300, n_t=10_000, n_c=10_000, m=600)
    found = least_odds(margins, 1e-250)
    k, logs = hypergeometric._around(margins, 600)
    logs = logs + k * np.log(found)
    weights = np.exp(logs - np.max(logs))
    assert np.sum(weights[k >= 0]) / np.sum(weights) == pytest.approx(1e-250, rel=1e-9)


def test_a_search_that_rounding_keeps_from_settling_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    margins = Margins(x=3, n_t=10, n_c=10, m=8)
    settled = least_odds(margins, 0.025)
    monkeypatch.setattr(hypergeometric, "_SMALLEST", 0.0)
    assert least_odds(margins, 0.025) == pytest.approx(settled, rel=1e-12)


def test_the_upper_tail_of_the_least_count_is_everything() -> None:
    assert tail_above(Margins(x=0, n_t=4, n_c=6, m=3)) == 1


# edges


def test_a_table_that_could_not_have_been_another_says_nothing() -> None:
    effect = compare("fisher", [(0, 5), (5, 5), (0, 3), (3, 3)])
    assert effect.p_value.tolist() == [1, 1]
    assert effect.odds_ratio_lower.tolist() == [0, 0]
    assert effect.odds_ratio_upper.tolist() == [np.inf, np.inf]
    assert np.isnan(effect.odds_ratio).all()
    assert int(effect.reason[1]) == Reason.NOT_DEFINED | Reason.UNBOUNDED


def test_difference_and_lift_have_estimates_only() -> None:
    effect = compare("fisher", (2, 10, 6, 10))
    assert float(effect.estimate) == pytest.approx(0.4)
    assert float(effect.relative_estimate) == pytest.approx(2.0)
    for field in ("std_error", "statistic", "df", "lower", "upper", "relative_lower", "relative_upper"):
        assert np.isnan(getattr(effect, field)), field
    assert int(effect.reason) == Reason.NOT_DEFINED


@pytest.mark.parametrize("name", ["fisher", "fisher_customary"])
def test_what_is_no_table_of_whole_counts_has_a_reason(name: str) -> None:
    control = Moments(
        n=np.array([0.0, 10, 10, 3e9, 9.5]), mean_y=np.array([0, np.nan, 0.33, 0.5, 0.0]), m2_y=np.zeros(5)
    )
    effect = METHODS[name](control, Moments.of_counts(3, 10))
    expected = [Reason.TOO_FEW_UNITS, Reason.NOT_FINITE, *[Reason.OUTSIDE_DOMAIN] * 3]
    assert [int(r) & 0xFF8F & ~Reason.NOT_DEFINED for r in effect.reason] == expected
    assert np.isnan(effect.p_value).all()
    assert isinstance(effect, OddsEffect)
    assert np.isnan(effect.odds_ratio_upper).all()
