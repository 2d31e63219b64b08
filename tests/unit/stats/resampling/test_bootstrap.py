from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from assay.errors import InputError
from assay.stats import METHODS, Effect, Moments, Reason, Samples
from assay.stats.resampling import from_resamples, weights
from assay.stats.resampling.order import level_of, quantile

NAMES = ["bootstrap_percentile", "bootstrap_bca", "bootstrap_t", "bootstrap_t_symmetric"]
KINDS = ["percentile", "bca", "studentised", "symmetric"]
whole = st.lists(st.integers(0, 9).map(float), min_size=4, max_size=9)
sides = st.sampled_from(["two-sided", "greater", "less"])


def arm(seed: int, *shape: int) -> NDArray[np.float64]:
    return np.random.default_rng(seed).gamma(2.0, 3.0, shape)


def compare(name: str, c: object, t: object, **options: object) -> Effect:
    settings = {"resamples": 199} | options
    return METHODS[name](Samples(c), Samples(t), **settings)  # type: ignore[arg-type]


def indices(seed: int, n: int, resamples: int = 199) -> NDArray[np.int64]:
    return np.random.default_rng(seed).integers(0, n, (resamples, n))


def given_indices(kind: str, c: Samples, t: Samples, **options: object) -> Effect:
    drawn = {"control_drawn": indices(1, c.n), "treatment_drawn": indices(2, t.n)}
    return from_resamples(c, t, kind=kind, **drawn, **options)  # type: ignore[arg-type]


def leaves_out_0(lower: NDArray[np.float64], upper: NDArray[np.float64]) -> bool:
    return bool(lower > 0 or upper < 0)


# named regressions


@pytest.mark.parametrize("name", NAMES)
def test_spotify_confidence_gives_a_bootstrap_p_value_of_minus_1(name: str) -> None:
    effect = compare(name, arm(1, 30), arm(2, 30) + 2, resamples=999)
    assert 0.002 <= effect.p_value < 1
    assert float(compare(name, arm(1, 30), arm(1, 30), resamples=999).p_value) > 0.9


# relations


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=40)
@given(c=whole, t=whole, alpha=st.sampled_from([0.02, 0.05, 0.2]), side=sides)
def test_p_value_agrees_with_both_intervals(
    name: str, c: list[float], t: list[float], alpha: float, side: str
) -> None:
    effect = compare(name, c, t, alpha=alpha, alternative=side)
    assume(np.isfinite(effect.p_value) and abs(float(effect.p_value) - alpha) > 1e-9)
    significant = bool(effect.p_value < alpha)
    assert significant == leaves_out_0(effect.lower, effect.upper)
    if np.isfinite(effect.relative_lower) and np.isfinite(effect.relative_upper):
        assert significant == leaves_out_0(effect.relative_lower, effect.relative_upper)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("side", ["two-sided", "greater", "less"])
def test_at_an_end_the_p_value_is_the_level(kind: str, side: str) -> None:
    c, t = arm(3, 14), arm(4, 11) + 1
    effect = given_indices(kind, Samples(c), Samples(t), alpha=0.13, alternative=side)
    ends = [float(e) for e in (effect.lower, effect.upper) if np.isfinite(e)]
    lifts = [float(e) for e in (effect.relative_lower, effect.relative_upper) if np.isfinite(e)]
    assert len(ends) == len(lifts) == (2 if side == "two-sided" else 1)
    for end in ends:
        moved = given_indices(kind, Samples(c), Samples(t - end), alternative=side)
        assert float(moved.p_value) == pytest.approx(0.13, rel=1e-7)
    # The lift's end, which is found by a search, answers to the difference of the scaled control.
    for lift in lifts:
        scaled = given_indices(kind, Samples(c * (1 + lift)), Samples(t), alternative=side)
        assert float(scaled.p_value) == pytest.approx(0.13, rel=1e-7)


@pytest.mark.parametrize("kind", KINDS)
def test_a_ratio_with_a_denominator_of_1_is_the_mean(kind: str) -> None:
    c, t = arm(5, 12), arm(6, 9)
    plain = given_indices(kind, Samples(c), Samples(t))
    ratio = given_indices(kind, Samples(c, d=1.0), Samples(t, d=np.ones(9)))  # type: ignore[arg-type]
    for field in Effect.names():
        np.testing.assert_allclose(getattr(plain, field), getattr(ratio, field), rtol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_scale_swap_and_sign_carry_over(kind: str) -> None:
    c, t = Samples(arm(7, 12)), Samples(arm(8, 12))
    plain = given_indices(kind, c, t)
    scaled = given_indices(kind, Samples(4 * c.y), Samples(4 * t.y))
    np.testing.assert_allclose(scaled.lower, 4 * plain.lower, rtol=1e-12)
    np.testing.assert_allclose(scaled.relative_upper, plain.relative_upper, rtol=1e-9)
    turned = from_resamples(t, c, control_drawn=indices(2, 12), treatment_drawn=indices(1, 12), kind=kind)
    np.testing.assert_allclose(turned.lower, -plain.upper, rtol=1e-10)
    np.testing.assert_allclose(turned.p_value, plain.p_value, rtol=1e-10)
    np.testing.assert_allclose(1 + turned.relative_lower, 1 / (1 + plain.relative_upper), rtol=1e-9)
    for side, mirrored in (("two-sided", "two-sided"), ("greater", "less"), ("less", "greater")):
        one = given_indices(kind, c, t, alternative=side)
        other = given_indices(kind, Samples(-c.y), Samples(-t.y), alternative=mirrored)
        np.testing.assert_allclose(other.lower, -one.upper, rtol=1e-10)
        for field in ("relative_estimate", "relative_lower", "relative_upper"):
            np.testing.assert_allclose(getattr(other, field), getattr(one, field), rtol=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_intervals_nest_and_seeds_matter(name: str) -> None:
    c, t = arm(9, 20), arm(10, 25)
    effect = compare(name, c, t, alpha=[0.5, 0.2, 0.05, 0.02], resamples=499)
    assert np.all(np.diff(effect.lower) < 0)
    assert np.all(np.diff(effect.upper) > 0)
    assert np.all(np.diff(effect.relative_upper) > 0)
    other = compare(name, c, t, alpha=0.05, resamples=499, seed=1)
    assert float(other.lower) != float(effect.lower[2])
    assert float(other.lower) == pytest.approx(float(effect.lower[2]), abs=1)


# batches and blocks


@pytest.mark.parametrize("name", NAMES)
def test_a_batch_is_its_elements_to_the_last_bit(name: str) -> None:
    c, t = arm(11, 11, 15), arm(12, 1, 13)
    together = compare(name, c, t, alpha=[[0.05], [0.2]])
    assert together.shape == (2, 11)
    for level, alpha in enumerate((0.05, 0.2)):
        for at in (0, 4, 10):
            alone = compare(name, c[at], t[0], alpha=alpha)
            for field in Effect.names():
                np.testing.assert_array_equal(getattr(together, field)[level, at], getattr(alone, field))


def test_neither_blocks_nor_parts_change_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    c, t = arm(13, 5, 15), arm(14, 5, 13)
    plain = compare("bootstrap_bca", c, t)
    drawn = np.concatenate(list(weights.bootstrap_weights(15, 199, 3, "control")))[:199]
    permuted = np.concatenate(list(weights.permutation_weights(15, 6, 199, 3)))[:199]
    monkeypatch.setattr("assay.stats.resampling.bootstrap_effect._HELD", 300)
    in_parts = compare("bootstrap_bca", c, t)
    for field in Effect.names():
        np.testing.assert_array_equal(getattr(in_parts, field), getattr(plain, field))
    monkeypatch.setattr(weights, "_BLOCK", 100)
    small = np.concatenate(list(weights.bootstrap_weights(15, 199, 3, "control")))[:199]
    np.testing.assert_array_equal(drawn, small)
    np.testing.assert_array_equal(
        permuted, np.concatenate(list(weights.permutation_weights(15, 6, 199, 3)))[:199]
    )
    in_blocks = compare("bootstrap_bca", c, t)
    np.testing.assert_allclose(in_blocks.lower, plain.lower, rtol=1e-12)


def test_every_resample_has_as_many_units_and_every_unit_its_share() -> None:
    drawn = np.concatenate(list(weights.bootstrap_weights(10, 6_400, 0, "control")))
    assert np.all(np.sum(drawn, axis=1) == 10)
    assert np.all(np.abs(np.mean(drawn, axis=0) - 1) < 6 * np.sqrt(0.9 / 6_400))
    assert np.var(drawn) == pytest.approx(0.9, rel=0.03)
    picked = np.concatenate(list(weights.permutation_weights(10, 4, 6_400, 0)))
    assert np.all(np.sum(picked, axis=1) == 4)
    assert np.all(np.abs(np.mean(picked, axis=0) - 0.4) < 6 * np.sqrt(0.24 / 6_400))


# quantiles


@given(
    values=st.lists(st.integers(-5, 5).map(float), min_size=4, max_size=30),
    value=st.floats(-6, 6),
)
@np.errstate(all="ignore")
def test_the_level_of_a_value_inverts_the_quantile(values: list[float], value: float) -> None:
    ordered, at = np.sort(values)[None], np.array([value])
    level = level_of(ordered, at)
    assert quantile(ordered, level * (1 - 1e-7))[0] <= value
    assert quantile(ordered, level * (1 + 1e-7))[0] > value - 1e-9


@np.errstate(all="ignore")
def test_quantiles_of_infinite_draws_and_levels_out_of_reach() -> None:
    ordered = np.array([[-np.inf, 0.0, 1.0, np.inf]])
    for level, expected in (
        (0.1, -np.inf),
        (0.2, -np.inf),
        (0.4, 0.0),
        (0.6, 1.0),
        (0.7, np.inf),
        (0.9, np.inf),
    ):
        assert quantile(ordered, np.array([level]))[0] == expected
    for value, level in ((-1.0, 0.4), (0.0, 0.4), (2.0, 0.6), (np.inf, 0.8)):
        assert level_of(ordered, np.array([value]))[0] == pytest.approx(level)
    assert np.isnan(quantile(ordered, np.array([np.nan])))
    assert np.isnan(level_of(ordered, np.array([np.nan])))


# edges


@pytest.mark.parametrize("name", NAMES)
def test_undefined_arms_have_reasons_and_leave_their_neighbours_alone(name: str) -> None:
    c = np.array([[1.0, 2.0, 4.0, 7.0], [np.nan, 2.0, 3.0, 1.0], [np.inf, 1.0, 2.0, 2.0], [3.0] * 4])
    t = np.array([[2.0, 5.0, 3.0], [1.0, 2.0, 3.0], [1.0, 2.0, 3.0], [4.0] * 3])
    effect = compare(name, c, t, alpha=0.2)
    always = int(Reason.NOT_DEFINED)
    assert (effect.reason[1:] & ~np.uint16(always)).tolist() == [Reason.NOT_FINITE] * 2 + [Reason.NO_VARIANCE]
    assert np.isnan(effect.p_value).tolist() == [False, True, True, True]
    assert float(effect.estimate[3]) == 1
    alone = compare(name, c[0], t[0], alpha=0.2)
    assert float(alone.lower) == float(effect.lower[0])


@pytest.mark.parametrize("name", NAMES)
def test_one_unit_leaves_the_estimate_and_none_nothing(name: str) -> None:
    one = compare(name, [4.0], [5.0, 7.0])
    assert (float(one.estimate), float(one.relative_estimate)) == (2, 0.5)
    assert int(one.reason) == Reason.TOO_FEW_UNITS | Reason.NOT_DEFINED
    assert np.isnan(one.p_value)
    none = compare(name, [], [5.0, 7.0])
    assert np.isnan(none.estimate)
    assert int(none.reason) & Reason.TOO_FEW_UNITS
    assert int(compare(name, [0.0], [5.0]).reason) & Reason.ZERO_CONTROL
    assert np.isnan(compare(name, [np.inf], [5.0]).estimate)


@pytest.mark.parametrize("name", NAMES)
def test_no_tests_at_all_are_an_empty_answer(name: str) -> None:
    assert compare(name, np.empty((0, 3)), np.empty((0, 4))).shape == (0,)


@pytest.mark.parametrize("name", NAMES)
def test_a_control_without_revenue_has_no_lift(name: str) -> None:
    effect = compare(name, [0.0] * 8, arm(15, 8), alpha=0.1)
    assert int(effect.reason) & Reason.ZERO_CONTROL
    assert int(effect.reason) & Reason.RELATIVE_UNBOUNDED
    assert np.isnan(effect.relative_estimate)
    assert float(effect.relative_upper) == np.inf


@pytest.mark.parametrize("name", NAMES)
def test_a_level_beyond_the_resamples_is_unbounded(name: str) -> None:
    effect = compare(name, arm(16, 20), arm(17, 20) + 30, alpha=1e-4)
    assert (float(effect.lower), float(effect.upper)) == (-np.inf, np.inf)
    assert int(effect.reason) & Reason.UNBOUNDED
    assert 1e-4 < effect.p_value < 0.02


def test_a_denominator_that_a_resample_can_lose_has_a_reason() -> None:
    t = Samples([1.0, 2.0, 3.0], d=[1.0, 0.0, 0.0])  # type: ignore[arg-type]
    effect = METHODS["bootstrap_t"](Samples([1.0, 2.0, 3.0], d=[1.0, 1.0, 2.0]), t, resamples=199)  # type: ignore[arg-type]
    assert int(effect.reason) & Reason.ZERO_DENOMINATOR
    assert np.isnan(effect.p_value)
    assert float(effect.estimate) == 4.5


def test_bootstrap_t_has_the_standard_error_and_statistic_of_welch() -> None:
    c, t = arm(18, 12), arm(19, 14)
    effect = compare("bootstrap_t", c, t)
    welch = METHODS["welch"](Moments.of(c), Moments.of(t))
    assert float(effect.std_error) == pytest.approx(float(welch.std_error), rel=1e-14)
    assert float(effect.statistic) == pytest.approx(float(welch.statistic), rel=1e-14)


# refusals


@pytest.mark.parametrize("name", [*NAMES, "permutation", "permutation_t"])
@pytest.mark.parametrize(
    ("option", "value"), [("resamples", 98), ("resamples", 1e3), ("resamples", 2_000_000), ("seed", -1)]
)
def test_options_that_are_no_whole_number_in_range_are_refused(name: str, option: str, value: object) -> None:
    with pytest.raises(InputError, match=f"{option} is {value}; it must be a whole number, at least"):
        compare(name, [1.0, 2.0], [2.0, 3.0], **{option: value})
    with pytest.raises(InputError, match="seed is True"):
        compare(name, [1.0, 2.0], [2.0, 3.0], seed=True)


def test_resamples_that_do_not_fit_are_refused() -> None:
    c, t = Samples(np.array([1.0, 2.0, 4.0])), Samples(np.array([2.0, 3.0]))
    good = {"control_drawn": [[0, 1, 2], [0, 0, 1]], "treatment_drawn": [[0, 1], [1, 1]]}
    assert from_resamples(c, t, kind="bca", **good).shape == ()  # type: ignore[arg-type]
    with pytest.raises(InputError, match="kind is 'bcaa'; did you mean 'bca'"):
        from_resamples(c, t, kind="bcaa", **good)  # type: ignore[arg-type]
    for bad in ([0, 1, 2], [[0, 1, 2]], [[0, 1], [1, 1]], [[0, 1, 3], [0, 0, 0]], [[0, 1, 0.5], [0, 0, 0]]):
        with pytest.raises(InputError, match=r"control_drawn has shape .* 2 or more rows of 3 whole numbers"):
            from_resamples(c, t, kind="bca", **(good | {"control_drawn": bad}))  # type: ignore[arg-type]
    with pytest.raises(InputError, match="treatment_drawn has 3 resamples; it must have 2"):
        from_resamples(c, t, kind="bca", **(good | {"treatment_drawn": [[0, 1]] * 3}))  # type: ignore[arg-type]


def test_a_denominator_in_one_arm_only_is_refused() -> None:
    with pytest.raises(InputError, match="one arm has the series d and the other has not"):
        METHODS["bootstrap_t"](Samples([1.0, 2.0], d=[1.0, 1.0]), Samples([1.0, 2.0]))  # type: ignore[arg-type]
