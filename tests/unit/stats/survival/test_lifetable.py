from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import InputError
from assay.stats.survival import LifeTable
from assay.stats.survival.lifetable import aligned

people = st.lists(st.tuples(st.integers(0, 12), st.booleans()), max_size=25)


def table(units: list[tuple[int, bool]]) -> LifeTable:
    return LifeTable.of([float(t) for t, _ in units], [e for _, e in units])


def same(one: LifeTable, two: LifeTable) -> None:
    a, b = aligned(one, two)
    np.testing.assert_allclose(a.at_risk, b.at_risk, rtol=1e-12)
    np.testing.assert_array_equal(a.events, b.events)


# known values


def test_at_equal_times_events_come_before_censorings() -> None:
    found = LifeTable.of([3.0, 3.0, 1.0, 3.0], [0, 1, 0, 1])
    assert found.times.tolist() == [1, 3]
    assert found.at_risk.tolist() == [4, 3]
    assert found.events.tolist() == [0, 2]
    assert float(found.n) == 4
    assert found.shape == ()
    assert found.series == frozenset({"at_risk", "events"})


# relations


@settings(max_examples=30)
@given(one=people, two=people, three=people)
def test_merging_parts_is_the_table_of_all_in_any_order(
    one: list[tuple[int, bool]], two: list[tuple[int, bool]], three: list[tuple[int, bool]]
) -> None:
    a, b, c = table(one), table(two), table(three)
    whole = table(one + two + three)
    same(a.merge(b).merge(c), whole)
    same(c.merge(a.merge(b)), whole)


def test_a_batch_is_its_elements_on_one_grid() -> None:
    rng = np.random.default_rng(1)
    time, event = rng.integers(1, 9, (3, 2, 20)), rng.integers(0, 2, (3, 2, 20))
    batch = LifeTable.of(time, event)
    assert batch.shape == (3, 2)
    for i, j in np.ndindex(3, 2):
        same(
            LifeTable(batch.times, batch.at_risk[i, j], batch.events[i, j]),
            LifeTable.of(time[i, j], event[i, j]),
        )


@pytest.mark.parametrize("axis", [0, 1, -1, -2])
def test_merging_along_an_axis_is_merging_its_elements(axis: int) -> None:
    rng = np.random.default_rng(2)
    parts = LifeTable.of_counts(np.arange(4), rng.integers(0, 9, (3, 2, 4)), rng.integers(0, 9, (3, 2, 4)))
    merged = parts.merge_all(axis)
    along = axis % 2
    assert merged.shape == ((2,) if along == 0 else (3,))
    assert merged.n.tolist() == np.sum(parts.n, axis=along).tolist()
    np.testing.assert_array_equal(merged.events, np.sum(parts.events, axis=along))


def test_a_finer_grid_says_the_same() -> None:
    coarse = LifeTable.of([2.0, 5.0, 5.0], [1, 0, 1])
    fine = coarse.on([1.0, 2.0, 3.0, 5.0, 9.0])
    assert fine.at_risk.tolist() == [3, 3, 2, 2, 0]
    assert fine.events.tolist() == [0, 1, 0, 1, 0]


# edges


def test_an_arm_without_units_is_the_identity_of_merge() -> None:
    nobody, some = LifeTable.of([], []), LifeTable.of([2.0, 3.0], [1, 0])
    assert float(nobody.n) == 0
    same(nobody.merge(some), some)


def test_times_that_are_no_numbers_spoil_their_own_element_only() -> None:
    found = LifeTable.of([[1.0, np.nan], [1.0, 2.0], [np.inf, 1.0]], [1, 0])
    assert np.isnan(found.at_risk[0]).all()
    assert np.isnan(found.events[2]).all()
    assert found.at_risk[1].tolist() == [2, 1]
    assert np.isnan(LifeTable.of([np.nan], [1]).n)


# refusals


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([2.0, 1.0], [2, 1], [0, 0]), "times is of shape"),
        (([1.0, 1.0], [2, 1], [0, 0]), "each greater than the one before"),
        (([], [], []), "at least one time"),
        (([[1.0]], [[1]], [[0]]), "it must be one axis"),
        (([-1.0], [1], [0]), "times is -1; it must be finite and 0 or greater"),
        (([1.0], [-1], [0]), "at_risk is -1"),
        (([1.0], [1], [-1]), "events is -1"),
        (([1.0, 2.0], [2, 1, 1], [0, 0]), "must broadcast"),
        (([1.0], [2, 1], [0, 0]), "the last axis must be that of the 1 times"),
        (([1.0, 2.0], [2, 1], [0, 2]), "events is 2 where at_risk is 1"),
        (([1.0, 2.0], [2, 2], [1, 0]), "at_risk rises to 2"),
    ],
)
def test_impossible_tables_are_refused(arguments: tuple[Any, Any, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        LifeTable(*arguments)


def test_impossible_units_are_refused() -> None:
    with pytest.raises(InputError, match="event is 2; it must be 0"):
        LifeTable.of([1.0, 2.0], [0, 2])
    with pytest.raises(InputError, match="time is -3"):
        LifeTable.of([-3.0], [1])
    with pytest.raises(InputError, match="units need an axis"):
        LifeTable.of(1.0, 1)
    with pytest.raises(InputError, match="must broadcast"):
        LifeTable.of([1.0, 2.0], [1, 0, 1])
    with pytest.raises(InputError, match="must broadcast"):
        LifeTable.of_counts([1.0, 2.0], [1, 0], [1, 0, 1])


def test_grids_and_axes_that_do_not_fit_are_refused() -> None:
    some = LifeTable.of([[2.0, 3.0]], [1, 0])
    with pytest.raises(InputError, match="times lacks 3"):
        some.on([2.0, 4.0])
    with pytest.raises(InputError, match="axis is 1; tables of shape"):
        some.merge_all(1)
    with pytest.raises(InputError, match="must broadcast"):
        LifeTable.of(np.ones((2, 3)), 1).merge(LifeTable.of(np.ones((3, 3)), 1))
