from __future__ import annotations

import pickle
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from assay.errors import InputError
from assay.stats import METHODS, Alternative, Effect, Reason, Samples
from assay.stats.resampling import PoissonSums
from assay.stats.resampling.exact_sums import added, digits, value
from assay.stats.resampling.poisson import poisson_weights

RNG = np.random.default_rng(19)
SIDES: list[Alternative] = ["two-sided", "greater", "less"]
DOUBLES = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e300, max_value=1e300)


def wild(n: int) -> NDArray[np.float64]:
    """Values of very different size: sums in another order differ in their last digits."""
    return RNG.lognormal(0, 2, n) * 10.0 ** RNG.integers(-12, 13, n) * RNG.choice([-1.0, 1.0], n)


# exact sums


@settings(max_examples=60)
@given(st.lists(DOUBLES, min_size=1, max_size=20))
def test_digits_add_up_to_their_numbers_without_rounding(values: list[float]) -> None:
    parts = digits(np.array(values))
    whole = sum(
        (Fraction(int(np.sum(d))) * Fraction(2) ** (26 * k) for k, d in parts.items()), start=Fraction(0)
    )
    assert whole == sum(map(Fraction, values))
    total = value({k: np.sum(d, keepdims=True).astype(np.int64) for k, d in parts.items()}, (1,))
    assert float(total[0]) == pytest.approx(float(whole), rel=1e-15, abs=0)


def test_the_smallest_and_the_largest_doubles_have_digits() -> None:
    extremes = np.array([5e-324, -1e308, 1e308, 2.5])
    parts = {k: np.sum(d, keepdims=True).astype(np.int64) for k, d in digits(extremes).items()}
    assert float(value(parts, (1,))[0]) == 2.5
    assert digits(np.zeros(3)) == {}
    assert digits(np.empty(0)) == {}
    assert value({}, (2,)).tolist() == [0, 0]
    assert added({1: np.array([1])}, {2: np.array([3])}) == {1: 1, 2: 3}


# weights


def test_weights_are_poisson_and_independent_between_units_and_replicates() -> None:
    drawn = poisson_weights(np.arange(400), seed=2, replicates=500)[1:]
    counts = np.bincount(drawn.astype(int).ravel(), minlength=8)
    expected = stats.poisson.pmf(np.arange(8), 1) * drawn.size
    expected[-1] = drawn.size - expected[:-1].sum()
    counts = np.append(counts[:7], counts[7:].sum())
    assert stats.chisquare(counts, expected).pvalue > 1e-6
    for a, b in ((drawn[:, 1:], drawn[:, :-1]), (drawn[1:], drawn[:-1])):
        assert abs(np.mean((a - 1) * (b - 1))) < 6 / np.sqrt(a.size)


def test_another_seed_stream_or_unit_has_other_weights() -> None:
    base = poisson_weights(np.arange(50), seed=1, replicates=20)
    for other in (
        poisson_weights(np.arange(50), seed=2, replicates=20),
        poisson_weights(np.arange(50), seed=1, replicates=20, stream="b"),
        poisson_weights(np.arange(50, 100), seed=1, replicates=20),
    ):
        assert np.mean(base[1:] == other[1:]) < 0.5
    more = poisson_weights(np.arange(50), seed=1, replicates=30)
    assert np.array_equal(more[:21], base)


# states


@settings(max_examples=15)
@given(cuts=st.lists(st.integers(0, 120), max_size=5), order=st.permutations(range(4)))
def test_partitions_and_order_change_no_digit(cuts: list[int], order: list[int]) -> None:
    rng = np.random.default_rng(20)
    y, d, ids = wild(120), RNG.poisson(2, 120) + 0.1, rng.integers(0, 90, 120)
    whole = PoissonSums.of(ids, y, d, seed=4, replicates=15)
    shuffle = np.random.default_rng(order).permutation(120)
    merged = PoissonSums.of([], [], [], seed=4, replicates=15)
    for rows in np.array_split(shuffle, sorted(cuts)):
        merged = PoissonSums.of(ids[rows], y[rows], d[rows], seed=4, replicates=15).merge(merged)
    assert merged.estimates.tolist() == whole.estimates.tolist()
    assert merged.rows == 120


def test_blocks_change_no_digit_and_update_is_merge() -> None:
    y, ids = wild(9_000), np.arange(9_000)
    whole = PoissonSums.of(ids, y, seed=4, replicates=4)
    parts = PoissonSums.of(ids[:5_000], y[:5_000], seed=4, replicates=4).update(ids[5_000:], y[5_000:])
    assert parts.estimates.tolist() == whole.estimates.tolist()
    assert whole.estimates[0] == pytest.approx(float(sum(map(Fraction, y.tolist())) / 9_000), rel=1e-15)


def test_a_batch_of_metrics_gives_what_each_gives() -> None:
    y, d = RNG.normal(size=(2, 3, 40)), RNG.poisson(3, 40) + 1.0
    whole = PoissonSums.of(np.arange(40), y, d, seed=4, replicates=6)
    assert whole.shape == (2, 3)
    assert whole.series == {"y", "d"}
    one = PoissonSums.of(np.arange(40), y[1, 2], d, seed=4, replicates=6)
    assert whole.estimates[1, 2].tolist() == one.estimates.tolist()


def test_states_cross_to_other_processes() -> None:
    names = [f"unit {i}" for i in range(30)]
    state = PoissonSums.of(names, wild(30), seed=4, replicates=5)
    again: PoissonSums = pickle.loads(pickle.dumps(state))  # noqa: S301 - our own bytes
    assert again.merge(state).rows == 60
    assert again.estimates.tolist() == state.estimates.tolist()


# the methods and their relations


def test_it_agrees_with_welch_where_both_are_right() -> None:
    control, treatment = Samples(RNG.gamma(4, 1, 900)), Samples(RNG.gamma(4, 1.05, 800))
    other = METHODS["welch"](control.moments(), treatment.moments())
    for interval in ("percentile", "normal"):
        one = METHODS["poisson_bootstrap"](control, treatment, replicates=2_000, interval=interval)
        assert float(one.estimate) == pytest.approx(float(other.estimate), rel=1e-12)
        assert float(one.std_error) == pytest.approx(float(other.std_error), rel=0.08)
        assert float(one.lower) == pytest.approx(float(other.lower), abs=0.3 * float(other.std_error))


@pytest.mark.parametrize("interval", ["percentile", "normal"])
@pytest.mark.parametrize("alternative", SIDES)
def test_p_below_alpha_is_exactly_an_interval_without_0_lift_included(
    alternative: Alternative, interval: str
) -> None:
    shift = np.linspace(-0.5, 0.5, 21)[:, None]
    for sign in (1.0, -1.0):
        control, treatment = (
            sign * (3 + RNG.normal(size=(21, 80))),
            sign * (3 + shift + RNG.normal(size=(21, 80))),
        )
        effect = METHODS["poisson_bootstrap"](
            Samples(control),
            Samples(treatment),
            alpha=np.array([[0.02], [0.1], [0.5]]),
            alternative=alternative,
            interval=interval,
            replicates=199,
        )
        rejects = effect.p_value < effect.alpha
        assert set(rejects.ravel().tolist()) == {True, False}
        assert np.array_equal(rejects, (effect.lower > 0) | (effect.upper < 0))
        assert np.array_equal(rejects, (effect.relative_lower > 0) | (effect.relative_upper < 0))


@settings(max_examples=40)
@given(
    control=st.lists(st.integers(-2, 6), min_size=2, max_size=12),
    treatment=st.lists(st.integers(-2, 8), min_size=2, max_size=12),
    alpha=st.sampled_from([0.1, 0.5, 0.9]),
    alternative=st.sampled_from(SIDES),
)
def test_small_arms_of_both_signs_do_not_part_p_value_and_interval(
    control: list[int], treatment: list[int], alpha: float, alternative: Alternative
) -> None:
    effect = METHODS["poisson_bootstrap"](
        Samples(control), Samples(treatment), alpha=alpha, alternative=alternative, replicates=39
    )
    rejects = bool(effect.p_value < alpha)
    assert rejects == bool((effect.lower > 0) | (effect.upper < 0))
    if not int(effect.reason) & Reason.RELATIVE_UNBOUNDED:
        assert rejects == bool((effect.relative_lower > 0) | (effect.relative_upper < 0))


def test_a_batch_and_clusters_of_its_own_give_what_the_elements_give() -> None:
    y, t = RNG.normal(5, 1, (2, 30)), RNG.normal(5, 1, (3, 1, 36))
    names = np.stack([np.arange(30) // 2, np.arange(30) // 3])
    for cluster in (None, names):
        whole = METHODS["poisson_bootstrap"](Samples(y, cluster=cluster), Samples(t), replicates=60)
        assert whole.shape == (3, 2)
        one = METHODS["poisson_bootstrap"](
            Samples(y[1], cluster=None if cluster is None else cluster[1]), Samples(t[2, 0]), replicates=60
        )
        for field in Effect.names():
            a, b = getattr(whole, field)[2, 1], getattr(one, field)
            assert a == b or (np.isnan(a) and np.isnan(b))


def test_rows_of_a_cluster_are_drawn_as_one() -> None:
    per_unit = RNG.normal(size=100)
    rows = Samples(np.repeat(per_unit, 3), cluster=np.repeat(np.arange(100), 3))
    other = Samples(RNG.normal(size=90))
    one, same = (METHODS["poisson_bootstrap"](arm, other) for arm in (rows, Samples(per_unit)))
    assert float(one.std_error) == pytest.approx(float(same.std_error), rel=1e-12)
    assert float(one.lower) == pytest.approx(float(same.lower), rel=1e-12)


def test_merged_states_answer_as_samples_do() -> None:
    y, d = RNG.gamma(2, 1, (2, 70)), RNG.poisson(3, (2, 70)) + 1.0
    arms = [Samples(y[i], d[i]) for i in range(2)]
    states = [
        PoissonSums.of(np.arange(70), y[i], d[i], seed=9, replicates=99, stream=name)
        for i, name in enumerate(("control", "treatment"))
    ]
    for interval in ("percentile", "normal"):
        one = METHODS["poisson_bootstrap"](*arms, seed=9, replicates=99, interval=interval)
        other = METHODS["poisson_bootstrap_merged"](*states, interval=interval)
        for field in ("estimate", "std_error", "p_value", "lower", "upper", "relative_lower", "reason"):
            assert float(getattr(one, field)) == float(getattr(other, field))


# the edges of the methods


@pytest.mark.parametrize(
    ("y", "reason"),
    [([], Reason.TOO_FEW_UNITS), ([1.0], Reason.TOO_FEW_UNITS), ([1.0, np.nan], Reason.NOT_FINITE)],
)
def test_what_cannot_be_drawn_has_a_reason(y: list[float], reason: Reason) -> None:
    for interval in ("percentile", "normal"):
        effect = METHODS["poisson_bootstrap"](
            Samples([1.0, 2.0, 4.0]), Samples(y), replicates=50, interval=interval
        )
        assert int(effect.reason) & reason
        for field in ("p_value", "lower", "upper", "relative_lower", "std_error"):
            assert np.isnan(getattr(effect, field))


def test_a_cluster_that_is_not_a_number_has_a_reason() -> None:
    arm = Samples([1.0, 2.0, 3.0], cluster=[0.0, np.nan, 1.0])
    effect = METHODS["poisson_bootstrap"](arm, Samples([1.0, 2.0, 4.0]), replicates=50)
    assert int(effect.reason) & Reason.NOT_FINITE
    assert np.isnan(effect.estimate)


def test_no_variance_no_denominator_and_no_control_have_reasons() -> None:
    flat = METHODS["poisson_bootstrap"](Samples([0.1] * 9), Samples([0.7] * 9), replicates=50)
    assert int(flat.reason) & Reason.NO_VARIANCE
    assert np.isnan(flat.p_value)
    empty = METHODS["poisson_bootstrap"](
        Samples([1.0, 2.0], [0.0, 0.0]), Samples([1.0, 2.0], [1.0, 2.0]), replicates=50
    )
    assert int(empty.reason) & Reason.ZERO_DENOMINATOR
    zero = METHODS["poisson_bootstrap"](Samples([-1.0, 1.0] * 9), Samples([1.0, 2.0] * 9), replicates=200)
    assert int(zero.reason) & Reason.ZERO_CONTROL
    assert int(zero.reason) & Reason.RELATIVE_UNBOUNDED
    assert np.isnan(zero.relative_estimate)
    assert np.isfinite(zero.lower)


def test_too_few_replicates_for_the_level_leave_the_interval_open() -> None:
    arms = Samples(RNG.normal(size=40)), Samples(9 + RNG.normal(size=40))
    few = METHODS["poisson_bootstrap"](*arms, replicates=38)
    assert int(few.reason) & Reason.UNBOUNDED
    assert (float(few.lower), float(few.upper)) == (-np.inf, np.inf)
    assert float(few.p_value) == pytest.approx(2 / 39)
    enough = METHODS["poisson_bootstrap"](*arms, replicates=40)
    assert np.isfinite(enough.lower)
    assert float(enough.p_value) < 0.05


# refusals


def test_bad_arguments_are_named() -> None:
    arm = Samples([1.0, 2.0])
    with pytest.raises(InputError, match="interval is 'normall'; did you mean 'normal'"):
        METHODS["poisson_bootstrap"](arm, arm, interval="normall")
    for name, bad in (("seed", -1), ("replicates", 0), ("replicates", True), ("seed", 0.5)):
        with pytest.raises(InputError, match=f"{name} is {bad}; it must be a whole number"):
            METHODS["poisson_bootstrap"](arm, arm, **{name: bad})
    with pytest.raises(InputError, match=r"ids has shape \(1, 2\)"):
        PoissonSums.of([[1, 2]], [1.0, 2.0], seed=0)
    with pytest.raises(InputError, match="must hold whole numbers or strings"):
        PoissonSums.of([0.5, 1.0], [1.0, 2.0], seed=0)
    with pytest.raises(InputError, match="ids has 3 rows"):
        PoissonSums.of([1, 2, 3], [1.0, 2.0], seed=0)


def test_unlike_states_are_not_merged_or_compared() -> None:
    base = PoissonSums.of([1], [1.0], seed=0, replicates=5)
    for name, other in (
        ("seed", PoissonSums.of([1], [1.0], seed=1, replicates=5)),
        ("stream", PoissonSums.of([1], [1.0], seed=0, replicates=5, stream="b")),
        ("replicates", PoissonSums.of([1], [1.0], seed=0, replicates=6)),
        ("series", PoissonSums.of([1], [1.0], [2.0], seed=0, replicates=5)),
        ("shape", PoissonSums.of([1], [[1.0]], seed=0, replicates=5)),
    ):
        with pytest.raises(InputError, match=f"one side has {name} .*; merge like with like"):
            base.merge(other)
    with pytest.raises(InputError, match="control has 5 replicates and treatment 6"):
        METHODS["poisson_bootstrap_merged"](base, PoissonSums.of([1], [1.0], seed=0, replicates=6))
