from __future__ import annotations

import numpy as np
import pytest
from golden import assert_close
from hypothesis import assume, given
from hypothesis import strategies as st

from assay.stats import METHODS, Effect, Moments, Reason, ratio_delta, welch

# Every method that is built on the t pivot, and how its data are made from two series.
Arm = tuple[float, ...]
BOTH = ("welch", "ratio_delta")
arms = st.tuples(
    st.integers(2, 10**7),
    st.floats(0.01, 1e4),
    st.floats(1e-3, 1e3),
    st.floats(0.5, 20),
    st.floats(0.1, 3),
    st.floats(-0.9, 0.9),
)


def moments(arm: Arm, factor: float = 1.0) -> Moments:
    n, mean, cv, mean_d, cv_d, correlation = arm
    sd, sd_d = cv * mean, cv_d * mean_d
    freedom = n - 1
    parts = {
        "n": n, "mean_y": mean * factor, "m2_y": sd**2 * freedom * factor**2,
        "mean_d": mean_d, "m2_d": sd_d**2 * freedom, "c_yd": correlation * sd * sd_d * freedom * factor,
    }  # fmt: skip
    return Moments(**{k: np.asarray(v, dtype=float) for k, v in parts.items()})


# known values


def test_tails_reach_beyond_1e_minus_200() -> None:
    # mpmath 1.4.1, 40 digits: betainc(199.1, 1/2, 0, 398.2/(398.2 + 3600), regularized=True).
    arm = {"n": np.array(200.1), "m2_y": np.array(200.1 * 199.1 / 2)}
    effect = welch(Moments(mean_y=np.array(0.0), **arm), Moments(mean_y=np.array(60.0), **arm))
    assert_close(effect.df, 398.2, 1e-12)
    assert_close(effect.p_value, 1.490091489083145e-201, 1e-12)


# relations


def agrees(effect: Effect, alpha: float) -> None:
    significant = bool(effect.p_value < alpha)
    assert significant == bool(effect.lower > 0 or effect.upper < 0)
    if not effect.reason & Reason.RELATIVE_UNBOUNDED:
        assert significant == bool(effect.relative_lower > 0 or effect.relative_upper < 0)
        assert effect.relative_lower <= effect.relative_estimate <= effect.relative_upper


@pytest.mark.parametrize("name", BOTH)
@given(control=arms, treatment=arms, nudge=st.sampled_from([1 - 1e-9, 1 + 1e-9]))
def test_p_value_and_both_intervals_change_side_together(
    name: str, control: Arm, treatment: Arm, nudge: float
) -> None:
    a, b = moments(control), moments(treatment)
    p = float(METHODS[name](a, b).p_value)
    assume(1e-290 < p < 0.999)
    alpha = p * nudge
    agrees(METHODS[name](a, b, alpha=alpha), alpha)
    agrees(METHODS[name](a, b, alpha=0.05), 0.05)


@pytest.mark.parametrize("name", BOTH)
@given(control=arms, treatment=arms)
def test_swapping_arms_mirrors_the_difference_and_inverts_the_ratio(
    name: str, control: Arm, treatment: Arm
) -> None:
    a, b = moments(control), moments(treatment)
    one, other = METHODS[name](a, b), METHODS[name](b, a)
    assert one.p_value == other.p_value
    assert one.lower == -other.upper
    assert one.statistic == -other.statistic
    if not (one.reason | other.reason) and float(one.relative_lower) > -0.999:
        assert_close((1 + one.relative_lower) * (1 + other.relative_upper), 1.0, 1e-6)


@pytest.mark.parametrize("name", BOTH)
@given(control=arms, treatment=arms, factor=st.sampled_from([2.0**-40, -(2.0**30), 4.0]))
def test_a_change_of_unit_changes_the_difference_only(
    name: str, control: Arm, treatment: Arm, factor: float
) -> None:
    plain = METHODS[name](moments(control), moments(treatment))
    scaled = METHODS[name](moments(control, factor), moments(treatment, factor))
    ends = (plain.lower, plain.upper) if factor > 0 else (plain.upper, plain.lower)
    assert_close(scaled.lower, ends[0] * factor, 1e-12)
    assert_close(scaled.upper, ends[1] * factor, 1e-12)
    for field in ("p_value", "df", "relative_estimate", "relative_lower", "relative_upper", "reason"):
        assert_close(getattr(scaled, field), getattr(plain, field), 1e-12, field)


@given(control=arms, treatment=arms)
def test_a_shift_of_both_arms_leaves_the_difference(control: Arm, treatment: Arm) -> None:
    a, b = moments(control), moments(treatment)
    moved = [Moments(n=m.n, mean_y=m.mean_y + 1024, m2_y=m.m2_y) for m in (a, b)]
    plain, shifted = welch(a, b), welch(*moved)
    assert abs(shifted.estimate - plain.estimate) <= 1e-11
    assert_close(shifted.std_error, plain.std_error, 1e-12)
    assert_close(shifted.df, plain.df, 1e-12)


@given(control=arms, treatment=arms)
def test_a_stricter_level_widens_every_interval(control: Arm, treatment: Arm) -> None:
    effect = welch(moments(control), moments(treatment), alpha=np.array([0.2, 0.05, 1e-4]))
    assert np.all(np.diff(effect.lower) < 0)
    assert np.all(np.diff(effect.upper) > 0)
    assert not np.any(np.diff(effect.relative_lower[np.isfinite(effect.relative_lower)]) > 0)


def test_a_ratio_over_one_is_welch() -> None:
    rng = np.random.default_rng(5)
    a, b = rng.gamma(2, 1, (3, 40)), rng.gamma(2, 1.2, (3, 60))
    mean = welch(Moments.of(a), Moments.of(b))
    ratio = ratio_delta(Moments.of(a, np.ones_like(a)), Moments.of(b, np.ones_like(b)))
    for field in Effect.names():
        assert_close(getattr(ratio, field), getattr(mean, field), 1e-12, field)


def test_a_batch_gives_what_its_elements_give() -> None:
    rng = np.random.default_rng(6)
    a, b = Moments.of(rng.gamma(2, 1, (50, 1, 12))), Moments.of(rng.gamma(2, 1, (4, 9)))
    batch = welch(a, b, alpha=0.1)
    assert batch.shape == (50, 4)
    alone = welch(
        Moments(n=a.n[7, 0], mean_y=a.mean_y[7, 0], m2_y=a.m2_y[7, 0]),
        Moments(n=b.n[2], mean_y=b.mean_y[2], m2_y=b.m2_y[2]),
        alpha=0.1,
    )
    for field in Effect.names():
        assert getattr(batch, field)[7, 2] == getattr(alone, field)


# edges: defined, documented, never a warning, never a NaN without a reason


@pytest.mark.parametrize(
    ("control", "treatment", "reason"),
    [
        ([], [1.0, 2.0], Reason.TOO_FEW_UNITS),
        ([1.0], [1.0, 2.0], Reason.TOO_FEW_UNITS),
        ([2.0, 2.0], [3.0, 3.0], Reason.NO_VARIANCE),
        ([0.1] * 3, [0.1] * 7, Reason.NO_VARIANCE),
        ([0.0, 0.0], [0.0, 0.0], Reason.NO_VARIANCE | Reason.ZERO_CONTROL),
        ([1.0, np.nan], [1.0, 2.0], Reason.NOT_FINITE),
        ([1.0, 2.0], [1.0, np.inf], Reason.NOT_FINITE),
        ([1e200, 3e200], [1.0, 2.0], Reason.NOT_FINITE),
    ],
)
def test_undefined_results_say_why(control: list[float], treatment: list[float], reason: Reason) -> None:
    effect = welch(Moments.of(control), Moments.of(treatment))
    assert int(effect.reason) == reason
    for field in ("std_error", "p_value", "lower", "upper", "relative_lower", "relative_upper"):
        if field != "std_error" or not reason & Reason.NO_VARIANCE:
            assert np.isnan(getattr(effect, field)), field
    if len(control) > 0 and not reason & Reason.NOT_FINITE:
        assert float(effect.estimate) == pytest.approx(np.mean(treatment) - np.mean(control))


def test_what_rounding_leaves_of_a_variance_is_none() -> None:
    # A constant 0.1 merged from parts keeps residuals of the last bit; 0.3·d does so around its ratio.
    constant = Moments(n=np.array(100.0), mean_y=np.array(0.1), m2_y=np.array(100 * 1e-34))
    other = Moments(n=np.array(100.0), mean_y=np.array(0.1 + 2**-56), m2_y=np.array(0.0))
    assert int(welch(constant, other).reason) == Reason.NO_VARIANCE
    d = np.random.default_rng(8).gamma(2, 1, (200, 50))
    proportional = Moments.of(0.3 * d, d)
    effect = ratio_delta(proportional, proportional)
    assert np.all(effect.reason == Reason.NO_VARIANCE)
    assert np.all(np.isnan(effect.p_value))
    # The smallest real variance beside it is kept.
    assert int(welch(Moments.of([1.0, 1.0 + 1e-15, 1.0]), Moments.of([1.0, 1.0, 1.0])).reason) == 0


def test_a_control_of_mean_zero_has_a_difference_and_no_lift() -> None:
    effect = welch(Moments.of([-1.0, 1.0, -2.0, 2.0]), Moments.of([5.0, 6.0, 5.5, 6.5]))
    assert int(effect.reason) == Reason.ZERO_CONTROL | Reason.RELATIVE_UNBOUNDED
    assert np.isnan(effect.relative_estimate)
    assert (float(effect.relative_lower), float(effect.relative_upper)) == (-np.inf, np.inf)
    assert float(effect.p_value) < 0.01


def test_one_arm_without_variance_is_defined() -> None:
    effect = welch(Moments.of([2.0, 2.0, 2.0]), Moments.of([3.0, 4.0, 5.0]))
    assert int(effect.reason) == 0
    assert float(effect.df) == 2


@pytest.mark.parametrize(
    ("d", "reason"),
    [
        ([0.0, 0.0, 0.0], Reason.ZERO_DENOMINATOR),
        ([1.0, -1.0, 0.0], Reason.ZERO_DENOMINATOR),
        ([2.0, 4.0, 6.0], Reason.NO_VARIANCE),
        ([2.0, np.nan, 6.0], Reason.NOT_FINITE),
    ],
)
def test_undefined_ratios_say_why(d: list[float], reason: Reason) -> None:
    side = Moments.of([1.0, 2.0, 3.0], d)
    effect = ratio_delta(side, side)
    assert int(effect.reason) == reason
    assert np.isnan(effect.p_value)


def test_a_ratio_of_too_few_units_says_so() -> None:
    few, none, some = Moments.of([1.0], [2.0]), Moments.of([], []), Moments.of([1.0, 2.0], [2.0, 3.0])
    assert int(ratio_delta(few, some).reason) == Reason.TOO_FEW_UNITS
    assert int(ratio_delta(none, some).reason) == Reason.TOO_FEW_UNITS
    assert float(ratio_delta(few, some).estimate) == pytest.approx(0.6 - 0.5)
    assert np.isnan(ratio_delta(none, some).estimate)
