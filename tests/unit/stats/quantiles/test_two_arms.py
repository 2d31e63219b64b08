"""What all ways to compare quantiles of two arms must keep."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from assay.errors import InputError
from assay.stats import METHODS, Alternative, Effect, Reason, Samples

RNG = np.random.default_rng(13)
SUMMED = ["quantile_melded", "quantile_poisson_bootstrap"]
NAMES = [*SUMMED, "quantile_normal", "quantile_clustered"]
SIDES: list[Alternative] = ["two-sided", "greater", "less"]
ENDS = ("lower", "upper", "relative_lower", "relative_upper")


def arm(y: object) -> Samples:
    """Units, each its own customer."""
    values = np.asarray(y, dtype=float)
    return Samples(values, cluster=np.arange(values.shape[-1]))


def pair(shift: float = 0.0, n: int = 70) -> tuple[Samples, Samples]:
    return arm(RNG.lognormal(1, 0.8, n)), arm(RNG.lognormal(1 + shift, 0.8, n + 9))


# relations


@pytest.mark.parametrize("alternative", SIDES)
@pytest.mark.parametrize("name", NAMES)
def test_p_below_alpha_is_exactly_an_interval_without_0_lift_included(
    name: str, alternative: Alternative
) -> None:
    seen = set()
    for shift in np.linspace(-0.9, 0.9, 13):
        control, treatment = pair(shift)
        effect = METHODS[name](
            control, treatment, q=0.6, alpha=np.array([0.01, 0.05, 0.3]), alternative=alternative
        )
        rejects = effect.p_value < effect.alpha
        seen |= set(rejects.tolist())
        assert rejects.tolist() == ((effect.lower > 0) | (effect.upper < 0)).tolist()
        lift = (effect.relative_lower > 0) | (effect.relative_upper < 0)
        assert rejects.tolist() == lift.tolist()
    assert seen == {True, False}


@settings(max_examples=60)
@given(
    control=st.lists(st.integers(-4, 9), min_size=1, max_size=40),
    treatment=st.lists(st.integers(-2, 12), min_size=1, max_size=40),
    q=st.sampled_from([0.1, 0.25, 0.5, 0.75, 0.9]),
    alpha=st.sampled_from([0.0625, 0.1, 0.3, 0.7]),
    alternative=st.sampled_from(SIDES),
    name=st.sampled_from(SUMMED),
)
def test_ties_zeros_and_signs_do_not_part_p_value_and_interval(
    control: list[int], treatment: list[int], q: float, alpha: float, alternative: Alternative, name: str
) -> None:
    effect = METHODS[name](
        Samples([0.1 * v for v in control]),
        Samples([0.1 * v for v in treatment]),
        q=q,
        alpha=alpha,
        alternative=alternative,
    )
    rejects = bool(effect.p_value < alpha)
    assert rejects == bool((effect.lower > 0) | (effect.upper < 0))
    assert effect.lower <= effect.upper
    if not int(effect.reason) & Reason.RELATIVE_UNBOUNDED:
        assert rejects == bool((effect.relative_lower > 0) | (effect.relative_upper < 0))
    assert effect.relative_lower <= effect.relative_upper


@pytest.mark.parametrize("name", NAMES)
def test_swapped_arms_mirror(name: str) -> None:
    control, treatment = pair(0.3)
    one, other = (METHODS[name](*arms, q=0.4) for arms in ((control, treatment), (treatment, control)))
    assert float(one.estimate) == -float(other.estimate)
    assert float(one.lower) == pytest.approx(-float(other.upper), rel=1e-12)
    assert float(one.p_value) == pytest.approx(float(other.p_value), rel=1e-12)


@pytest.mark.parametrize("name", SUMMED)
def test_swapped_arms_invert_the_ratio(name: str) -> None:
    control, treatment = pair(0.3)
    one, other = (METHODS[name](*arms, q=0.4) for arms in ((control, treatment), (treatment, control)))
    assert 1 + float(one.relative_lower) == pytest.approx(1 / (1 + float(other.relative_upper)), rel=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_the_unit_of_measurement_does_not_matter(name: str) -> None:
    control, treatment = pair(0.3)
    plain = METHODS[name](control, treatment, q=0.7)
    scaled = METHODS[name](arm(control.y * 8), arm(treatment.y * 8), q=0.7)
    moved = METHODS[name](arm(control.y + 64), arm(treatment.y + 64), q=0.7)
    for end in ("estimate", "lower", "upper"):
        assert float(getattr(scaled, end)) == 8 * float(getattr(plain, end))
        assert float(getattr(moved, end)) == pytest.approx(float(getattr(plain, end)), rel=1e-10)
    for end in ("p_value", "relative_lower", "relative_upper"):
        assert float(getattr(scaled, end)) == pytest.approx(float(getattr(plain, end)), rel=1e-12)
    assert float(moved.p_value) == pytest.approx(float(plain.p_value), rel=1e-10)


@pytest.mark.parametrize("alternative", SIDES)
@pytest.mark.parametrize("name", NAMES[:3])  # the clustered ranks round to unlike sides, as published
def test_negated_metrics_have_the_same_lift_and_the_opposite_difference(
    name: str, alternative: Alternative
) -> None:
    control, treatment = pair(0.5)
    opposite: dict[Alternative, Alternative] = {
        "two-sided": "two-sided",
        "greater": "less",
        "less": "greater",
    }
    one = METHODS[name](control, treatment, q=0.5, alternative=alternative)
    other = METHODS[name](arm(-control.y), arm(-treatment.y), q=0.5, alternative=opposite[alternative])
    assert float(one.p_value) == pytest.approx(float(other.p_value), rel=1e-11)
    for end in ("relative_estimate", "relative_lower", "relative_upper"):
        assert float(getattr(one, end)) == pytest.approx(float(getattr(other, end)), rel=1e-11)
    assert int(one.reason) == int(other.reason)


@pytest.mark.parametrize("name", NAMES)
def test_a_batch_gives_what_its_elements_give(name: str) -> None:
    control, treatment = RNG.gamma(2, 1, (2, 1, 45)), RNG.gamma(2, 1.2, (3, 50))
    alpha, q = np.array([0.05, 0.2, 0.1]), np.array([0.3, 0.5, 0.6])
    whole = METHODS[name](arm(control), arm(treatment), alpha=alpha, q=q)
    assert whole.shape == (2, 3)
    for i in range(2):
        for j in range(3):
            one = METHODS[name](arm(control[i, 0]), arm(treatment[j]), alpha=alpha[j], q=q[j])
            for field in Effect.names():
                a, b = getattr(whole, field)[i, j], getattr(one, field)
                assert a == b or (np.isnan(a) and np.isnan(b))


@pytest.mark.parametrize("name", NAMES)
def test_more_confidence_never_narrows(name: str) -> None:
    control, treatment = pair(0.2)
    effect = METHODS[name](control, treatment, alpha=np.array([0.5, 0.2, 0.1, 0.05, 0.01]))
    for end in ("lower", "relative_lower"):
        assert np.all(np.diff(getattr(effect, end)) <= 0)
    for end in ("upper", "relative_upper"):
        assert np.all(np.diff(getattr(effect, end)) >= 0)


@settings(max_examples=25)
@given(order=st.randoms(use_true_random=False), name=st.sampled_from(NAMES))
def test_the_order_of_units_does_not_matter(order: object, name: str) -> None:
    control, treatment = np.arange(40.0) ** 1.5, np.arange(44.0) ** 1.4
    mixed = control.tolist()
    order.shuffle(mixed)  # type: ignore[attr-defined]
    assume(mixed != control.tolist())
    one, other = (METHODS[name](arm(c), arm(treatment)) for c in (control, mixed))
    assert float(one.lower) == float(other.lower)
    assert float(one.p_value) == float(other.p_value)


# edges


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("y", "reason"),
    [([], Reason.TOO_FEW_UNITS), ([1.0, np.nan, 2.0], Reason.NOT_FINITE), ([1.0, np.inf], Reason.NOT_FINITE)],
)
def test_no_units_and_no_numbers_leave_nothing(name: str, y: list[float], reason: Reason) -> None:
    for arms in ((arm(y), pair()[0]), (pair()[0], arm(y))):
        effect = METHODS[name](*arms)
        assert int(effect.reason) & reason
        for field in ("estimate", "p_value", *ENDS):
            assert np.isnan(getattr(effect, field))


@pytest.mark.parametrize("name", SUMMED)
def test_tiny_arms_leave_the_interval_open_and_never_reject(name: str) -> None:
    effect = METHODS[name](Samples([1.0]), Samples([9.0, 10.0]))
    assert int(effect.reason) & Reason.UNBOUNDED
    assert int(effect.reason) & Reason.RELATIVE_UNBOUNDED
    assert (float(effect.lower), float(effect.upper)) == (-np.inf, np.inf)
    assert float(effect.p_value) > 0.05
    assert float(effect.estimate) == 8.5


@pytest.mark.parametrize("name", SUMMED)
def test_identical_units_are_evidence_of_nothing_or_of_everything(name: str) -> None:
    same = METHODS[name](Samples([2.0] * 30), Samples([2.0] * 40))
    assert (float(same.p_value), float(same.lower), float(same.upper)) == (1, 0, 0)
    assert (float(same.relative_lower), float(same.relative_upper)) == (0, 0)
    apart = METHODS[name](Samples([2.0] * 30), Samples([3.0] * 40))
    assert float(apart.p_value) < 1e-8
    assert (float(apart.lower), float(apart.upper)) == (1, 1)


@pytest.mark.parametrize("name", SUMMED)
def test_a_control_of_0_or_of_both_signs_has_no_bounded_lift(name: str) -> None:
    zero = METHODS[name](Samples([0.0] * 20 + [1.0] * 9), Samples(np.arange(30.0)))
    assert int(zero.reason) & Reason.ZERO_CONTROL
    assert np.isnan(zero.relative_estimate)
    both = METHODS[name](Samples(np.linspace(-5, 6, 40)), Samples(np.linspace(10, 20, 40)))
    for effect in (zero, both):
        assert int(effect.reason) & Reason.RELATIVE_UNBOUNDED
        assert (float(effect.relative_lower), float(effect.relative_upper)) == (-np.inf, np.inf)
    assert np.isfinite(both.lower)


@pytest.mark.parametrize("alpha", [0.4, 0.9, 0.999])
def test_a_few_controls_below_0_keep_their_verdict(alpha: float) -> None:
    control = Samples([-3.0, -2.0, *range(1, 12)])
    for name in SUMMED:
        for alternative in SIDES:
            effect = METHODS[name](
                control, Samples(np.arange(4.0, 17)), alpha=alpha, alternative=alternative, q=0.4
            )
            if not int(effect.reason) & Reason.RELATIVE_UNBOUNDED:
                rejects = bool((effect.relative_lower > 0) | (effect.relative_upper < 0))
                assert rejects == bool(effect.p_value < alpha)


def test_extreme_values_and_large_arms_stay_finite() -> None:
    y = np.exp(RNG.uniform(-300, 300, 400))
    for name in SUMMED:
        effect = METHODS[name](Samples(y), Samples(y[::-1] * 1.5), q=0.9)
        assert float(effect.p_value) > 0.05
        assert np.isfinite([getattr(effect, end) for end in ENDS]).all()
        close = METHODS[name](Samples(1e6 + 1e-9 * np.arange(500.0)), Samples(1e6 + 1e-9 * np.arange(500.0)))
        assert float(close.lower) <= 0 <= float(close.upper)


# refusals


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("q", [0.0, 1.0, np.nan, [0.5, 1.5]])
def test_an_order_outside_0_and_1_is_refused(name: str, q: object) -> None:
    with pytest.raises(InputError, match=r"q is .*; it must lie strictly between 0 and 1"):
        METHODS[name](*pair(), q=q)


@pytest.mark.parametrize("name", NAMES)
def test_orders_that_do_not_broadcast_are_refused(name: str) -> None:
    with pytest.raises(InputError, match=r"q has shape \(3,\)"):
        METHODS[name](arm(np.ones((2, 5))), arm(np.ones((2, 5))), q=[0.1, 0.2, 0.3])
