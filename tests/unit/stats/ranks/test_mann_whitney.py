from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from assay.errors import InputError
from assay.stats import METHODS, Reason, Samples
from assay.stats.ranks import Superiority
from assay.stats.ranks.conditional import untied_tail
from assay.stats.ranks.midranks import midranks

METHOD_NAMES = ["mann_whitney", "mann_whitney_exact", "brunner_munzel", "brunner_munzel_logit"]
WITH_INTERVAL = ["mann_whitney", "brunner_munzel", "brunner_munzel_logit"]
whole = st.lists(st.integers(0, 6).map(float), min_size=3, max_size=12)
levels = st.sampled_from([0.001, 0.05, 0.3, 0.8])
sides = st.sampled_from(["two-sided", "greater", "less"])


def compare(name: str, c: object, t: object, **options: object) -> Superiority:
    effect = METHODS[name](Samples(c), Samples(t), **options)  # type: ignore[arg-type]
    assert isinstance(effect, Superiority)
    return effect


def batch(seed: int, *shape: int) -> NDArray[np.float64]:
    return np.random.default_rng(seed).integers(0, 9, shape).astype(np.float64)


# relations


@pytest.mark.parametrize("name", WITH_INTERVAL)
@settings(max_examples=40)
@given(c=whole, t=whole, alpha=levels, side=sides)
def test_p_value_and_interval_agree(
    name: str, c: list[float], t: list[float], alpha: float, side: str
) -> None:
    effect = compare(name, c, t, alpha=alpha, alternative=side)
    assume(np.isfinite(effect.p_value) and abs(float(effect.p_value) - alpha) > 1e-9)
    assert bool(effect.p_value < alpha) == bool(effect.lower > 0 or effect.upper < 0)
    assert 0 <= effect.superiority_lower <= effect.superiority_upper <= 1
    assert float(effect.lower) == pytest.approx(2 * float(effect.superiority_lower) - 1)


@settings(max_examples=30)
@given(c=whole, t=whole, alpha=levels, side=sides)
def test_the_continuity_correction_keeps_them_in_agreement(
    c: list[float], t: list[float], alpha: float, side: str
) -> None:
    effect = compare("mann_whitney", c, t, alpha=alpha, alternative=side, continuity=True)
    assume(np.isfinite(effect.p_value) and abs(float(effect.p_value) - alpha) > 1e-9)
    assert bool(effect.p_value < alpha) == bool(effect.lower > 0 or effect.upper < 0)


@pytest.mark.parametrize("name", METHOD_NAMES)
@settings(max_examples=20)
@given(c=whole, t=whole)
def test_swapping_arms_mirrors_and_monotone_maps_change_nothing(
    name: str, c: list[float], t: list[float]
) -> None:
    plain, turned = compare(name, c, t), compare(name, t, c)
    mapped = compare(name, np.exp(c) * 3 - 7, np.exp(t) * 3 - 7)
    np.testing.assert_allclose(plain.estimate, -turned.estimate, atol=1e-15)
    np.testing.assert_allclose(plain.p_value, turned.p_value, rtol=1e-12)
    np.testing.assert_allclose(plain.lower, -turned.upper, atol=1e-14)
    for field in ("estimate", "p_value", "lower", "upper"):
        np.testing.assert_array_equal(getattr(plain, field), getattr(mapped, field))


@pytest.mark.parametrize("name", METHOD_NAMES)
def test_a_batch_is_its_elements(name: str) -> None:
    c, t = batch(1, 5, 8), batch(2, 1, 6)
    together = compare(name, c, t, alpha=[[0.05], [0.2]])
    assert together.shape == (2, 5)
    for level, alpha in enumerate((0.05, 0.2)):
        for at in range(5):
            alone = compare(name, c[at], t[0], alpha=alpha)
            for field in Superiority.names():
                np.testing.assert_array_equal(getattr(together, field)[level, at], getattr(alone, field))


@pytest.mark.parametrize("name", WITH_INTERVAL)
def test_intervals_nest(name: str) -> None:
    effect = compare(name, batch(3, 15), batch(4, 12), alpha=[0.5, 0.1, 0.01, 1e-6])
    assert np.all(np.diff(effect.lower) <= 0)
    assert np.all(np.diff(effect.upper) >= 0)


@given(values=st.lists(st.integers(-3, 3).map(float), max_size=15))
def test_midranks_share_the_mean_place(values: list[float]) -> None:
    ranks, ties = midranks(np.asarray(values))
    ordered = sorted(values)
    places = {v: np.mean([i + 1 for i, w in enumerate(ordered) if w == v]) for v in values}
    assert ranks.tolist() == [places[v] for v in values]
    assert float(ties) == sum(values.count(v) ** 3 - values.count(v) for v in set(values))


@pytest.mark.parametrize(("n_c", "n_t"), [(1, 1), (3, 4), (7, 2), (10, 12)])
def test_the_untied_law_is_symmetric_and_is_the_conditional_law_of_untied_ranks(n_c: int, n_t: int) -> None:
    tail = untied_tail(n_c, n_t)
    np.testing.assert_allclose(tail[:-1] + tail[::-1][:-1], 1, atol=1e-14)
    effect = compare("mann_whitney_exact", np.arange(n_c), np.arange(n_t) + 0.5, alternative="greater")
    assert float(effect.p_value) == pytest.approx(tail[int(effect.statistic)], rel=1e-14)


def test_tails_keep_their_digits() -> None:
    effect = compare("mann_whitney", np.arange(400.0), np.arange(400.0) + 1_000, alternative="greater")
    assert 1e-140 < effect.p_value < 1e-120
    exact = compare("mann_whitney_exact", np.arange(30.0), np.arange(30.0) + 100, alternative="greater")
    assert float(exact.p_value) == pytest.approx(1 / 118264581564861424, rel=1e-14)


# edges


@pytest.mark.parametrize("name", METHOD_NAMES)
def test_what_is_not_finite_or_too_few_has_a_reason(name: str) -> None:
    c = np.array([[1.0, 2.0, 4.0], [np.nan, 2.0, 3.0], [np.inf, 1.0, 2.0]])
    effect = compare(name, c, [2.0, 3.0, 5.0])
    assert (effect.reason & Reason.NOT_FINITE).astype(bool).tolist() == [False, True, True]
    assert np.isnan(effect.p_value).tolist() == [False, True, True]
    arms: tuple[list[float], list[float]]
    for arms in (([], [1.0, 2.0]), ([1.0, 2.0], []), ([], [])):
        empty = compare(name, *arms)
        assert int(empty.reason) & Reason.TOO_FEW_UNITS
        assert np.isnan(empty.estimate)
    assert np.isnan(effect.relative_estimate).all()
    assert (effect.reason & Reason.NOT_DEFINED).all()


@pytest.mark.parametrize("name", ["brunner_munzel", "brunner_munzel_logit"])
def test_one_unit_has_no_variance_of_placements(name: str) -> None:
    assert int(compare(name, [1.0], [2.0, 3.0]).reason) & Reason.TOO_FEW_UNITS


@pytest.mark.parametrize("name", WITH_INTERVAL)
def test_equal_values_leave_only_the_estimate(name: str) -> None:
    effect = compare(name, [3.0] * 4, [3.0] * 5)
    assert int(effect.reason) == Reason.NOT_DEFINED | Reason.NO_VARIANCE
    assert (float(effect.estimate), float(effect.superiority)) == (0, 0.5)
    assert np.isnan(effect.p_value)
    assert np.isnan(effect.lower)


def test_equal_values_are_no_evidence_in_the_exact_test() -> None:
    assert float(compare("mann_whitney_exact", [3.0] * 4, [3.0] * 5).p_value) == 1


def test_arms_apart_have_an_interval_by_mann_whitney_and_none_by_brunner_and_munzel() -> None:
    low, high = np.arange(6.0), np.arange(5.0) + 10
    effect = compare("mann_whitney", low, high)
    assert float(effect.superiority_upper) == 1
    assert 0.5 < effect.superiority_lower < 1
    assert int(compare("brunner_munzel", low, high).reason) & Reason.NO_VARIANCE
    assert float(compare("mann_whitney", high, low).superiority_lower) == 0


# refusals


def test_an_exact_law_that_takes_too_long_is_refused() -> None:
    rng = np.random.default_rng(1)
    with pytest.raises(InputError, match="the arms have 600 units; their exact distribution takes too long"):
        compare("mann_whitney_exact", rng.random(300), rng.random(300))
