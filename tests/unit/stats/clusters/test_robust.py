from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from assay.errors import InputError
from assay.stats import METHODS, Effect, Moments, Reason, Samples, welch
from assay.stats.clusters import (
    cluster_means,
    cluster_robust,
    cluster_robust_icc,
    cluster_totals,
    intraclass,
    switchback_hac,
)

ALL = ("cluster_robust", "cluster_robust_icc", "switchback_hac")
ENDS = ("lower", "upper", "relative_lower", "relative_upper")
Array = NDArray[np.float64]


def arms(seed: int, *, mean: float = 5.0, shared: bool = False) -> tuple[Samples, Samples]:
    """Two arms of 5 and 7 clusters of unlike size; shared: with three clusters in common."""
    rng = np.random.default_rng(seed)
    found = []
    for first, count in ((0, 5), (2 if shared else 5, 7)):
        cluster = np.repeat(np.arange(first, first + count), rng.integers(1, 9, count))
        y = mean + rng.normal(size=cluster.size) + rng.normal(size=20)[cluster]
        found.append(Samples(y, cluster=cluster.astype(float)))
    return found[0], found[1]


def labelled(rng: np.random.Generator, low: int, high: int, shape: tuple[int, ...]) -> Array:
    return rng.integers(low, high, shape).astype(np.float64)


def scaled(arm: Samples, factor: float, shift: float = 0.0) -> Samples:
    return Samples(arm.y * factor + shift, cluster=arm.cluster)


# relations


@pytest.mark.parametrize("name", ALL)
@settings(max_examples=30)
@given(
    seed=st.integers(0, 10**6),
    mean=st.sampled_from([5.0, -5.0, 0.3]),
    alternative=st.sampled_from(["two-sided", "greater", "less"]),
)
def test_p_value_and_both_intervals_change_side_together(
    name: str, seed: int, mean: float, alternative: str
) -> None:
    c, t = arms(seed, mean=mean, shared=name == "cluster_robust")
    p = float(METHODS[name](c, t, alternative=alternative).p_value)
    assume(1e-200 < p < 0.999)
    for alpha in (p * (1 - 1e-9), p * (1 + 1e-9), 0.05):
        effect = METHODS[name](c, t, alpha=alpha, alternative=alternative)
        significant = bool(p < alpha)
        assert significant == bool(effect.lower > 0 or effect.upper < 0)
        if not effect.reason & Reason.RELATIVE_UNBOUNDED:
            assert significant == bool(effect.relative_lower > 0 or effect.relative_upper < 0)
            if alternative == "two-sided":
                assert effect.relative_lower <= effect.relative_estimate <= effect.relative_upper


@pytest.mark.parametrize("name", ALL)
@settings(max_examples=20)
@given(seed=st.integers(0, 10**6))
def test_swapping_arms_mirrors_the_difference_and_inverts_the_ratio(name: str, seed: int) -> None:
    c, t = arms(seed, mean=30.0, shared=name == "cluster_robust")
    one, other = METHODS[name](c, t), METHODS[name](t, c)
    assert one.lower == pytest.approx(-float(other.upper), rel=1e-10)
    assert one.p_value == pytest.approx(float(other.p_value), rel=1e-10)
    product = (1 + one.relative_lower) * (1 + other.relative_upper)
    assert float(product) == pytest.approx(1, rel=1e-10)


@pytest.mark.parametrize("name", ALL)
def test_a_change_of_unit_changes_the_difference_and_a_shift_leaves_it(name: str) -> None:
    c, t = arms(1)
    plain = METHODS[name](c, t)
    for factor in (4.0, -0.25):
        other = METHODS[name](scaled(c, factor), scaled(t, factor))
        ends = sorted([float(other.lower), float(other.upper)])
        assert ends == pytest.approx(sorted([float(plain.lower * factor), float(plain.upper * factor)]))
        for field in ("p_value", "df", "relative_estimate", "relative_lower", "relative_upper"):
            np.testing.assert_allclose(getattr(other, field), getattr(plain, field), rtol=1e-11)
    moved = METHODS[name](scaled(c, 1.0, 64.0), scaled(t, 1.0, 64.0))
    for field in ("estimate", "std_error", "p_value", "lower", "upper"):
        np.testing.assert_allclose(getattr(moved, field), getattr(plain, field), rtol=1e-11)


@pytest.mark.parametrize("name", ALL)
def test_a_batch_gives_what_its_elements_give_whatever_their_clusters(name: str) -> None:
    rng = np.random.default_rng(2)
    y, cluster = rng.normal(5, 1, (3, 1, 24)), labelled(rng, 0, 6, (3, 1, 24))
    other, labels = rng.normal(5, 1, (2, 30)), labelled(rng, 6, 14, (2, 30))
    batch = METHODS[name](Samples(y, cluster=cluster), Samples(other, cluster=labels), alpha=0.1)
    assert batch.shape == (3, 2)
    for i, j in np.ndindex(3, 2):
        one, two = Samples(y[i, 0], cluster=cluster[i, 0]), Samples(other[j], cluster=labels[j])
        alone = METHODS[name](one, two, alpha=0.1)
        for field in Effect.names():
            np.testing.assert_allclose(getattr(batch, field)[i, j], getattr(alone, field), rtol=1e-12)


@pytest.mark.parametrize("name", ALL)
def test_the_order_of_units_plays_no_part(name: str) -> None:
    c, t = arms(3)
    order = np.random.default_rng(3).permutation(c.n)
    mixed = Samples(c.y[order], cluster=np.asarray(c.cluster)[order])
    for field in Effect.names():
        one, two = getattr(METHODS[name](mixed, t), field), getattr(METHODS[name](c, t), field)
        np.testing.assert_allclose(one, two, rtol=1e-12)


def test_the_numbers_of_clusters_play_no_part_but_which_are_shared_does() -> None:
    c, t = arms(4)
    renamed = Samples(t.y, cluster=np.asarray(t.cluster) * -7.5 - 1e6)
    assert cluster_robust(c, renamed).p_value == pytest.approx(float(cluster_robust(c, t).p_value))
    shared = Samples(t.y, cluster=np.asarray(t.cluster) - 5)
    assert cluster_robust(c, shared).std_error != pytest.approx(float(cluster_robust(c, t).std_error))


def test_a_stricter_level_widens_every_interval() -> None:
    effect = cluster_robust(*arms(5, mean=50), alpha=np.array([0.2, 0.05, 1e-3]))
    for low, high in ((effect.lower, effect.upper), (effect.relative_lower, effect.relative_upper)):
        assert np.all(np.diff(low) < 0)
        assert np.all(np.diff(high) > 0)


def test_clusters_of_one_size_are_the_t_test_of_their_means() -> None:
    rng = np.random.default_rng(6)
    y, cluster = rng.normal(5, 1, (2, 40)), np.repeat(np.arange(8.0), 5)
    one, two = Samples(y[0], cluster=cluster), Samples(y[1], cluster=cluster + 8)
    robust, means = cluster_robust(one, two), welch(cluster_means(one), cluster_means(two))
    for field in ("estimate", "std_error", "statistic"):
        np.testing.assert_allclose(getattr(robust, field), getattr(means, field), rtol=1e-12)
    # The customary degrees of freedom suppose equal variances: 2·(G - 1).
    assert float(robust.df) == pytest.approx(14)


def test_totals_and_means_hold_what_a_loop_counts() -> None:
    rng = np.random.default_rng(7)
    y, d, cluster = rng.normal(size=(2, 15)), rng.gamma(2, 1, (2, 15)), labelled(rng, 0, 5, (2, 15))
    samples = Samples(y, d, cluster=cluster)
    totals, means = cluster_totals(samples), cluster_means(samples)
    for row in range(2):
        groups = [cluster[row] == g for g in np.unique(cluster[row])]
        by_hand = Moments.of([y[row][g].sum() for g in groups], [d[row][g].sum() for g in groups])
        for field in ("n", "mean_y", "m2_y", "mean_d", "m2_d", "c_yd"):
            np.testing.assert_allclose(getattr(totals, field)[row], getattr(by_hand, field), rtol=1e-12)
        by_hand = Moments.of([y[row][g].mean() for g in groups])
        for field in ("n", "mean_y", "m2_y"):
            np.testing.assert_allclose(getattr(means, field)[row], getattr(by_hand, field), rtol=1e-12)
    assert means.series == {"y"}


def test_without_working_correlation_it_is_cr2_and_clusters_of_one_size_do_not_ask_for_it() -> None:
    c, t = arms(11)
    plain, same = cluster_robust(c, t), cluster_robust_icc(c, t, icc=0.0)
    for field in Effect.names():
        np.testing.assert_allclose(getattr(same, field), getattr(plain, field), rtol=1e-12)
    number = np.repeat(np.arange(8.0), 5)
    y = np.random.default_rng(11).normal(5, 1, 40)
    first = number < 4
    one, two = Samples(y[first], cluster=number[first]), Samples(y[~first], cluster=number[~first])
    by_icc = cluster_robust_icc(one, two, icc=np.array([0.0, 0.3, 1.0]))
    np.testing.assert_allclose(by_icc.std_error, float(cluster_robust(one, two).std_error), rtol=1e-12)
    np.testing.assert_allclose(by_icc.df, 6, rtol=1e-12)


def test_the_working_correlation_left_out_is_that_of_the_data() -> None:
    c, t = arms(12)
    icc = float(intraclass(c, t).icc)
    assert icc > 0
    assert float(cluster_robust_icc(c, t).p_value) == float(cluster_robust_icc(c, t, icc=icc).p_value)
    # Two units a cluster that repel each other: an estimate below 0 counts as 0.
    one, two = (
        Samples(np.array([1.0, 9.0, 2.0, 8.5]), cluster=np.array([a, a, a + 1, a + 1])) for a in (0.0, 5.0)
    )
    assert float(cluster_robust_icc(one, two).df) == float(cluster_robust_icc(one, two, icc=0.0).df)
    # Clusters of one have no correlation to estimate, and none is needed.
    lone = [Samples(arm.y, cluster=np.linspace(first, first + 1, arm.n)) for arm, first in ((c, 0), (t, 5))]
    assert int(cluster_robust_icc(*lone).reason) == 0
    assert float(cluster_robust_icc(*lone).p_value) == pytest.approx(float(cluster_robust(*lone).p_value))


# edges


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(
    ("y", "cluster", "reason"),
    [
        ([1.0, 2.0, 3.0], [1, 1, 1], Reason.TOO_FEW_UNITS),
        ([1.0, np.nan, 3.0], [1, 2, 3], Reason.NOT_FINITE),
        ([1.0, 2.0, 3.0], [1, np.nan, 3], Reason.NOT_FINITE),
        ([1.0, np.inf, 3.0], [1, 2, 3], Reason.NOT_FINITE),
        ([], [], Reason.TOO_FEW_UNITS),
    ],
)
def test_undefined_arms_say_why(name: str, y: list[float], cluster: list[float], reason: Reason) -> None:
    bad = Samples(np.asarray(y), cluster=np.asarray(cluster))
    good = Samples(np.array([4.0, 5.0, 7.0]), cluster=np.array([11.0, 12.0, 13.0]))
    for effect in (METHODS[name](bad, good), METHODS[name](good, bad)):
        assert int(effect.reason) == reason
        for field in ("std_error", "statistic", "df", "p_value", *ENDS):
            assert np.isnan(getattr(effect, field)), field
    if y and reason == Reason.TOO_FEW_UNITS:
        assert float(METHODS[name](good, bad).estimate) == pytest.approx(2 - 16 / 3)


@pytest.mark.parametrize("name", ALL)
def test_no_variance_leaves_the_estimate(name: str) -> None:
    one = Samples(np.full(6, 0.1), cluster=np.repeat([0.0, 1.0, 2.0], 2))
    two = Samples(np.full(6, 0.3), cluster=np.repeat([3.0, 4.0, 5.0], 2))
    effect = METHODS[name](one, two)
    assert int(effect.reason) == Reason.NO_VARIANCE
    assert float(effect.estimate) == pytest.approx(0.2)
    assert float(effect.std_error) == 0
    assert np.isnan([effect.p_value, effect.lower, effect.relative_upper, effect.df]).all()


@pytest.mark.parametrize("name", ALL)
def test_a_control_near_zero_bounds_no_lift(name: str) -> None:
    one = Samples(np.array([-1.0, 1.0, -2.0, 2.0]), cluster=np.array([0.0, 1.0, 2.0, 3.0]))
    two = Samples(np.array([5.0, 6.0, 5.5, 6.5]), cluster=np.array([4.0, 5.0, 6.0, 7.0]))
    effect = METHODS[name](one, two)
    assert int(effect.reason) == Reason.ZERO_CONTROL | Reason.RELATIVE_UNBOUNDED
    assert np.isnan(effect.relative_estimate)
    assert (float(effect.relative_lower), float(effect.relative_upper)) == (-np.inf, np.inf)
    assert float(effect.p_value) < 0.05


def test_without_lags_the_variance_is_that_of_independent_blocks() -> None:
    c, t = arms(8)
    means = [cluster_means(arm) for arm in (c, t)]
    n = sum(float(m.n) for m in means)
    expected = np.sqrt(n / (n - 2) * sum(float(m.m2_y / m.n**2) for m in means))
    assert float(switchback_hac(c, t, lags=0).std_error) == pytest.approx(expected)
    # More lags than blocks: all pairs of blocks count, each the less the farther apart.
    assert float(switchback_hac(c, t, lags=50).df) == n - 2


@pytest.mark.parametrize("name", ["switchback_hac", "cluster_robust_icc"])
def test_a_cluster_in_both_arms_is_outside_the_domain(name: str) -> None:
    effect = METHODS[name](*arms(9, shared=True))
    assert int(effect.reason) == Reason.OUTSIDE_DOMAIN
    assert np.isnan(effect.p_value)
    assert np.isfinite(effect.estimate)


# refusals


def test_bad_arguments_are_refused() -> None:
    c, t = arms(10)
    for lags in (-1, 1.5):
        with pytest.raises(InputError, match=f"lags is {lags}; it must be a whole number"):
            switchback_hac(c, t, lags=lags)
    for icc, message in ((1.5, "icc is 1.5; it must lie between 0 and 1"), (np.nan, "icc is nan")):
        with pytest.raises(InputError, match=message):
            cluster_robust_icc(c, t, icc=icc)
    with pytest.raises(InputError, match="must broadcast"):
        cluster_robust_icc(c, t, icc=[0.1, 0.2], alpha=[0.1, 0.2, 0.3])
    plain = Samples(c.y)
    with pytest.raises(InputError, match="control has no series cluster"):
        cluster_robust(plain, t)
    for function in (cluster_totals, cluster_means):
        with pytest.raises(InputError, match="samples have no series cluster"):
            function(plain)
