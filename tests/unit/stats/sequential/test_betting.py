from __future__ import annotations

import numpy as np
import pytest

from assay.errors import InputError
from assay.stats import Effect, Reason, Samples
from assay.stats.sequential import betting_sequence, log_capital
from assay.stats.sequential.betting import _Pairs

SIDES = ("two-sided", "greater", "less")
MIRROR = {"two-sided": "two-sided", "greater": "less", "less": "greater"}


def arms(shift: float = 0.2, sizes: tuple[int, int] = (90, 70), seed: int = 5) -> tuple[Samples, Samples]:
    rng = np.random.default_rng(seed)
    return Samples(rng.beta(2, 4, sizes[0])), Samples(np.clip(rng.beta(2, 4, sizes[1]) + shift, 0, 1))


# relations


@pytest.mark.parametrize("side", SIDES)
def test_p_value_and_both_intervals_change_side_together(side: str) -> None:
    seen = set()
    for seed, shift in enumerate((-0.3, -0.15, -0.05, 0.0, 0.1, 0.2, 0.35)):
        c, t = arms(shift, seed=seed)
        p = float(betting_sequence(c, t, alternative=side, grid=60).p_value)
        levels = [0.05, 0.5] + ([p * (1 - 1e-9), p * (1 + 1e-9)] if p < 0.9 else [])
        effect = betting_sequence(c, t, alpha=levels, alternative=side, grid=60)
        outside = (effect.lower > 0) | (effect.upper < 0)
        assert np.array_equal(outside, effect.p_value < effect.alpha)
        bounded = (effect.reason & Reason.RELATIVE_UNBOUNDED) == 0
        lift = (effect.relative_lower > 0) | (effect.relative_upper < 0)
        assert np.array_equal(lift[bounded], outside[bounded])
        seen |= set(outside[bounded].tolist())
    assert seen == {True, False}


@pytest.mark.parametrize("side", SIDES)
def test_swapping_arms_and_mirroring_values(side: str) -> None:
    c, t = arms()
    one = betting_sequence(c, t, alternative=side, grid=64)
    swapped = betting_sequence(t, c, alternative=MIRROR[side], grid=64)
    turned = betting_sequence(Samples(1 - c.y), Samples(1 - t.y), alternative=MIRROR[side], grid=64)
    for other in (swapped, turned):
        assert one.p_value == pytest.approx(float(other.p_value), rel=1e-9)
        assert one.lower == pytest.approx(-float(other.upper))
        assert one.upper == pytest.approx(-float(other.lower))


def test_a_change_of_unit_changes_the_difference_only() -> None:
    c, t = arms()
    plain = betting_sequence(c, t, grid=50)
    scaled = betting_sequence(Samples(c.y * 8), Samples(t.y * 8), grid=50, greatest=8.0)
    moved = betting_sequence(Samples(c.y - 4), Samples(t.y - 4), grid=50, least=-4.0, greatest=-3.0)
    assert scaled.lower == pytest.approx(8 * float(plain.lower))
    assert scaled.relative_upper == pytest.approx(float(plain.relative_upper))
    assert moved.upper == pytest.approx(float(plain.upper))
    assert moved.p_value == pytest.approx(float(plain.p_value))
    assert int(moved.reason) & Reason.RELATIVE_UNBOUNDED


def test_a_batch_gives_what_its_elements_give() -> None:
    rng = np.random.default_rng(2)
    c, t = Samples(rng.random((3, 1, 40))), Samples(rng.random((2, 30)) ** 2)
    levels = np.array([0.3, 0.01])
    whole = betting_sequence(c, t, alpha=levels, grid=40)
    assert whole.shape == (3, 2)
    for i, j in np.ndindex(3, 2):
        one = betting_sequence(Samples(c.y[i, 0]), Samples(t.y[j]), alpha=levels[j], grid=40)
        for field in Effect.names():
            assert np.array_equal(getattr(one, field), getattr(whole, field)[i, j], equal_nan=True)


def test_a_stricter_level_widens() -> None:
    effect = betting_sequence(*arms(), alpha=[0.5, 0.1, 0.01, 1e-4], grid=200)
    assert np.all(np.diff(effect.lower) <= 0)
    assert np.all(np.diff(effect.upper) >= 0)
    assert len(set(effect.p_value.tolist())) == 1


def test_a_finer_grid_only_tightens_up_to_rounding_of_two_cells() -> None:
    c, t = arms()
    coarse, fine = (betting_sequence(c, t, grid=grid) for grid in (100, 1_600))
    assert fine.p_value <= coarse.p_value
    assert 0 <= fine.lower - coarse.lower <= 0.03
    assert 0 <= coarse.upper - fine.upper <= 0.03


def test_the_grid_errs_on_the_side_of_the_continuous_evidence() -> None:
    c, t = arms()
    claims = np.linspace(0, 1, 4001)
    best = [np.maximum(k.above, k.below) - np.log(2) for k in (log_capital(a.y, claims) for a in (c, t))]
    exact = float(np.min(best[0] + best[1]))
    found = float(betting_sequence(c, t, grid=2_000).statistic)
    assert exact - 0.1 < found <= exact


def test_order_of_arrival_matters_and_the_future_does_not_change_the_past() -> None:
    y = np.random.default_rng(1).random(50)
    forward, backward = (log_capital(v, [0.4]).above for v in (y, y[::-1]))
    assert not np.allclose(forward, backward)
    longer = log_capital(np.concatenate([y, [1.0]]), [0.4]).above
    # One unit more multiplies the capital by at most 1 + ½ / 0.4·0.6.
    assert 0 < float(longer[0] - forward[0]) <= np.log(1.75)


def test_capital_falls_above_and_rises_below_as_the_claim_rises() -> None:
    capital = log_capital(np.random.default_rng(1).random(300), np.linspace(0, 1, 50))
    assert np.all(np.diff(capital.above) < 0)
    assert np.all(np.diff(capital.below) > 0)


# edges


def test_what_is_undefined_has_a_reason() -> None:
    good = Samples([0.2, 0.4])
    for bad, reason in (
        ([], Reason.TOO_FEW_UNITS),
        ([0.3, np.nan], Reason.NOT_FINITE),
        ([0.3, np.inf], Reason.NOT_FINITE),
        ([0.3, 1.5], Reason.OUTSIDE_DOMAIN),
        ([-0.1, 0.5], Reason.OUTSIDE_DOMAIN),
    ):
        effect = betting_sequence(good, Samples(np.array(bad, dtype=float)))
        assert int(effect.reason) == reason | Reason.NOT_DEFINED
        assert np.isnan([effect.p_value, effect.lower, effect.upper, effect.relative_lower]).all()
    assert np.isfinite(betting_sequence(good, Samples([0.3, 1.5])).estimate)


def test_one_unit_an_arm_and_no_variance_are_fine() -> None:
    effect = betting_sequence(Samples([0.0]), Samples([1.0]), grid=10)
    assert int(effect.reason) == Reason.NOT_DEFINED | Reason.ZERO_CONTROL | Reason.RELATIVE_UNBOUNDED
    assert [float(effect.lower), float(effect.upper), float(effect.p_value)] == [-1, 1, 1]
    certain = betting_sequence(Samples(np.zeros(100)), Samples(np.ones(100)))
    assert certain.lower > 0.5
    assert certain.p_value < 1e-10


def test_evidence_against_every_pair_of_means_leaves_an_empty_interval() -> None:
    high = np.full(4, 3.0)
    _, p, *ends = _Pairs(high, high, np.linspace(0, 1, 5), "two-sided").answer(0.05)
    assert p == pytest.approx(np.exp(-6))
    assert ends == [1, -1, 1, -1]


def test_an_interval_that_touches_no_effect_leaves_it_out() -> None:
    c, t = arms(0.2)
    p = float(betting_sequence(c, t, grid=8).p_value)
    effect = betting_sequence(c, t, grid=8, alpha=p * (1 + 1e-9))
    assert 0 < effect.lower < 1e-300
    assert 0 < effect.relative_lower < 1e-300


@pytest.mark.parametrize("side", ["two-sided", "less"])
def test_a_lift_needs_a_control_that_is_above_zero_for_sure(side: str) -> None:
    c, t = arms()
    few = betting_sequence(Samples(c.y[:3]), t, alternative=side)
    assert np.isposinf(few.relative_upper)
    assert int(few.reason) & Reason.RELATIVE_UNBOUNDED
    many = betting_sequence(c, t, alternative=side)
    assert np.isfinite(many.relative_upper)
    assert not int(many.reason) & Reason.RELATIVE_UNBOUNDED
    signed = betting_sequence(Samples(c.y - 0.3), t, alternative=side, least=-0.4)
    assert np.isposinf(signed.relative_upper)


# refusals


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"least": 1.0}, "least is 1 and greatest 1"),
        ({"greatest": np.inf}, "greatest inf; they must be finite"),
        ({"least": np.nan}, "least is nan"),
        ({"grid": 1}, "grid is 1; it must be a whole number, 2 or greater"),
        ({"grid": 10.5}, "grid is 10.5"),
    ],
)
def test_refusals(options: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        betting_sequence(*arms(), **options)


def test_capital_refuses_values_outside_and_tables() -> None:
    for y, means, name in (([0.5, 2.0], [0.5], "y"), ([0.5], [[0.5]], "means"), ([0.5], [-0.1], "means")):
        with pytest.raises(InputError, match=f"{name} must have one axis"):
            log_capital(y, means)
    assert log_capital([5.0, 7.0], [6.0], least=5.0, greatest=9.0).above.shape == (1,)
