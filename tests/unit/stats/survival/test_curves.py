from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import InputError
from assay.stats import Reason
from assay.stats.survival import LifeTable, kaplan_meier, nelson_aalen, survival_quantile

INTERVALS = ("log-log", "log", "logit", "arcsine", "plain")
people = st.lists(st.tuples(st.integers(1, 12), st.booleans()), min_size=1, max_size=25)


def table(units: list[tuple[int, bool]]) -> LifeTable:
    return LifeTable.of([float(t) for t, _ in units], [e for _, e in units])


# relations


@settings(max_examples=30)
@given(units=people)
def test_without_censoring_the_curve_is_the_share_left_with_the_binomial_error(
    units: list[tuple[int, bool]],
) -> None:
    times = np.array([t for t, _ in units], dtype=float)
    curve = kaplan_meier(LifeTable.of(times, 1))
    share = np.mean(times[:, None] > curve.times, axis=0)
    np.testing.assert_allclose(curve.value, share, atol=1e-14)
    np.testing.assert_allclose(curve.std_error, np.sqrt(share * (1 - share) / times.size), atol=1e-14)


@settings(max_examples=30)
@given(units=people, interval=st.sampled_from(INTERVALS))
def test_intervals_hold_the_curve_within_0_and_1_and_widen_with_confidence(
    units: list[tuple[int, bool]], interval: str
) -> None:
    wide, narrow = (kaplan_meier(table(units), alpha=a, interval=interval) for a in (0.01, 0.2))
    for curve in (wide, narrow):
        known = curve.reason == 0
        assert np.array_equal(known, ~np.isnan(curve.lower))
        assert np.array_equal(known, ~np.isnan(curve.upper))
        assert np.all((curve.lower >= 0) & (curve.lower <= curve.value), where=known)
        assert np.all((curve.upper <= 1) & (curve.upper >= curve.value), where=known)
    known = wide.reason == 0
    assert np.all((wide.lower <= narrow.lower) & (wide.upper >= narrow.upper), where=known)


@settings(max_examples=30)
@given(units=people)
def test_the_hazard_is_at_most_minus_the_log_of_survival(units: list[tuple[int, bool]]) -> None:
    survival, hazard = kaplan_meier(table(units)).value, nelson_aalen(table(units)).value
    with np.errstate(divide="ignore"):
        assert np.all(hazard <= -np.log(survival) + 1e-12)


def test_a_batch_of_levels_and_tables_is_its_elements() -> None:
    rng = np.random.default_rng(3)
    batch = LifeTable.of(rng.integers(1, 9, (4, 30)), rng.integers(0, 2, (4, 30)))
    curve = kaplan_meier(batch, alpha=np.array([[0.05], [0.1]]))
    assert curve.lower.shape == curve.value.shape == (2, 4, batch.times.size)
    alone = kaplan_meier(LifeTable(batch.times, batch.at_risk[2], batch.events[2]), alpha=0.1)
    np.testing.assert_array_equal(curve.lower[1, 2], alone.lower)
    medians = survival_quantile(batch, q=np.array([[0.25], [0.5]]))
    assert medians.value.shape == medians.reason.shape == (2, 4)
    one = survival_quantile(LifeTable(batch.times, batch.at_risk[3], batch.events[3]))
    assert (medians.value[1, 3], medians.lower[1, 3]) == (one.value, one.lower)


@settings(max_examples=25)
@given(units=people, q=st.sampled_from([0.1, 0.5, 0.75]))
def test_a_quantile_is_the_first_time_past_which_no_more_than_1_minus_q_survive(
    units: list[tuple[int, bool]], q: float
) -> None:
    curve, found = kaplan_meier(table(units)), survival_quantile(table(units), q=q)
    if found.reason & Reason.NOT_REACHED and np.isnan(found.value):
        assert not np.any(curve.value <= 1 - q - 1e-9)
    else:
        assert np.all(curve.value[curve.times < found.value] > 1 - q)
        assert not found.lower > found.value
        assert found.value <= found.upper


# edges


def test_a_half_reached_by_products_counts_as_reached() -> None:
    # 0.9 · 8/9 · 7/8 · 6/7 · 5/6 is 1/2 only up to rounding.
    assert float(survival_quantile(LifeTable.of(np.arange(1.0, 11.0), 1)).value) == 5


def test_before_the_first_event_and_after_the_last_survivor_there_is_no_interval() -> None:
    curve = kaplan_meier(LifeTable.of([1.0, 2.0, 3.0], [0, 1, 1]))
    assert curve.value.tolist() == [1, 0.5, 0]
    assert curve.reason.tolist() == [Reason.NO_VARIANCE, 0, Reason.NO_VARIANCE]
    assert np.isnan(curve.lower).tolist() == np.isnan(curve.upper).tolist() == [True, False, True]
    assert curve.std_error[[0, 2]].tolist() == [0, 0]
    # The hazard's interval goes on.
    assert nelson_aalen(LifeTable.of([1.0, 2.0, 3.0], [0, 1, 1])).reason.tolist() == [
        Reason.NO_VARIANCE,
        0,
        0,
    ]


def test_all_censored_is_a_curve_of_1_and_no_quantile() -> None:
    table = LifeTable.of([3.0, 4.0], [0, 0])
    assert kaplan_meier(table).value.tolist() == [1, 1]
    median = survival_quantile(table)
    assert int(median.reason) == Reason.NOT_REACHED | Reason.UNBOUNDED
    assert np.isnan(median.value)
    assert np.isnan(median.lower)
    assert float(median.upper) == np.inf


def test_where_nobody_is_watched_any_longer_nothing_is_known() -> None:
    curve = kaplan_meier(LifeTable.of([1.0, 2.0], [1, 0]).on([1.0, 2.0, 3.0]))
    assert curve.reason.tolist() == [0, 0, Reason.NOT_REACHED]
    assert np.isnan([curve.value[2], curve.std_error[2], curve.lower[2], curve.upper[2]]).all()


def test_arms_without_units_or_numbers_say_so() -> None:
    batch = LifeTable(np.ones(1), np.array([[0.0], [np.nan], [4.0]]), np.array([[0.0], [1.0], [2.0]]))
    expected = [Reason.TOO_FEW_UNITS, Reason.NOT_FINITE, 0]
    assert kaplan_meier(batch).reason[:, 0].tolist() == expected
    assert np.isnan(kaplan_meier(batch).value[:, 0]).tolist() == [True, True, False]
    median = survival_quantile(batch)
    assert median.reason.tolist()[:2] == expected[:2]
    assert np.isnan(median.upper).tolist() == [True, True, False]


# refusals


def test_bad_arguments_are_refused() -> None:
    some = LifeTable.of([1.0, 2.0], [1, 0])
    with pytest.raises(InputError, match="interval is 'loglog'; did you mean 'log-log'"):
        kaplan_meier(some, interval="loglog")
    with pytest.raises(InputError, match="interval is 'logit'"):
        nelson_aalen(some, interval="logit")
    with pytest.raises(InputError, match=r"alpha is 1.5; it must lie strictly between 0 and 1"):
        kaplan_meier(some, alpha=1.5)
    with pytest.raises(InputError, match="q is 1"):
        survival_quantile(some, q=1)
    with pytest.raises(InputError, match="must broadcast"):
        kaplan_meier(LifeTable.of(np.ones((2, 3)), 1), alpha=[0.1, 0.2, 0.3])
