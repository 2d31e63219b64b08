from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from assay.errors import InputError
from assay.stats import METHODS, Effect, Reason, proportions_score
from assay.stats.survival import LifeTable, eligible_cohort, log_rank, restricted_mean, retention

OPTIONS: dict[str, dict[str, Any]] = {
    "log_rank": {}, "log_rank late": {"rho": 0.5, "gamma": 1.0},
    "restricted_mean": {"tau": 6.0}, "retention": {"day": 5.0},
}  # fmt: skip
people = st.lists(st.tuples(st.integers(1, 12), st.booleans()), min_size=6, max_size=40)
Units = list[tuple[int, bool]]


def table(units: Units, factor: float = 1.0) -> LifeTable:
    return LifeTable.of([t * factor for t, _ in units], [e for _, e in units])


def call(name: str, control: LifeTable, treatment: LifeTable, **options: Any) -> Effect:
    return METHODS[name.split(maxsplit=1)[0]](control, treatment, **(OPTIONS[name] | options))


# relations


@pytest.mark.parametrize("name", OPTIONS)
@settings(max_examples=20)
@given(one=people, two=people, alternative=st.sampled_from(["two-sided", "greater", "less"]))
def test_p_value_and_both_intervals_change_side_together(
    name: str, one: Units, two: Units, alternative: str
) -> None:
    c, t = table(one), table(two)
    p = float(call(name, c, t, alternative=alternative).p_value)
    assume(1e-200 < p < 0.999)
    for alpha in (p * (1 - 1e-9), p * (1 + 1e-9), 0.05):
        effect = call(name, c, t, alternative=alternative, alpha=alpha)
        significant = bool(p < alpha)
        assert significant == bool(effect.lower > 0 or effect.upper < 0)
        if not effect.reason & (Reason.RELATIVE_UNBOUNDED | Reason.ZERO_CONTROL):
            assert significant == bool(effect.relative_lower > 0 or effect.relative_upper < 0)


@pytest.mark.parametrize("name", OPTIONS)
@settings(max_examples=20)
@given(one=people, two=people)
def test_swapping_arms_mirrors(name: str, one: Units, two: Units) -> None:
    a, b = call(name, table(one), table(two)), call(name, table(two), table(one))
    for mine, other in ((a.estimate, b.estimate), (a.statistic, b.statistic), (a.lower, b.upper)):
        np.testing.assert_allclose(mine, -other, rtol=1e-11, atol=1e-14)
    np.testing.assert_allclose(a.p_value, b.p_value, rtol=1e-11)


@pytest.mark.parametrize("name", OPTIONS)
def test_a_change_of_the_unit_of_time_changes_only_what_is_measured_in_it(name: str) -> None:
    rng = np.random.default_rng(4)
    one, two = ([(int(t), bool(e)) for t, e in rng.integers((1, 0), (12, 2), (30, 2))] for _ in range(2))
    plain = call(name, table(one), table(two))
    hours = {k: v * 24 for k, v in OPTIONS[name].items() if k in ("tau", "day")}
    scaled = call(name, table(one, 24), table(two, 24), **hours)
    factor = 24 if name == "restricted_mean" else 1
    np.testing.assert_allclose(scaled.estimate, plain.estimate * factor, rtol=1e-12)
    for field in ("statistic", "p_value", "relative_estimate", "relative_lower", "relative_upper"):
        np.testing.assert_allclose(getattr(scaled, field), getattr(plain, field), rtol=1e-11)


@pytest.mark.parametrize("name", OPTIONS)
def test_a_batch_gives_what_its_elements_give(name: str) -> None:
    rng = np.random.default_rng(5)
    a, b = (LifeTable.of(rng.integers(1, 12, s), rng.integers(0, 2, s)) for s in ((3, 1, 40), (2, 30)))
    batch = call(name, a, b, alpha=0.1)
    assert batch.shape == (3, 2)
    one, two = (
        LifeTable(m.times, m.at_risk[at], m.events[at]) for m, at in ((a, (2, 0)), (b, (1,)))
    )  # fmt: skip
    alone = call(name, one, two, alpha=0.1)
    for field in Effect.names():
        np.testing.assert_array_equal(getattr(batch, field)[2, 1], getattr(alone, field))


@pytest.mark.parametrize("name", OPTIONS)
def test_merged_partitions_give_what_the_whole_gives(name: str) -> None:
    rng = np.random.default_rng(6)
    time, event = rng.integers(1, 12, (2, 60)), rng.integers(0, 2, (2, 60))
    whole = [LifeTable.of(t, e) for t, e in zip(time, event, strict=True)]
    parts = [
        LifeTable.of(t[:25], e[:25]).merge(LifeTable.of(t[25:], e[25:]))
        for t, e in zip(time, event, strict=True)
    ]
    for field in Effect.names():
        np.testing.assert_array_equal(
            getattr(call(name, *parts), field), getattr(call(name, *whole), field), field
        )


@pytest.mark.parametrize("name", OPTIONS)
def test_a_stricter_level_widens_the_interval(name: str) -> None:
    rng = np.random.default_rng(7)
    a, b = (LifeTable.of(rng.integers(1, 12, 40), rng.integers(0, 2, 40)) for _ in range(2))
    effect = call(name, a, b, alpha=np.array([0.3, 0.05, 1e-5]))
    for low, high in ((effect.lower, effect.upper), (effect.relative_lower, effect.relative_upper)):
        assert np.all(np.diff(low) < 0)
        assert np.all(np.diff(high) > 0)


def test_options_broadcast() -> None:
    a, b = LifeTable.of([1.0, 4, 6, 9], [1, 1, 0, 1]), LifeTable.of([2.0, 3, 8, 9], [1, 0, 1, 1])
    days = retention(a, b, day=np.array([2.0, 5.0, 8.0]))
    assert days.estimate.tolist() == [float(retention(a, b, day=d).estimate) for d in (2.0, 5.0, 8.0)]
    assert restricted_mean(a, b, tau=np.array([[2.0], [5.0]])).shape == (2, 1)
    assert log_rank(a, b, rho=np.array([0.0, 1.0]), gamma=np.array([[0.0], [1.0]])).shape == (2, 2)


def test_a_zero_weight_is_no_weight_also_before_the_first_event() -> None:
    a, b = LifeTable.of([1.0, 4, 6, 9], [1, 1, 0, 1]), LifeTable.of([2.0, 3, 8, 9], [1, 0, 1, 1])
    plain = log_rank(a, b)
    weighted = log_rank(a, b, rho=np.array([0.0, 0.5]))
    assert float(weighted.statistic[0]) == pytest.approx(float(plain.statistic), rel=1e-14)


# named defects of shipped tools


def test_growthbook_issue_4353_retention_counts_only_units_old_enough_to_be_observed() -> None:
    # Half the cohort was exposed 3 days ago. Nobody of it can be retained on day 7 yet, or lost.
    rng = np.random.default_rng(4353)
    n, rate = 20_000, 0.05
    leaves = rng.geometric(rate, n).astype(float)
    age = np.where(np.arange(n) % 2 == 0, 3.0, 14.0)
    truth = (1 - rate) ** 7
    naive = float(np.mean((leaves > 7) & (age >= 7)))
    assert naive < truth / 1.9
    arm = eligible_cohort(leaves > 7, age, day=7)
    assert float(arm.n) == n / 2
    tables = LifeTable.of(np.minimum(leaves, age), leaves <= age)
    found = retention(tables, tables, day=7.0)
    # 5 standard errors of the plain proportion; the curve uses the young units' three days, too.
    bound = 5 * np.sqrt(truth * (1 - truth) / (n / 2))
    assert abs(float(arm.mean_y) - truth) < bound
    control = float(found.estimate) + _share(tables)
    assert abs(control - truth) < bound
    assert float(found.std_error) < float(np.sqrt(2 * arm.var_y / arm.n))


def _share(table: LifeTable) -> float:
    nobody_left = LifeTable.of([1.0], [1])
    return -float(retention(table, nobody_left, day=7.0).estimate)


def test_the_units_too_young_are_in_neither_numerator_nor_denominator() -> None:
    one = eligible_cohort([1, 0, 1, 1, np.nan], [7, 8, 9, 6.9, 1], day=7)
    assert float(one.n) == 3
    assert float(one.mean_y) == pytest.approx(2 / 3)
    batch = eligible_cohort([[1, 0, 1], [0, 0, 1]], [7, 8, 2], day=7)
    assert batch.n.tolist() == [2, 2]
    assert batch.mean_y.tolist() == [0.5, 0]
    assert float(eligible_cohort([1, 0], [1, 2], day=7).n) == 0
    effect = proportions_score(one, one)
    assert float(effect.p_value) == 1


# edges


def test_no_event_while_both_are_watched_is_no_variance() -> None:
    early, late = LifeTable.of([1.0, 2.0], [0, 0]), LifeTable.of([3.0, 4.0], [1, 1])
    assert int(log_rank(early, late).reason) == Reason.NO_VARIANCE
    assert np.isnan(log_rank(early, late).p_value)
    lost = LifeTable.of([9.0, 9.0], [0, 0])
    for effect in (retention(lost, lost, day=5), restricted_mean(lost, lost, tau=5)):
        assert int(effect.reason) == Reason.NO_VARIANCE
        assert float(effect.estimate) == 0
    assert int(log_rank(lost, lost).reason) == Reason.NO_VARIANCE


@pytest.mark.parametrize("name", OPTIONS)
def test_arms_without_units_or_numbers_say_so(name: str) -> None:
    some = LifeTable.of([1.0, 3.0, 7.0, 8.0], [1, 1, 1, 0])
    bad = LifeTable.of([[1.0, np.nan], [np.inf, 2.0]], [1, 1])
    empty = LifeTable.of(np.empty((2, 0)), 1)
    for arm, reason in ((bad, Reason.NOT_FINITE), (empty, Reason.TOO_FEW_UNITS)):
        for effect in (call(name, some, arm), call(name, arm, some)):
            assert effect.reason.tolist() == [reason, reason]
            for field in (
                "estimate",
                "std_error",
                "statistic",
                "p_value",
                "lower",
                "upper",
                "relative_upper",
            ):
                assert np.isnan(getattr(effect, field)).all(), field


def test_a_follow_up_that_ends_too_soon_is_not_reached() -> None:
    short, long = LifeTable.of([2.0, 4.0], [1, 0]), LifeTable.of([2.0, 9.0], [1, 0])
    for effect in (retention(long, short, day=5), restricted_mean(short, long, tau=5)):
        assert int(effect.reason) == Reason.NOT_REACHED
        assert np.isnan(effect.estimate)
    # A unit watched for exactly 4 days tells about day 4; an arm of which nobody is left, about any day.
    late = retention(long, short, day=4)
    assert not late.reason & Reason.NOT_REACHED
    assert float(late.p_value) == 1
    gone = LifeTable.of([2.0, 4.0], [1, 1])
    effect = retention(gone, long, day=5)
    assert int(effect.reason) == Reason.ZERO_CONTROL | Reason.RELATIVE_UNBOUNDED
    assert float(effect.estimate) == 0.5


def test_the_horizon_left_out_is_the_last_time_known_of_both() -> None:
    short, long = LifeTable.of([2.0, 4.0], [1, 0]), LifeTable.of([2.0, 9.0], [1, 0])
    gone = LifeTable.of([1.0, 3.0], [1, 1])
    for arms, tau in (((short, long), 4.0), ((gone, long), 9.0), ((gone, gone), 3.0)):
        assert float(restricted_mean(*arms).estimate) == float(restricted_mean(*arms, tau=tau).estimate)
        assert int(restricted_mean(*arms).reason) in (0, Reason.RELATIVE_UNBOUNDED)


def test_an_endless_hazard_ratio_has_no_upper_end() -> None:
    day = np.ones(1)
    a, b = LifeTable(day, day * 1e6, day), LifeTable(day, day, day * 0)
    effect = log_rank(a, b)
    assert effect.reason & Reason.RELATIVE_UNBOUNDED
    assert float(effect.relative_upper) == np.inf
    assert np.isfinite(effect.upper)
    one_sided = log_rank(a, b, alternative="less")
    assert (float(one_sided.lower), float(one_sided.relative_lower)) == (-np.inf, -1)


# refusals


def test_bad_options_are_refused() -> None:
    some = LifeTable.of(np.ones((2, 3)), 1)
    for function, option, bad, message in (
        (log_rank, "rho", -1.0, "rho is -1; it must be finite and 0 or greater"),
        (log_rank, "gamma", np.nan, "gamma is nan"),
        (log_rank, "gamma", [1.0, 2.0, 3.0], "must broadcast"),
        (restricted_mean, "tau", 0.0, "tau is 0; it must be greater than 0 and finite"),
        (restricted_mean, "tau", [1.0, 2.0, 3.0], "must broadcast"),
        (retention, "day", np.inf, "day is inf"),
        (retention, "day", [1.0, 2.0, 3.0], "must broadcast"),
    ):
        with pytest.raises(InputError, match=message):
            function(some, some, **{option: bad})


def test_bad_cohorts_are_refused() -> None:
    for arguments, message in (
        (([1, 2], [8, 9]), "kept is 2; it must be 0 or 1 for a unit old enough"),
        (([1, np.nan], [8, 9]), "kept is nan"),
        (([1, 0], [8, -1]), "watched_for is -1"),
        (([1, 0], [8, np.nan]), "watched_for holds NaN"),
        ((1, 8), "units need an axis"),
        (([1, 0], [8, 9, 9]), "must broadcast"),
    ):
        with pytest.raises(InputError, match=message):
            eligible_cohort(*arguments, day=7)
    with pytest.raises(InputError, match="day is -1"):
        eligible_cohort([1], [8], day=-1)
