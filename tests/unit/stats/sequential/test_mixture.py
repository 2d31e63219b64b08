"""The always-valid methods from moments: relations, edges, refusals. Known values stand in the books."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.errors import InputError
from assay.stats import METHODS, Effect, Moments, Reason
from assay.stats.sequential import (
    confidence_sequence,
    confidence_sequence_ratio,
    mixture_sd_for,
    mixture_sprt,
    mixture_t,
    tightest_ratio,
)
from assay.stats.sequential.normal_mixture import log_evidence, radius

NAMES = ("mixture_sprt", "mixture_t", "confidence_sequence", "confidence_sequence_ratio")
SIDES = ("two-sided", "greater", "less")
MIRROR = {"two-sided": "two-sided", "greater": "less", "less": "greater"}
Arm = tuple[int, float, float]


def moments(arm: Arm, factor: float = 1.0, shift: float = 0.0) -> Moments:
    """An arm of n units with a mean and a standard deviation; denominators of one."""
    n, mean, sd = arm
    parts = {
        "n": n, "mean_y": mean * factor + shift, "m2_y": (sd * factor) ** 2 * (n - 1),
        "mean_d": 1.0, "m2_d": 0.0, "c_yd": 0.0,
    }  # fmt: skip
    return Moments(**{k: np.asarray(v, dtype=float) for k, v in parts.items()})


def near(actual: object, expected: object, tolerance: float = 1e-9) -> None:
    np.testing.assert_allclose(np.asarray(actual), np.asarray(expected), rtol=tolerance, atol=1e-300)


# relations


def crowd(size: int = 2_000) -> tuple[Moments, Moments]:
    """Pairs of arms of all sizes, means and spreads."""
    rng = np.random.default_rng(12)
    n = np.exp(rng.uniform(np.log(5), np.log(1e6), (2, size))).round()
    mean = rng.uniform(0.5, 20, size) * np.array([np.ones(size), 1 + rng.normal(0, 0.05, size)])
    sd = rng.uniform(0.05, 3, (2, size))
    c, t = (
        Moments(n=n[i], mean_y=mean[i], m2_y=sd[i] ** 2 * (n[i] - 1), mean_d=1.0, m2_d=0.0, c_yd=0.0)  # type: ignore[arg-type]
        for i in (0, 1)
    )
    return c, t


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("name", NAMES)
def test_p_value_and_both_intervals_change_side_together(name: str, side: str) -> None:
    c, t = crowd()
    p = METHODS[name](c, t, alternative=side).p_value
    tested = (p > 1e-250) & (p < 0.98)
    assert np.sum(tested) > 500
    p = np.where(tested, p, 0.5)
    for alpha in (p * (1 - 1e-8), p * (1 + 1e-8), np.asarray(0.05)):
        effect = METHODS[name](c, t, alpha=alpha, alternative=side)
        rejects = effect.p_value < alpha
        assert np.array_equal(rejects, (effect.lower > 0) | (effect.upper < 0))
        bounded = (effect.reason & Reason.RELATIVE_UNBOUNDED) == 0
        lift = (effect.relative_lower > 0) | (effect.relative_upper < 0)
        assert np.array_equal(rejects[bounded], lift[bounded])


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("name", NAMES)
def test_swapping_arms_mirrors_the_difference(name: str, side: str) -> None:
    a, b = moments((300, 2.0, 1.0)), moments((250, 2.3, 1.4))
    one = METHODS[name](a, b, alternative=side)
    other = METHODS[name](b, a, alternative=MIRROR[side])
    near(one.p_value, other.p_value, 1e-14)
    near(one.lower, -other.upper, 1e-14)
    near(one.statistic, -other.statistic, 1e-14)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("name", ["mixture_sprt", "mixture_t", "confidence_sequence"])
def test_shift_and_scale(name: str, side: str) -> None:
    a, b = (300, 2.0, 1.0), (250, 2.3, 1.4)
    plain = METHODS[name](moments(a), moments(b), alternative=side)
    moved = METHODS[name](moments(a, shift=8.0), moments(b, shift=8.0), alternative=side)
    scaled = METHODS[name](moments(a, 64.0), moments(b, 64.0), alternative=side)
    for field in ("lower", "upper", "p_value"):
        near(getattr(moved, field), getattr(plain, field), 1e-11)
    near(scaled.lower, plain.lower * 64)
    near(scaled.upper, plain.upper * 64)
    for field in ("p_value", "relative_lower", "relative_upper"):
        near(getattr(scaled, field), getattr(plain, field))


@pytest.mark.parametrize("name", NAMES)
def test_a_batch_gives_what_its_elements_give(name: str) -> None:
    rng = np.random.default_rng(4)
    c, t = (Moments.of(rng.gamma(2, 1, (6, 1, 30)), np.ones((6, 1, 30))) for _ in range(2))
    levels = np.array([0.2, 0.01])
    for side in SIDES:
        whole = METHODS[name](c, t, alpha=levels, alternative=side)
        assert whole.shape == (6, 2)
        for i, j in np.ndindex(6, 2):
            alone = [
                Moments(**{f: getattr(m, f)[i, 0] for f in ("n", "mean_y", "m2_y", "mean_d", "m2_d", "c_yd")})
                for m in (c, t)
            ]
            one = METHODS[name](*alone, alpha=levels[j], alternative=side)
            for field in Effect.names():
                near(getattr(one, field), getattr(whole, field)[i, j], 1e-13)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("name", NAMES)
def test_a_stricter_level_widens_and_leaves_the_p_value(name: str, side: str) -> None:
    effect = METHODS[name](
        moments((300, 2.0, 1.0)), moments((250, 2.3, 1.4)), alpha=[0.9, 0.2, 0.05, 1e-6], alternative=side
    )
    assert len(set(effect.p_value.tolist())) == 1
    ends = [effect.upper - effect.estimate, effect.estimate - effect.lower]
    for end in ends:
        assert np.all(np.isinf(end)) or np.all(np.diff(end) > 0)


def test_one_sided_is_sharper_on_its_side_and_p_at_most_1_on_the_other() -> None:
    a, b = moments((300, 2.0, 1.0)), moments((250, 2.4, 1.4))
    for name in NAMES:
        both, up, down = (METHODS[name](a, b, alternative=side) for side in SIDES)
        assert up.p_value < both.p_value < 2.01 * up.p_value
        assert up.lower > both.lower
        assert down.p_value == 1


def test_a_ratio_over_one_is_the_mean() -> None:
    a, b = moments((300, 2.0, 1.0)), moments((250, 2.3, 1.4))
    mean, ratio = confidence_sequence(a, b), confidence_sequence_ratio(a, b)
    for field in Effect.names():
        near(getattr(ratio, field), getattr(mean, field), 1e-13)


def test_methods_agree_where_they_are_the_same_mixture() -> None:
    # mSPRT with the mixture that the plan of the confidence sequence implies; with many units t is normal.
    a, b = moments((10**7, 2.0, 1.0)), moments((10**7, 2.001, 1.0))
    planned = confidence_sequence(a, b, planned_n=10**6)
    sd = np.sqrt(tightest_ratio() * 2e7 / 1e6) * planned.std_error
    same = mixture_sprt(a, b, mixture_sd=sd)
    unknown = mixture_t(a, b, mixture_sd=sd)
    for field in ("p_value", "lower", "upper", "relative_lower", "relative_upper"):
        near(getattr(same, field), getattr(planned, field), 1e-11)
        near(getattr(unknown, field), getattr(same, field), 1e-4)


@pytest.mark.parametrize("alpha", [1e-8, 0.05, 0.4])
def test_the_interval_is_tightest_at_the_planned_number_of_units(alpha: float) -> None:
    ratio = float(tightest_ratio(alpha))
    widths = radius(np.array([0.9, 1.0, 1.1]) * ratio, np.asarray(alpha), "two-sided")
    assert widths[1] < min(widths[0], widths[2])
    near(widths[1], np.sqrt(1 + ratio), 1e-12)


def test_documented_costs_of_a_wrong_tuning() -> None:
    ratio = float(tightest_ratio())
    widths = radius(ratio * np.array([1, 100, 1 / 9, 0.1, 10]), np.asarray(0.05), "two-sided")
    np.testing.assert_allclose(widths[1:] / widths[0] - 1, [0.17, 0.23, 0.26, 0.07], atol=0.006)


def test_mixture_sd_for_makes_the_planned_look_tightest() -> None:
    a, b = moments((500, 2.0, 1.0)), moments((500, 2.1, 1.0))
    error = float(mixture_sprt(a, b).std_error)
    best = float(mixture_sd_for(error))
    widths = [
        float(np.ptp([e.lower, e.upper]))
        for e in (mixture_sprt(a, b, mixture_sd=s * best) for s in (0.8, 1, 1.3))
    ]
    assert widths[1] < min(widths[0], widths[2])


@pytest.mark.parametrize("side", ["greater", "less"])
@given(z=st.floats(-30, 30), ratio=st.floats(1e-6, 1e6))
def test_one_sided_evidence_rises_without_a_seam(side: str, z: float, ratio: float) -> None:
    sign = 1 if side == "greater" else -1
    steps = sign * (z + np.array([-1e-3, 0.0, 1e-3]))
    evidence = log_evidence(steps, np.asarray(ratio), side)  # type: ignore[arg-type]
    assert np.all(np.diff(evidence) > 0)
    assert abs(evidence[0] - 2 * evidence[1] + evidence[2]) < 1e-5


@given(ratio=st.floats(1e-6, 1e6), alpha=st.floats(1e-200, 0.999))
def test_the_radius_inverts_the_evidence(ratio: float, alpha: float) -> None:
    for side in ("two-sided", "greater"):
        reach = radius(np.asarray(ratio), np.asarray(alpha), side)  # type: ignore[arg-type]
        evidence = float(log_evidence(reach, np.asarray(ratio), side))  # type: ignore[arg-type]
        assert evidence == pytest.approx(-np.log(alpha), rel=1e-9, abs=1e-9)


def test_tails_reach_beyond_1e_minus_200() -> None:
    # exp(-(z²·r/(1+r) - log(1+r))/2), z = 32, r = 8.2115...·2000/5000, by hand with 30 digits of mpmath.
    c, t = moments((1000, 0.0, 1.0)), moments((1000, 32 * np.sqrt(0.002), 1.0))
    effect = confidence_sequence(c, t)
    ratio = float(tightest_ratio()) * 0.4
    assert -np.log10(float(effect.p_value)) == pytest.approx(
        (1024 * ratio / (1 + ratio) - np.log1p(ratio)) / 2 / np.log(10), rel=1e-12
    )
    assert float(effect.p_value) < 1e-160


# edges


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("name", NAMES)
def test_what_is_undefined_has_a_reason(name: str, side: str) -> None:
    good = Moments.of([1.0, 2.0, 4.0], [1.0, 1.0, 2.0])
    for bad, reason in (
        (Moments.of([], []), Reason.TOO_FEW_UNITS),
        (Moments.of([1.0], [1.0]), Reason.TOO_FEW_UNITS),
        (Moments.of([np.nan, 1.0], [1.0, 1.0]), Reason.NOT_FINITE),
        (Moments.of([np.inf, 1.0], [1.0, 1.0]), Reason.NOT_FINITE),
    ):
        effect = METHODS[name](good, bad, alternative=side)
        assert int(effect.reason) & reason
        assert np.isnan([effect.p_value, effect.lower, effect.upper, effect.std_error]).all()
    flat = METHODS[name](
        Moments.of([2.0, 2.0], [1.0, 1.0]), Moments.of([3.0, 3.0], [1.0, 1.0]), alternative=side
    )
    assert int(flat.reason) == Reason.NO_VARIANCE
    assert flat.estimate == 1
    assert np.isnan([flat.p_value, flat.lower, flat.upper, flat.df]).all()


@pytest.mark.parametrize("side", SIDES)
def test_a_handful_of_units_excludes_nothing_by_the_t_mixture(side: str) -> None:
    effect = mixture_t(Moments.of([1.0, 2.0]), Moments.of([4.0, 5.0]), alternative=side)
    assert [float(effect.lower), float(effect.upper)] == [-np.inf, np.inf]
    assert [float(effect.relative_lower), float(effect.relative_upper)] == [-np.inf, np.inf]
    assert int(effect.reason) == Reason.UNBOUNDED | Reason.RELATIVE_UNBOUNDED
    assert 0.05 < float(effect.p_value) <= 1


def test_a_control_mean_of_zero_leaves_no_lift() -> None:
    c, t = Moments.of([-1.0, 1.0, -2.0, 2.0]), Moments.of([1.0, 2.0, 3.0, 1.0])
    effect = confidence_sequence(c, t)
    assert int(effect.reason) == Reason.ZERO_CONTROL | Reason.RELATIVE_UNBOUNDED
    assert np.isnan(effect.relative_estimate)


@pytest.mark.parametrize("alternative", ["greater", "less"])
def test_a_negative_control_turns_the_side_of_the_lift(alternative: str) -> None:
    effect = confidence_sequence(
        moments((900, -2.0, 1.0)), moments((900, -1.5, 1.0)), alternative=alternative
    )
    closed = effect.relative_upper if alternative == "greater" else effect.relative_lower
    assert np.isfinite(closed)


# refusals


@pytest.mark.parametrize(
    ("name", "option"),
    [("mixture_sprt", "mixture_sd"), ("mixture_t", "mixture_sd"), ("confidence_sequence", "planned_n")],
)
@pytest.mark.parametrize("value", [0.0, -1.0, np.inf, np.nan])
def test_a_tuning_that_is_not_positive_is_refused(name: str, option: str, value: float) -> None:
    arm = moments((30, 2.0, 1.0))
    with pytest.raises(InputError, match=f"{option} is .*; it must be finite and above 0"):
        METHODS[name](arm, arm, **{option: value})
    with pytest.raises(InputError, match="std_error is"):
        mixture_sd_for(value)


def test_tuning_broadcasts() -> None:
    arm = moments((30, 2.0, 1.0))
    assert mixture_sprt(arm, arm, mixture_sd=[0.1, 0.2, 0.3]).shape == (3,)
    assert mixture_t(arm, arm, mixture_sd=[0.1, 0.2], alternative="greater").shape == (2,)
    assert confidence_sequence(arm, arm, planned_n=[[10], [1000]]).shape == (2, 1)
