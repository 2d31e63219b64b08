from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from numpy.typing import NDArray

from assay.errors import InputError
from assay.stats import METHODS, Alternative, Effect, Moments, Reason, welch
from assay.stats.adjustment import (
    Comoments,
    cuped,
    cuped_many,
    cuped_ratio,
    cuped_ratio_many,
    lin,
    missing_indicator,
)
from assay.stats.pivot import Joint, joint_effect

Series = dict[str, NDArray[np.float64]]
Number = float | NDArray[np.float64]
FROM_MOMENTS = ("cuped", "cuped_ratio", "lin")
SIZES = [(4, 5), (30, 12)]
WORLDS = 200


def arm(seed: int, n: int | tuple[int, ...], effect: Number = 0.0, slope: Number = 1.0) -> Series:
    """Units whose metric depends on x and d, with noise that grows with x."""
    rng = np.random.default_rng([seed, int(np.prod(n))])
    x, d = rng.gamma(2, 3, n), rng.poisson(2, n) + 1.0
    return {"y": 20 + effect + slope * x + d + rng.normal(0, 1, n) * (1 + x / 4), "d": d, "x": x}


def worlds(sizes: tuple[int, int]) -> tuple[Series, Series]:
    """Many pairs of arms, with effects and changes of slope of both signs."""
    effect = np.linspace(-6, 6, WORLDS)[:, None]
    slope = np.resize([0.0, 1.0, 2.5], WORLDS)[:, None]
    return arm(1, (WORLDS, sizes[0])), arm(2, (WORLDS, sizes[1]), effect, slope)


def moments(series: Series, **changed: NDArray[np.float64]) -> Moments:
    given = series | changed
    return Moments.of(given["y"], given["d"], given["x"])


def same(one: Effect, other: Effect, rtol: float = 1e-10) -> None:
    for name in Effect.names():
        a, b = getattr(one, name), getattr(other, name)
        np.testing.assert_allclose(a, b, rtol=rtol, atol=1e-12, err_msg=name)


# named defects of shipped tools


def test_the_lift_keeps_the_noise_of_the_covariate_as_growthbook_pr_3610_had_to_learn() -> None:
    # With a covariate that explains (nearly) everything, D is known, and the lift D / level varies with the
    # level alone: its error is D·sd(x) / (level²·√N). A relative variance from adjusted variances is near 0.
    x_c, x_t = arm(1, 2000)["x"], arm(2, 2000)["x"]
    noise = np.random.default_rng(3).normal(0, 1e-3, (2, 2000))
    effect = cuped(Moments.of(x_c + noise[0], x=x_c), Moments.of(x_t + 6 + noise[1], x=x_t))
    both = np.concatenate([x_c, x_t])
    error = 6 * both.std() / (both.mean() ** 2 * np.sqrt(4000))
    half = float(effect.relative_upper - effect.relative_lower) / 2
    assert half == pytest.approx(1.96 * error, rel=0.01)
    without = float(effect.std_error) / both.mean()
    assert half > 100 * without


@pytest.mark.parametrize("name", ["cuped", "cuped_ratio", "cuped_many", "cuped_ratio_many", "lin"])
def test_a_planted_ten_percent_is_ten_percent_not_193_as_in_cluster_experiments_pr_270(name: str) -> None:
    def loyal(seed: int, lift: float) -> Series:
        rng = np.random.default_rng(seed)
        x, d = rng.gamma(4, 2, 20_000), rng.poisson(2, 20_000) + 1.0
        return {"y": (2 + 5 * x + rng.normal(0, 2, 20_000)) * (1 + lift) * d, "d": d, "x": x}

    control, treatment = loyal(4, 0.0), loyal(5, 0.1)
    if "ratio" not in name:
        control["y"], treatment["y"] = control["y"] / control["d"], treatment["y"] / treatment["d"]
    sides = [
        Comoments.of(s["y"], {"x": s["x"]}, d=s["d"]) if name.endswith("many") else moments(s)
        for s in (control, treatment)
    ]
    effect = METHODS[name](*sides)
    assert float(effect.relative_estimate) == pytest.approx(0.1, abs=0.01)
    assert effect.relative_lower < 0.1 < effect.relative_upper
    # Adjusted means that are not moved back to the covariate's mean have another denominator than the metric.
    slope = np.cov(control["y"], control["x"])[0, 1] / np.var(control["x"])
    bare = [float(np.mean(s["y"] - slope * s["x"])) for s in (control, treatment)]
    assert bare[1] / bare[0] - 1 > 1


# relations


@pytest.mark.parametrize("name", FROM_MOMENTS)
@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
@pytest.mark.parametrize("sizes", SIZES)
def test_p_value_and_both_intervals_change_side_together(
    name: str, alternative: Alternative, sizes: tuple[int, int]
) -> None:
    sides = [moments(s) for s in worlds(sizes)]
    p = METHODS[name](*sides, alternative=alternative).p_value
    assert np.min(p) < 0.01
    for alpha in (p * (1 - 1e-9), np.minimum(p * (1 + 1e-9), 1 - 1e-12), np.array(0.05)):
        effect = METHODS[name](*sides, alpha=alpha, alternative=alternative)
        found = p < alpha
        assert np.array_equal((effect.lower > 0) | (effect.upper < 0), found)
        bounded = effect.reason == 0
        assert np.mean(bounded) > 0.4
        lift = (effect.relative_lower > 0) | (effect.relative_upper < 0)
        assert np.array_equal(lift[bounded], found[bounded])
        if alpha.ndim == 0:
            assert np.all(effect.relative_lower <= effect.relative_estimate)
            assert np.all(effect.relative_estimate <= effect.relative_upper)


@pytest.mark.parametrize("name", FROM_MOMENTS)
def test_swapping_arms_mirrors_the_difference_and_inverts_the_ratio(name: str) -> None:
    a, b = (moments(s) for s in worlds(SIZES[1]))
    one, other = METHODS[name](a, b), METHODS[name](b, a)
    np.testing.assert_allclose(one.p_value, other.p_value, rtol=1e-9)
    np.testing.assert_allclose(one.lower, -other.upper, rtol=1e-9, atol=1e-9)
    assert not np.any(one.reason | other.reason)
    np.testing.assert_allclose((1 + one.relative_lower) * (1 + other.relative_upper), 1, rtol=1e-9)


@pytest.mark.parametrize("name", FROM_MOMENTS)
@pytest.mark.parametrize(("scale", "shift"), [(2.0**-30, 0.0), (-4.0, 1024.0)])
def test_the_unit_and_the_origin_of_the_covariate_do_not_matter(
    name: str, scale: float, shift: float
) -> None:
    sides = worlds(SIZES[0])
    plain = METHODS[name](*(moments(s) for s in sides))
    same(METHODS[name](*(moments(s, x=(s["x"] + shift) * scale) for s in sides)), plain, 1e-7)


@pytest.mark.parametrize("name", FROM_MOMENTS)
@pytest.mark.parametrize("factor", [2.0**-40, 2.0**30])
def test_a_change_of_unit_changes_the_difference_only(name: str, factor: float) -> None:
    sides = worlds(SIZES[0])
    plain = METHODS[name](*(moments(s) for s in sides))
    scaled = METHODS[name](*(moments(s, y=s["y"] * factor) for s in sides))
    for field in ("estimate", "std_error", "lower", "upper"):
        assert np.array_equal(getattr(scaled, field), getattr(plain, field) * factor)
    for field in ("p_value", "df", "relative_estimate", "relative_lower", "relative_upper", "reason"):
        assert np.array_equal(getattr(scaled, field), getattr(plain, field))


@pytest.mark.parametrize("name", ["cuped", "lin"])
def test_what_the_covariate_adds_to_both_arms_is_taken_out(name: str) -> None:
    a, b = arm(6, 30), arm(7, 20, 1.0)
    plain = METHODS[name](moments(a), moments(b))
    moved = METHODS[name](*(moments(s, y=s["y"] + 8 * s["x"] + 5) for s in (a, b)))
    for field in ("estimate", "std_error", "p_value", "df"):
        np.testing.assert_allclose(getattr(moved, field), getattr(plain, field), rtol=1e-9)


@pytest.mark.parametrize("name", FROM_MOMENTS)
def test_a_stricter_level_widens_every_interval(name: str) -> None:
    sides = (moments(arm(8, 40)), moments(arm(9, 30, 1.0)))
    effect = METHODS[name](*sides, alpha=np.array([0.2, 0.05, 1e-4]))
    assert np.all(np.diff(effect.lower) < 0)
    assert np.all(np.diff(effect.upper) > 0)
    assert np.all(np.diff(effect.relative_lower) < 0)
    assert np.all(np.diff(effect.relative_upper) > 0)


@pytest.mark.parametrize("name", FROM_MOMENTS)
def test_segments_in_a_batch_are_segments_alone(name: str) -> None:
    a, b = moments(arm(10, (6, 1, 25))), moments(arm(11, (4, 18), 1.0))
    batch = METHODS[name](a, b, alpha=0.1)
    assert batch.shape == (6, 4)

    def segment(whole: Moments, at: tuple[int, ...]) -> Moments:
        return Moments(**{f.name: getattr(whole, f.name)[at] for f in fields(Moments)})

    for i, j in ((0, 0), (5, 3), (2, 1)):
        alone = METHODS[name](segment(a, (i, 0)), segment(b, (j,)), alpha=0.1)
        for field in Effect.names():
            assert getattr(batch, field)[i, j] == getattr(alone, field), field


@pytest.mark.parametrize("name", ["cuped_many", "cuped_ratio_many", "lin_many"])
def test_segments_with_many_covariates_are_segments_alone(name: str) -> None:
    def many(s: Series) -> Comoments:
        return Comoments.of(s["y"], {"x": s["x"], "root": np.sqrt(s["x"])}, d=s["d"])

    a, b = arm(32, (7, 25)), arm(33, (7, 18), 1.0)
    batch = METHODS[name](many(a), many(b))
    for i in range(7):
        alone = METHODS[name](*(many({k: v[i] for k, v in s.items()}) for s in (a, b)))
        for field in Effect.names():
            assert getattr(batch, field)[i] == getattr(alone, field), field


def test_merged_days_give_what_all_units_give() -> None:
    a, b = arm(12, (5, 12)), arm(13, (5, 9), 1.0)
    days = cuped(*(moments(s).merge_all() for s in (a, b)))
    same(days, cuped(*(moments({k: v.ravel() for k, v in s.items()}) for s in (a, b))))


def test_a_denominator_of_one_makes_the_ratio_the_mean() -> None:
    a, b = arm(14, 30), arm(15, 25, 1.0)
    ones = [moments(s, d=np.ones_like(s["y"])) for s in (a, b)]
    same(cuped_ratio(*ones), cuped(*(moments(s) for s in (a, b))))


def test_one_of_many_covariates_is_one_and_redundant_ones_drop_out() -> None:
    a, b = arm(16, 40), arm(17, 30, 1.0)

    def many(s: Series, ratio: bool = False, **more: NDArray[np.float64]) -> Comoments:
        return Comoments.of(s["y"], {"x": s["x"], **more}, d=s["d"] if ratio else None)

    plain = cuped(moments(a), moments(b))
    same(cuped_many(many(a), many(b)), plain)
    for redundant in (lambda s: 3 * s["x"] + 7, lambda s: np.full(s["x"].shape, 0.1)):
        same(cuped_many(many(a, more=redundant(a)), many(b, more=redundant(b))), plain, 1e-8)
    ratio = cuped_ratio_many(many(a, ratio=True), many(b, ratio=True))
    same(ratio, cuped_ratio(moments(a), moments(b)))


def test_units_without_a_pre_period_keep_their_own_mean() -> None:
    a, b = arm(18, 40), arm(19, 30, 1.0)

    def gaps(s: Series, share: int) -> Comoments:
        at = np.arange(len(s["x"])) % 10 < share
        return Comoments.of(s["y"], missing_indicator(np.where(at, np.nan, s["x"])))

    same(cuped_many(gaps(a, 0), gaps(b, 0)), cuped(moments(a), moments(b)), 1e-9)
    same(cuped_many(gaps(a, 10), gaps(b, 10)), welch(moments(a), moments(b)), 1e-9)
    some = cuped_many(gaps(a, 3), gaps(b, 3))
    assert cuped(moments(a), moments(b)).std_error < some.std_error < welch(moments(a), moments(b)).std_error


# edges


@pytest.mark.parametrize("constant", [0.0, 0.1, 1e9])
@pytest.mark.parametrize("name", ["cuped", "lin"])
def test_a_covariate_without_variance_leaves_welch(name: str, constant: float) -> None:
    a, b = arm(20, (3, 9)), arm(21, (3, 8), 1.0)
    sides = [moments(s, x=np.full(s["x"].shape, constant)).merge_all() for s in (a, b)]
    same(METHODS[name](*sides), welch(*sides))


def test_what_merging_leaves_of_a_constant_is_no_variance() -> None:
    a, b = (Moments.of(s["y"]) for s in (arm(22, 30), arm(23, 20, 1.0)))
    dusty = [
        Moments(
            n=m.n, mean_y=m.mean_y, m2_y=m.m2_y, mean_x=np.array(0.1 + 2**-56),
            m2_x=m.n * 1e-34, c_yx=np.sqrt(m.n * 1e-34 * m.m2_y) * 0.9,
        )
        for m in (a, b)
    ]  # fmt: skip
    same(cuped(*dusty), welch(a, b))


GOOD = ([1.0, 3.0, 2.0], [1.0, 2.0, 1.0], [1.0, 2.0, 3.0])
LINE = ([3.0, 5.0, 7.0], [1.0] * 3, [1.0, 2.0, 3.0])
HUGE = ([1e200, 3e200, 2e200], [1.0] * 3, [1.0, 2.0, 3.0])


@pytest.mark.parametrize("name", FROM_MOMENTS)
@pytest.mark.parametrize(
    ("control", "treatment", "reason"),
    [
        (([], [], []), GOOD, Reason.TOO_FEW_UNITS),
        (GOOD, ([], [], []), Reason.TOO_FEW_UNITS),
        (([1.0], [1.0], [3.0]), GOOD, Reason.TOO_FEW_UNITS),
        (([1.0, 2.0], [1.0, 1.0], [0.0, 3.0]), (GOOD[0], [1.0] * 3, [2.0] * 3), Reason.TOO_FEW_UNITS),
        (LINE, LINE, Reason.NO_VARIANCE),
        (([1.0, np.nan, 2.0], *GOOD[1:]), GOOD, Reason.NOT_FINITE),
        (GOOD, (*GOOD[:2], [1.0, np.inf, 3.0]), Reason.NOT_FINITE),
        (HUGE, HUGE, Reason.NOT_FINITE),
    ],
    ids=lambda v: str(v)[:40],
)
def test_undefined_results_say_why(
    name: str, control: tuple[list[float], ...], treatment: tuple[list[float], ...], reason: Reason
) -> None:
    effect = METHODS[name](Moments.of(*control), Moments.of(*treatment))
    assert int(effect.reason) == reason
    for field in ("p_value", "lower", "upper", "relative_lower", "relative_upper", "df"):
        assert np.isnan(getattr(effect, field)), field
    empty = not control[0] or not treatment[0]
    if reason != Reason.NOT_FINITE:
        assert np.isnan(effect.estimate) == empty
        assert np.isnan(effect.relative_estimate) == empty


@pytest.mark.parametrize("call", [cuped_many, cuped_ratio_many])
def test_not_finite_covariates_leave_their_neighbours_alone(call: object) -> None:
    def batch(seed: int) -> Comoments:
        s = arm(seed, (2, 20))
        x = s["x"].copy()
        x[0, 3] = np.nan
        return Comoments.of(s["y"], {"x": x, "z": np.sqrt(s["x"])}, d=s["d"])

    name = "cuped_many" if call is cuped_many else "cuped_ratio_many"
    effect = METHODS[name](batch(24), batch(25))
    assert effect.reason.tolist() == [Reason.NOT_FINITE, 0]
    assert np.isfinite(effect.p_value).tolist() == [False, True]


def test_a_denominator_of_mean_zero_leaves_nothing() -> None:
    side = Moments.of([1.0, 2.0, 4.0], [1.0, -1.0, 0.0], [1.0, 2.0, 2.0])
    effect = cuped_ratio(side, side)
    assert int(effect.reason) == Reason.ZERO_DENOMINATOR
    assert np.isnan(effect.estimate)


def test_a_control_near_zero_has_a_difference_and_no_bounded_lift() -> None:
    a, b = arm(26, 30), arm(27, 30, 5.0)
    effect = cuped(*(moments(s, y=s["y"] - a["y"].mean()) for s in (a, b)))
    assert int(effect.reason) == Reason.RELATIVE_UNBOUNDED
    assert (float(effect.relative_lower), float(effect.relative_upper)) == (-np.inf, np.inf)
    assert np.isfinite(effect.lower)


@pytest.mark.parametrize(("alternative", "open_end"), [("greater", "lower"), ("less", "upper")])
def test_a_negative_control_turns_the_side_of_the_lift(alternative: Alternative, open_end: str) -> None:
    a, b = arm(28, 60), arm(29, 60, 3.0)
    down = [moments(s, y=s["y"] - 90) for s in (a, b)]
    effect = lin(*down, alternative=alternative)
    assert np.isinf(getattr(effect, f"relative_{open_end}"))
    assert np.isinf(getattr(effect, "upper" if alternative == "greater" else "lower"))
    assert not np.isinf(effect.relative_lower) or not np.isinf(effect.relative_upper)


def test_independent_estimates_give_welch() -> None:
    a, b = Moments.of(arm(30, 12)["y"]), Moments.of(arm(31, 15, 2.0)["y"])
    plain = welch(a, b)
    v_c = a.var_y / a.n
    joint = Joint(
        control=a.mean_y, difference=plain.estimate, variance=plain.std_error**2, control_variance=v_c,
        covariance=-v_c, floor=np.array(0.0), df=plain.df, reason=np.array(0, dtype=np.uint16),
    )  # fmt: skip
    same(joint_effect(joint, alpha=np.array(0.05), alternative="two-sided"), plain)


def test_a_control_of_exactly_zero_has_no_lift() -> None:
    side = Moments.of([-1.0, 1.0, -2.0, 2.0], x=[1.0, 2.0, 2.0, 1.0])
    effect = cuped(side, Moments.of([5.0, 6.0, 5.5, 6.5], x=[1.0, 2.0, 2.0, 1.0]))
    assert int(effect.reason) == Reason.ZERO_CONTROL | Reason.RELATIVE_UNBOUNDED
    assert np.isnan(effect.relative_estimate)


# refusals


def test_unlike_covariates_are_refused() -> None:
    a = Comoments.of([1.0, 2.0], {"x": [1.0, 2.0]}, d=[1.0, 1.0])
    b = Comoments.of([1.0, 2.0], {"z": [1.0, 2.0]}, d=[1.0, 1.0])
    for call in (cuped_many, cuped_ratio_many):
        with pytest.raises(InputError, match="one side has the series y, d, x, the other y, d, z"):
            call(a, b)
    with pytest.raises(InputError, match="control has no series x; cuped needs y, x"):
        cuped(Moments.of([1.0, 2.0]), Moments.of([1.0, 2.0]))
