"""What every method of proportions that works from moments must keep, on hundreds of tables at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from assay.stats import METHODS, Effect, Moments, Reason
from assay.stats.proportions import OddsEffect

Counts = NDArray[np.float64]
INVERTED = ("proportions_score", "miettinen_nurminen", "newcombe", "odds_ratio")
PIVOTAL = ("proportions_wald", "agresti_caffo")
ALL = (*INVERTED, *PIVOTAL, "odds_ratio_woolf")


def compare(name: str, counts: Counts, **options: Any) -> Effect:
    return METHODS[name](Moments.of_counts(*counts[:2]), Moments.of_counts(*counts[2:]), **options)


def intervals(effect: Effect) -> list[tuple[Counts, Counts, float]]:
    """Each interval that is bounded somewhere, with the value of no effect."""
    found = [(effect.lower, effect.upper, 0.0), (effect.relative_lower, effect.relative_upper, 0.0)]
    if isinstance(effect, OddsEffect):
        found.append((effect.odds_ratio_lower, effect.odds_ratio_upper, 1.0))
    return found


@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
@pytest.mark.parametrize("name", ALL)
def test_a_p_value_below_alpha_is_an_interval_without_no_effect(
    name: str, alternative: str, batch: Counts
) -> None:
    for alpha in (0.001, 0.3) if name in PIVOTAL else (0.001, 0.7):
        effect = compare(name, batch, alpha=alpha, alternative=alternative)
        clear = np.abs(effect.p_value - alpha) > 1e-9
        significant = effect.p_value < alpha
        assert np.any(significant & clear)
        # An unbounded lift of a pivot is a statement on the difference only.
        for lower, upper, nothing in intervals(effect):
            asked = clear & ~np.isnan(lower)
            if name in PIVOTAL:
                asked &= (effect.reason & Reason.RELATIVE_UNBOUNDED) == 0
            left_out = (lower > nothing) | (upper < nothing)
            assert np.array_equal(left_out[asked], significant[asked])


@pytest.mark.parametrize("name", ALL)
def test_intervals_change_side_at_the_p_value(name: str, batch: Counts) -> None:
    p = compare(name, batch).p_value
    kept = (p > 1e-280) & (p < 0.99)
    assert np.sum(kept) > 60
    for nudge, significant in ((1 + 1e-7, True), (1 - 1e-7, False)):
        effect = compare(name, batch[:, kept], alpha=p[kept] * nudge)
        for lower, upper, nothing in intervals(effect):
            asked = np.isfinite(lower) & (np.isfinite(upper) if name in PIVOTAL else True)
            assert np.all(((lower > nothing) | (upper < nothing))[asked] == significant)


@pytest.mark.parametrize("name", ALL)
def test_swapping_arms_mirrors_and_inverts(name: str, batch: Counts) -> None:
    plain, other = compare(name, batch), compare(name, batch[[2, 3, 0, 1]])
    assert np.allclose(plain.p_value, other.p_value, rtol=1e-9, atol=0, equal_nan=True)
    assert np.allclose(plain.statistic, -other.statistic, rtol=1e-9, equal_nan=True)
    assert np.allclose(plain.lower, -other.upper, rtol=0, atol=1e-10, equal_nan=True)
    bounded = np.isfinite(plain.relative_upper) & np.isfinite(other.relative_upper)
    if name in INVERTED:
        product = (1 + plain.relative_upper[bounded]) * (1 + other.relative_lower[bounded])
        assert np.allclose(product, 1, rtol=1e-9)
    if isinstance(plain, OddsEffect) and isinstance(other, OddsEffect):
        both = np.isfinite(plain.odds_ratio_upper) & (other.odds_ratio_lower > 0)
        assert np.allclose(plain.odds_ratio_upper[both] * other.odds_ratio_lower[both], 1, rtol=1e-9)


@pytest.mark.parametrize("name", ALL)
def test_swapping_successes_with_failures_mirrors_the_difference(name: str, batch: Counts) -> None:
    x_c, n_c, x_t, n_t = batch
    plain, other = compare(name, batch), compare(name, np.stack([n_c - x_c, n_c, n_t - x_t, n_t]))
    assert np.allclose(plain.lower, -other.upper, rtol=0, atol=1e-10, equal_nan=True)
    assert np.allclose(plain.p_value, other.p_value, rtol=1e-7, atol=0, equal_nan=True)


@pytest.mark.parametrize("name", ALL)
def test_more_confidence_is_a_wider_interval_around_the_estimate(name: str, batch: Counts) -> None:
    wide, narrow = compare(name, batch, alpha=0.01), compare(name, batch, alpha=0.1)
    for (low, high, _), (inner_low, inner_high, _) in zip(intervals(wide), intervals(narrow), strict=True):
        asked = ~np.isnan(low)
        assert np.all((low <= inner_low) | np.isclose(low, inner_low, rtol=1e-9) | ~asked)
        assert np.all((high >= inner_high) | np.isclose(high, inner_high, rtol=1e-9) | ~asked)
    if name in INVERTED:
        assert np.all((narrow.lower <= narrow.estimate) & (narrow.estimate <= narrow.upper))
        assert np.all((wide.lower >= -1) & (wide.upper <= 1) & (wide.relative_lower >= -1))


@pytest.mark.parametrize("name", ALL)
def test_a_one_sided_end_is_the_two_sided_one_of_twice_the_level(name: str, batch: Counts) -> None:
    both = compare(name, batch, alpha=0.1)
    greater = compare(name, batch, alpha=0.05, alternative="greater")
    less = compare(name, batch, alpha=0.05, alternative="less")
    assert np.array_equal(greater.lower, both.lower, equal_nan=True)
    assert np.array_equal(less.upper, both.upper, equal_nan=True)
    if name in INVERTED:
        assert np.all((greater.upper == 1) & (less.lower == -1))
        assert np.all((greater.relative_upper == np.inf) & (less.relative_lower == -1))
    known = ~np.isnan(both.p_value)
    assert np.allclose((greater.p_value + less.p_value)[known], 1, rtol=1e-12)


@pytest.mark.parametrize("name", ALL)
def test_a_batch_is_its_elements(name: str, batch: Counts) -> None:
    whole = compare(name, batch, alpha=0.05)
    for i in range(0, batch.shape[1], 40):
        one = compare(name, batch[:, i], alpha=0.05)
        for field in type(whole).names():
            a, b = float(getattr(whole, field)[i]), float(getattr(one, field))
            assert a == pytest.approx(b, rel=1e-12, nan_ok=True), field


@pytest.mark.parametrize("name", [*INVERTED, "agresti_caffo"])
def test_zero_and_full_counts_have_p_value_and_interval(name: str) -> None:
    full = np.array(
        [(0, 9, 0, 7), (9, 9, 7, 7), (0, 9, 7, 7), (9, 9, 0, 7), (0, 9, 3, 7), (2, 9, 7, 7)], float
    ).T
    effect = compare(name, full)
    for field in ("p_value", "lower", "upper", "statistic", "relative_lower", "relative_upper"):
        assert not np.any(np.isnan(getattr(effect, field))), field
    assert effect.p_value[[0, 1]].tolist() == [1, 1] or name == "agresti_caffo"
    assert np.all(effect.p_value[[2, 3]] < 0.001)


@pytest.mark.parametrize("name", ALL)
def test_a_billion_units_keep_their_digits(name: str) -> None:
    n = 10**9
    counts = np.array([(5 * 10**8, n, 500_100_000, n), (20, n, 60, n), (n - 60, n, n - 20, n)], float).T
    effect = compare(name, counts)
    assert np.all(effect.p_value < 1e-4)
    # Rare failures are rare successes seen from the other side.
    assert float(effect.statistic[1]) == pytest.approx(float(effect.statistic[2]), rel=1e-6)
    small = compare(name, np.array([(20, 10**6, 60, 10**6)], float).T)
    assert float(effect.statistic[1]) == pytest.approx(float(small.statistic[0]), rel=1e-3)


@pytest.mark.parametrize("name", INVERTED)
def test_p_values_reach_far_into_the_tail(name: str) -> None:
    effect = compare(name, np.array([(1000, 10_000, 1000 + k, 10_000) for k in (400, 2000)], float).T)
    assert 1e-300 < float(effect.p_value[1]) < 1e-150 < float(effect.p_value[0]) < 1e-12
