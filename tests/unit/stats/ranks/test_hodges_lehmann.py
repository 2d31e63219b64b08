from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from assay.errors import InputError
from assay.stats import METHODS, Effect, Reason, Samples
from assay.stats.ranks.differences import Differences

whole = st.lists(st.integers(0, 9).map(float), min_size=1, max_size=14)


def shift(c: object, t: object, **options: object) -> Effect:
    return METHODS["hodges_lehmann"](Samples(c), Samples(t), **options)  # type: ignore[arg-type]


def drawn(seed: int, *shape: int) -> NDArray[np.float64]:
    return np.random.default_rng(seed).lognormal(0, 1, shape)


# relations


@settings(max_examples=80)
@given(
    c=whole,
    t=whole,
    alpha=st.sampled_from([0.01, 0.05, 0.1, 0.2, 0.4, 0.9]),
    side=st.sampled_from(["two-sided", "greater", "less"]),
    exact=st.booleans(),
    continuity=st.booleans(),
)
def test_p_value_and_interval_agree_on_whole_numbers_too(
    c: list[float], t: list[float], alpha: float, side: str, exact: bool, continuity: bool
) -> None:
    effect = shift(c, t, alpha=alpha, alternative=side, exact=exact, continuity=continuity)
    assert bool(effect.p_value < alpha) == bool(effect.lower > 0 or effect.upper < 0)
    unbounded = (np.isinf(effect.lower) and side != "less") or (np.isinf(effect.upper) and side != "greater")
    assert bool(int(effect.reason) & Reason.UNBOUNDED) == unbounded


def test_ends_are_where_the_p_value_of_the_shifted_arms_crosses_the_level() -> None:
    c, t = drawn(1, 20), drawn(2, 17)
    effect = shift(c, t, alpha=0.1)
    for end, outward in ((float(effect.lower), -1), (float(effect.upper), 1)):
        assert shift(c, t - end, alpha=0.1).p_value >= 0.1
        assert shift(c, t - end - outward * 1e-6, alpha=0.1).p_value < 1
        assert shift(c, t - end - outward * 1e-9, alpha=0.1).p_value < 0.1


def test_shift_scale_and_swap_carry_over() -> None:
    c, t = drawn(3, 15), drawn(4, 12)
    plain = shift(c, t)
    moved, scaled, turned = shift(c, t + 4), shift(8 * c, 8 * t), shift(t, c)
    for field in ("estimate", "lower", "upper"):
        value = float(getattr(plain, field))
        assert float(getattr(moved, field)) == pytest.approx(value + 4, rel=1e-12)
        assert float(getattr(scaled, field)) == 8 * value
    assert float(turned.lower) == -float(plain.upper)
    assert float(turned.p_value) == pytest.approx(float(plain.p_value), rel=1e-12)
    assert np.all(np.diff(shift(c, t, alpha=[0.5, 0.1, 0.01]).lower) <= 0)


def test_a_batch_is_its_elements() -> None:
    c, t = drawn(5, 3, 10), drawn(6, 1, 60)
    for exact in (True, None, False):
        together = shift(c, t, alpha=[[0.05], [0.2]], exact=exact)
        for level, alpha in enumerate((0.05, 0.2)):
            for at in range(3):
                alone = shift(c[at], t[0], alpha=alpha, exact=exact)
                for field in Effect.names():
                    np.testing.assert_array_equal(getattr(together, field)[level, at], getattr(alone, field))


@pytest.mark.parametrize("kind", ["continuous", "whole", "tenths"])
def test_selection_equals_sorting_every_difference(kind: str) -> None:
    rng = np.random.default_rng(7)
    c, t = rng.normal(0, 1, 73), rng.normal(0.3, 2, 61)
    if kind != "continuous":
        c, t = (np.round(arm * 4) / (1 if kind == "whole" else 10) for arm in (c, t))
    every = np.sort((t[:, None] - c).ravel())
    pair = Differences(c, t, few=40)
    for k in (1, 2, 500, 2226, 2227, 4000, every.size):
        assert pair.select(k) == every[k - 1]
    for x in (-1.0, -0.4, 0.0, 0.3, 0.7, float(every[100]), 1e9, -1e9):
        assert pair.at_most(x) == np.sum(every <= x)
        assert pair.below(x) == np.sum(every < x)


def test_rounding_of_differences_does_not_lose_a_pair() -> None:
    # 0.3 - 0.1 rounds below 0.2, so a search for 0.3 - 0.2 in the other arm goes wrong by a column.
    pair = Differences(np.array([0.1, 0.2, 0.3, 0.7]), np.array([0.3, 0.4, 0.8, 0.9]), few=2)
    every = np.sort((np.array([0.3, 0.4, 0.8, 0.9])[:, None] - np.array([0.1, 0.2, 0.3, 0.7])).ravel())
    for k, x in enumerate(every):
        assert pair.select(k + 1) == x
        assert pair.at_most(float(x)) == np.sum(every <= x)


def test_large_arms_need_no_matrix_of_differences() -> None:
    effect = shift(drawn(8, 20_000), drawn(9, 30_000) + 0.5)
    assert effect.lower < 0.5 < effect.upper
    assert effect.upper - effect.lower < 0.05


# edges


def test_small_arms_cannot_bound_a_small_level() -> None:
    effect = shift([1.0, 2.0], [5.0, 6.0], alpha=0.05)
    assert (float(effect.lower), float(effect.upper)) == (-np.inf, np.inf)
    assert int(effect.reason) == Reason.NOT_DEFINED | Reason.UNBOUNDED
    assert float(effect.p_value) == pytest.approx(1 / 3)


def test_a_metric_that_is_mostly_0_is_not_shifted() -> None:
    effect = shift([0.0] * 9 + [1.0], [0.0] * 8 + [5.0] * 2)
    assert (float(effect.p_value), float(effect.lower), float(effect.upper)) == (1, 0, 0)


def test_what_is_not_finite_or_missing_has_a_reason() -> None:
    effect = shift([[1.0, 2.0], [np.nan, 2.0], [np.inf, 2.0]], [2.0, 3.0])
    assert (effect.reason & Reason.NOT_FINITE).astype(bool).tolist() == [False, True, True]
    assert np.isnan(effect.p_value).tolist() == [False, True, True]
    arms: tuple[list[float], list[float]]
    for arms in (([], [1.0]), ([1.0], [])):
        empty = shift(*arms)
        assert int(empty.reason) & Reason.TOO_FEW_UNITS
        assert np.isnan(empty.p_value)
        assert np.isnan(empty.estimate)


# refusals


def test_an_exact_law_of_too_many_pairs_is_refused() -> None:
    with pytest.raises(
        InputError, match="exact is True for 40000 pairs; it must be False or left out above 10000"
    ):
        shift(drawn(1, 200), drawn(2, 200), exact=True)
