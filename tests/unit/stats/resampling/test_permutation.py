from __future__ import annotations

from math import comb

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from assay.stats import METHODS, Effect, Reason, Samples

NAMES = ["permutation", "permutation_t"]
whole = st.lists(st.integers(0, 9).map(float), min_size=2, max_size=6)
sides = st.sampled_from(["two-sided", "greater", "less"])


def arm(seed: int, *shape: int) -> NDArray[np.float64]:
    return np.random.default_rng(seed).gamma(2.0, 3.0, shape)


def compare(name: str, c: object, t: object, **options: object) -> Effect:
    settings = {"resamples": 199} | options
    return METHODS[name](Samples(c), Samples(t), **settings)  # type: ignore[arg-type]


# relations


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=25)
@given(c=whole, t=whole, alpha=st.sampled_from([0.02, 0.1, 0.3]), side=sides)
def test_p_value_agrees_with_both_intervals(
    name: str, c: list[float], t: list[float], alpha: float, side: str
) -> None:
    effect = compare(name, c, t, alpha=alpha, alternative=side)
    assume(np.isfinite(effect.p_value))
    significant = bool(effect.p_value < alpha)
    assert significant == bool(effect.lower > 0 or effect.upper < 0)
    assert significant == bool(effect.relative_lower > 0 or effect.relative_upper < 0)
    assert effect.relative_lower >= -1


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("sizes", [(5, 4), (15, 12)])
def test_ends_are_where_the_p_value_of_the_moved_arm_crosses_the_level(
    name: str, sizes: tuple[int, int]
) -> None:
    c, t = arm(1, sizes[0]), arm(2, sizes[1]) + 2
    effect = compare(name, c, t, alpha=0.1)

    def p(c: NDArray[np.float64], t: NDArray[np.float64]) -> float:
        return float(compare(name, c, t).p_value)

    for end, outward in ((float(effect.lower), -1), (float(effect.upper), 1)):
        assert p(c, t - (end - outward * 1e-8)) >= 0.1
        assert p(c, t - (end + outward * 1e-8)) < 0.1
    for lift, outward in ((float(effect.relative_lower), -1), (float(effect.relative_upper), 1)):
        assert p(c * (1 + lift - outward * 1e-8), t) >= 0.1
        assert p(c * (1 + lift + outward * 1e-8), t) < 0.1


@pytest.mark.parametrize("name", NAMES)
def test_shift_scale_and_swap_carry_over(name: str) -> None:
    c, t = arm(3, 5), arm(4, 4)
    plain, moved, scaled = compare(name, c, t), compare(name, c + 5, t + 5), compare(name, 4 * c, 4 * t)
    turned = compare(name, t, c)
    np.testing.assert_allclose([moved.lower, moved.upper], [plain.lower, plain.upper], rtol=1e-8)
    np.testing.assert_allclose([scaled.lower, scaled.upper], [4 * plain.lower, 4 * plain.upper], rtol=1e-8)
    np.testing.assert_allclose([turned.lower, turned.upper], [-plain.upper, -plain.lower], rtol=1e-8)
    assert float(turned.p_value) == float(plain.p_value) == float(moved.p_value)
    np.testing.assert_allclose(1 + turned.relative_lower, 1 / (1 + plain.relative_upper), rtol=1e-8)


@pytest.mark.parametrize("name", NAMES)
def test_all_assignments_are_taken_where_they_are_few(name: str) -> None:
    c, t = [1.0, 2.0, 3.0, 4.5], [10.0, 11.5, 12.0]
    every = comb(7, 3)
    assert every <= 200
    exact = compare(name, c, t, alternative="greater")
    assert float(exact.p_value) == 1 / every
    random = compare(name, arm(5, 20), arm(6, 20) + 40, alternative="greater")
    assert float(random.p_value) == 1 / 200
    # One more than the assignments that are asked for: the real one counts as well.
    edge = compare("permutation", np.arange(99.0), [500.0], alternative="greater", resamples=99)
    assert float(edge.p_value) == 1 / 100


@pytest.mark.parametrize("name", NAMES)
def test_a_batch_is_its_elements_to_the_last_bit_and_parts_do_not_matter(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    c, t = arm(7, 3, 12), arm(8, 1, 9)
    together = compare(name, c, t, alpha=[[0.05], [0.2]])
    monkeypatch.setattr("assay.stats.resampling.answer.HELD", 250)
    in_parts = compare(name, c, t, alpha=[[0.05], [0.2]])
    for level, alpha in enumerate((0.05, 0.2)):
        for at in range(3):
            alone = compare(name, c[at], t[0], alpha=alpha)
            for field in Effect.names():
                np.testing.assert_array_equal(getattr(together, field)[level, at], getattr(alone, field))
                np.testing.assert_array_equal(getattr(together, field), getattr(in_parts, field))


def test_intervals_nest_and_seeds_matter() -> None:
    c, t = arm(9, 15), arm(10, 12)
    effect = compare("permutation", c, t, alpha=[0.5, 0.2, 0.05])
    assert np.all(np.diff(effect.lower) < 0)
    assert np.all(np.diff(effect.relative_upper) > 0)
    assert float(compare("permutation", c, t, seed=5).lower) != float(effect.lower[2])


# edges


@pytest.mark.parametrize("name", NAMES)
def test_undefined_arms_have_reasons(name: str) -> None:
    c = [[1.0, 2.0, 4.0], [np.nan, 2.0, 3.0], [np.inf, 1.0, 2.0], [3.0] * 3]
    t = [[2.0, 3.0, 5.0], [2.0, 3.0, 5.0], [2.0, 3.0, 5.0], [3.0] * 3]
    effect = compare(name, c, t, alpha=0.2)
    kept = effect.reason & ~np.uint16(Reason.NOT_DEFINED | Reason.RELATIVE_UNBOUNDED)
    assert kept.tolist() == [0, Reason.NOT_FINITE, Reason.NOT_FINITE, Reason.NO_VARIANCE]
    assert np.isnan(effect.p_value).tolist() == [False, True, True, True]
    assert float(effect.estimate[3]) == 0
    arms: tuple[list[float], list[float]]
    for arms in (([], [1.0, 2.0]), ([1.0, 2.0], [])):
        empty = compare(name, *arms)
        assert int(empty.reason) & Reason.TOO_FEW_UNITS
        assert np.isnan(empty.estimate)
    assert compare(name, np.empty((0, 3)), np.empty((0, 4))).shape == (0,)


def test_one_unit_per_arm_is_enough_to_permute_but_not_to_studentise() -> None:
    one = compare("permutation", [1.0], [4.0], alpha=0.05)
    assert float(one.p_value) == 1
    assert int(one.reason) & Reason.UNBOUNDED
    assert int(compare("permutation_t", [1.0], [4.0, 5.0]).reason) & Reason.TOO_FEW_UNITS


@pytest.mark.parametrize("name", NAMES)
def test_values_below_0_have_a_difference_but_no_factor(name: str) -> None:
    effect = compare(name, [-1.0, 2.0, 3.0, 1.0], [4.0, 6.0, 5.0, 3.0], alpha=0.2)
    assert np.isfinite(effect.lower)
    assert np.isnan(effect.relative_lower)
    assert np.isfinite(effect.relative_estimate)
    assert int(effect.reason) == Reason.NOT_DEFINED


@pytest.mark.parametrize("name", NAMES)
def test_too_few_assignments_leave_ends_open(name: str) -> None:
    effect = compare(name, [1.0, 2.0], [4.0, 6.0], alpha=0.01)
    assert (float(effect.lower), float(effect.upper)) == (-np.inf, np.inf)
    assert (float(effect.relative_lower), float(effect.relative_upper)) == (-1, np.inf)
    assert int(effect.reason) == Reason.NOT_DEFINED | Reason.UNBOUNDED | Reason.RELATIVE_UNBOUNDED


@pytest.mark.parametrize("name", NAMES)
def test_a_control_of_zeros_bounds_no_lift(name: str) -> None:
    effect = compare(name, [0.0] * 5, [1.0, 0.0, 3.0, 2.0, 5.0], alpha=0.2)
    assert int(effect.reason) & Reason.ZERO_CONTROL
    assert float(effect.relative_upper) == np.inf
    assert effect.p_value < 0.1


def test_arms_without_spread_but_apart_are_infinitely_studentised() -> None:
    exact = compare("permutation", [1.0] * 4, [2.0] * 4)
    assert float(exact.p_value) == 2 / comb(8, 4)
    assert int(compare("permutation_t", [1.0] * 4, [2.0] * 4).reason) & Reason.NO_VARIANCE
    # Some assignments of these have no spread in either arm.
    spread = compare("permutation_t", [1.0, 1.0, 2.0, 2.0], [2.0, 2.0, 1.0, 1.0])
    assert float(spread.p_value) == 1


def test_equal_sums_count_as_equal_despite_rounding() -> None:
    # 0.1 + 0.2 + 0.3 and 0.3 + 0.2 + 0.1 differ in the last bit.
    effect = compare("permutation", [0.1, 0.2, 0.3, 0.0], [0.3, 0.2, 0.1, 0.0])
    assert float(effect.p_value) == 1
    assert abs(float(effect.estimate)) < 1e-16
