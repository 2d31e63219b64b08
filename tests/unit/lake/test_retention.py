"""What must stay of a table's history: by age, by watermark, by name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.lake.iceberg import Snapshot
from assay.lake.retention import kept_since, merged, named
from assay.lake.summary import RUN, WATERMARK

START = datetime(2026, 1, 5, tzinfo=UTC)
TABLES = ("bronze.trades", "silver.trades", "gold.runs")


def snapshot(number: int, day: float, *, ours: bool = True, **marks: str) -> Snapshot:
    summary = {f"{WATERMARK}{key.replace('_', '.', 1)}": value for key, value in marks.items()}
    parent = number - 1 or None
    at = START + timedelta(days=day)
    return Snapshot(number, parent, at, "append", {**summary, **({RUN: "r"} if ours else {})})


def chain(*days: float, foreign: tuple[int, ...] = ()) -> list[Snapshot]:
    """Main, newest first: snapshots 1, 2, ... of these days; those of `foreign` are not of a run."""
    made = [snapshot(n, day, ours=n not in foreign) for n, day in enumerate(days, 1)]
    return made[::-1]


def kept(main: list[Snapshot], *needed: int, cutoff: float) -> list[int]:
    since = kept_since(main, needed, START + timedelta(days=cutoff))
    return sorted(each.id for each in main if each.at >= since)


@pytest.mark.parametrize(
    ("cutoff", "expected"),
    [
        (100, [5]),  # the newest is what readers read, however old it is
        (40, [5]),
        (39, [4, 5]),  # at the cutoff the newest was the fourth: a reader may still be at it
        (20, [3, 4, 5]),
        (-1, [1, 2, 3, 4, 5]),
    ],
)
def test_a_state_stays_as_long_as_readers_may_be_at_it(cutoff: float, expected: list[int]) -> None:
    assert kept(chain(0, 10, 20, 30, 40), cutoff=cutoff) == expected


def test_what_another_table_names_stays_with_all_that_came_after_it() -> None:
    assert kept(chain(0, 10, 20, 30, 40), 2, cutoff=100) == [2, 3, 4, 5]
    assert kept(chain(0, 10, 20, 30, 40), 4, 3, cutoff=100) == [3, 4, 5]


def test_a_name_of_another_history_keeps_nothing() -> None:
    assert kept(chain(0, 10, 20), 99, cutoff=100) == [3]


def test_the_newest_commit_of_a_run_stays_behind_compactions() -> None:
    assert kept(chain(0, 10, 20, 30, foreign=(3, 4)), cutoff=100) == [2, 3, 4]
    assert kept(chain(0, 10, 20, foreign=(1, 2, 3)), cutoff=100) == [1, 2, 3]


def test_clocks_that_differ_make_no_gap() -> None:
    assert kept(chain(0, 10, 9.9999, 30), 2, cutoff=100) == [2, 3, 4]


def test_an_empty_table_needs_nothing_older_than_the_cutoff() -> None:
    assert kept_since([], (), START) == START


@given(
    st.lists(st.floats(0, 100), min_size=1, max_size=8).map(sorted),
    st.sets(st.integers(1, 8)),
    st.floats(0, 100),
)
def test_nothing_needed_is_ever_lost(days: list[float], needed: set[int], cutoff: float) -> None:
    main = chain(*days)
    stay = kept(main, *needed, cutoff=cutoff)
    assert stay == list(range(stay[0], len(days) + 1))  # no gap: changes are read from commit to commit
    assert needed & {each.id for each in main} <= set(stay)
    since = START + timedelta(days=cutoff)
    assert {each.id for each in main if each.at >= since} <= set(stay)
    assert len(days) in stay


def test_the_snapshots_that_watermarks_name() -> None:
    commits = [
        snapshot(1, 0, bronze_trades="11", documents='{"a": 1}'),
        snapshot(2, 1, bronze_trades="12", silver_trades="0x3", other_table="7"),
        snapshot(3, 2, ours=False),
    ]
    assert named(commits, TABLES) == {"bronze.trades": {11, 12}}
    assert named([], TABLES) == {}


def test_names_of_several_tables_come_together() -> None:
    assert merged([{"a": {1}}, {}, {"a": {2}, "b": {3}}]) == {"a": {1, 2}, "b": {3}}
