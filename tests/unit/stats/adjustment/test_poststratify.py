from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray

from assay.errors import InputError
from assay.stats import Effect, Moments, Reason, welch
from assay.stats.adjustment import Strata, poststratified

LEVELS = np.array([0.0, 5.0, 20.0])


def strata(seed: int, n: tuple[int, ...], shift: float = 0.0, size: int | None = None) -> Strata:
    """Strata of unlike levels; `n` units each."""
    rng = np.random.default_rng(seed)
    cells = [Moments.of(rng.normal(10 + LEVELS[s % 3] + shift, 2, (size or 1, k))) for s, k in enumerate(n)]
    return Strata(stacked(cells, one=size is None))


def stacked(cells: list[Moments], *, one: bool) -> Moments:
    parts = {f: np.stack([getattr(c, f) for c in cells], axis=-1) for f in ("n", "mean_y", "m2_y")}
    return Moments(**{f: v[0] if one else v for f, v in parts.items()})


def only(arm: Strata, at: list[int]) -> Strata:
    return Strata(Moments(**{f: getattr(arm.moments, f)[..., at] for f in ("n", "mean_y", "m2_y")}))


def joined(arm: Strata, *groups: list[int]) -> Strata:
    """The same units with groups of strata made one each."""
    return Strata(stacked([only(arm, list(g)).moments.merge_all() for g in groups], one=False))


def same(one: Effect, other: Effect, rtol: float = 1e-11) -> None:
    for name in Effect.names():
        a, b = getattr(one, name), getattr(other, name)
        np.testing.assert_allclose(a, b, rtol=rtol, atol=1e-13, err_msg=name)


# relations


def test_one_stratum_is_welch() -> None:
    a, b = strata(1, (12,)), strata(2, (9,))
    same(poststratified(a, b), welch(a.moments.merge_all(), b.moments.merge_all()))


def test_a_chance_difference_in_shares_is_taken_out() -> None:
    a, b = strata(3, (80, 50, 20)), strata(4, (50, 50, 50), 1.0)
    adjusted, raw = poststratified(a, b), welch(a.moments.merge_all(), b.moments.merge_all())
    assert abs(adjusted.estimate - 1) < 1
    assert abs(raw.estimate - 1) > 3
    assert adjusted.std_error < raw.std_error / 2


@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
@pytest.mark.parametrize("weights", [None, [0.2, 0.5, 0.3]])
def test_p_value_and_both_intervals_change_side_together(
    alternative: str, weights: list[float] | None
) -> None:
    a, b = strata(5, (6, 5, 9), size=100), strata(6, (4, 7, 8), 1.0, size=100)
    options = {"alternative": alternative, "weights": weights}
    p = poststratified(a, b, **options).p_value
    for alpha in (p * (1 - 1e-9), np.minimum(p * (1 + 1e-9), 1 - 1e-12)):
        effect = poststratified(a, b, alpha=alpha, **options)
        bounded = effect.reason == 0
        assert np.mean(bounded) > 0.9
        assert np.array_equal((effect.lower > 0) | (effect.upper < 0), p < alpha)
        lift = (effect.relative_lower > 0) | (effect.relative_upper < 0)
        assert np.array_equal(lift[bounded], (p < alpha)[bounded])


def test_swapping_arms_mirrors_and_the_order_of_strata_does_not_matter() -> None:
    a, b = strata(7, (6, 15, 9)), strata(8, (14, 7, 8), 1.0)
    plain, mirrored = poststratified(a, b), poststratified(b, a)
    np.testing.assert_allclose(plain.lower, -mirrored.upper, rtol=1e-12)
    assert float(plain.p_value) == pytest.approx(float(mirrored.p_value), rel=1e-12)
    same(poststratified(only(a, [2, 0, 1]), only(b, [2, 0, 1])), plain)


def test_weights_are_shares_and_shares_of_the_experiment_are_a_sample() -> None:
    a, b = strata(9, (6, 15, 9)), strata(10, (14, 7, 8), 1.0)
    counts = a.moments.n + b.moments.n
    known, drawn = poststratified(a, b, weights=counts), poststratified(a, b)
    same(poststratified(a, b, weights=counts / 7), known)
    assert float(known.estimate) == pytest.approx(float(drawn.estimate), rel=1e-12)
    effects = b.moments.mean_y - a.moments.mean_y
    share = counts / counts.sum()
    between = np.sum(share * (effects - np.sum(share * effects)) ** 2) / counts.sum()
    np.testing.assert_allclose(drawn.std_error**2 - known.std_error**2, between, rtol=1e-9)


def test_segments_in_a_batch_are_segments_alone() -> None:
    a, b = strata(11, (6, 1, 0, 9), size=5), strata(12, (4, 3, 0, 8), 1.0, size=5)
    batch = poststratified(a, b)
    assert batch.shape == (5,)
    for i in range(5):
        alone = [
            Strata(Moments(**{f: getattr(s.moments, f)[i] for f in ("n", "mean_y", "m2_y")})) for s in (a, b)
        ]
        single = poststratified(*alone)
        for name in Effect.names():
            assert getattr(batch, name)[i] == getattr(single, name), name


# edges


@pytest.mark.parametrize(
    ("control", "treatment", "groups"),
    [
        ((9, 1, 8, 1), (7, 5, 6, 3), ([0], [2], [1, 3])),  # two thin ones become one
        ((9, 1, 20), (7, 0, 16), ([0], [1, 2])),  # a thin one alone joins the largest
        ((1, 1, 1), (5, 1, 1), ([0, 1, 2],)),  # all are thin: Welch
        ((9, 0, 8), (7, 0, 6), ([0], [2])),  # nobody there
        ((9, 0, 8), (7, 30, 6), ([0, 1], [2])),  # no control there
    ],
)
def test_thin_strata_are_collapsed(
    control: tuple[int, ...], treatment: tuple[int, ...], groups: tuple[list[int], ...]
) -> None:
    a, b = strata(13, control), strata(14, treatment, 1.0)
    effect = poststratified(a, b)
    assert not effect.reason & ~np.uint16(Reason.RELATIVE_UNBOUNDED)
    same(effect, poststratified(joined(a, *groups), joined(b, *groups)))


def test_weights_follow_collapsed_strata_and_leave_empty_ones() -> None:
    a, b = strata(15, (9, 1, 20, 0)), strata(16, (7, 4, 16, 0))
    merged = [joined(s, [0], [1, 2]) for s in (a, b)]
    same(poststratified(a, b, weights=[2, 1, 3, 4]), poststratified(*merged, weights=[2, 4]))
    # A stratum without weight plays no part, thin or not.
    without = [only(s, [0, 2]) for s in (a, b)]
    same(poststratified(a, b, weights=[2, 0, 3, 0]), poststratified(*without, weights=[2, 3]))


@pytest.mark.parametrize(
    ("control", "treatment", "reason"),
    [
        ((0, 0), (5, 6), Reason.TOO_FEW_UNITS),
        ((0, 1), (5, 6), Reason.TOO_FEW_UNITS),
    ],
)
def test_arms_without_enough_units_say_so(
    control: tuple[int, ...], treatment: tuple[int, ...], reason: Reason
) -> None:
    effect = poststratified(strata(17, control), strata(18, treatment))
    assert int(effect.reason) == reason
    assert np.isnan(effect.p_value)
    assert np.isnan(effect.estimate) == (sum(control) == 0)


def test_constants_and_nan_say_why() -> None:
    def cells(mean: ArrayLike) -> Strata:
        return Strata(Moments(n=np.array([4.0, 5.0]), mean_y=np.asarray(mean), m2_y=np.zeros(2)))

    effect = poststratified(cells([1.0, 2.0]), cells([2.0, 3.0]))
    assert int(effect.reason) == Reason.NO_VARIANCE
    assert (float(effect.estimate), float(effect.std_error)) == (1.0, 0.0)
    assert int(poststratified(cells([1.0, np.nan]), cells([2.0, 3.0])).reason) == Reason.NOT_FINITE
    only_unweighted = poststratified(strata(19, (0, 5)), strata(20, (0, 5)), weights=[1.0, 0.0])
    assert int(only_unweighted.reason) == Reason.TOO_FEW_UNITS


# refusals


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([0.5, -0.5], "weights is -0.5; it must be finite and 0 or greater"),
        ([0.5, np.nan], "weights is nan"),
        ([0.5, 0.2, 0.3], r"weights has shape \(3,\); its last axis must be that of the 2 strata"),
        (1.0, r"weights has shape \(\)"),
        ([0.0, 0.0], "weights are all 0"),
    ],
)
def test_weights_that_are_no_shares_are_refused(weights: NDArray[np.float64], message: str) -> None:
    with pytest.raises(InputError, match=message):
        poststratified(strata(21, (5, 5)), strata(22, (5, 5)), weights=weights)


def test_unlike_strata_are_refused() -> None:
    with pytest.raises(InputError, match="control has 2 strata, treatment 3"):
        poststratified(strata(23, (5, 5)), strata(24, (5, 5, 5)))
    for shape in ((), (2, 0)):
        with pytest.raises(InputError, match="strata need a last axis with at least one stratum"):
            Strata(Moments(n=np.ones(shape), mean_y=np.ones(shape), m2_y=np.ones(shape)))
