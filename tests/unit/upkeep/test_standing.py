from __future__ import annotations

from datetime import UTC, datetime

import pytest

from assay.errors import InputError
from assay.lake.refresh import EXPERIMENTS, LAST
from assay.lake.states import State
from assay.upkeep.standing import moves

BRONZE, SILVER, DAILY, UNITS = "bronze.trades", "silver.trades", "gold.asset_daily", "gold.unit_metrics"


def state(number: int, restored: int | None = None, **marks: int | str) -> State:
    named = {key.replace("__", "."): str(value) for key, value in marks.items()}
    return State(number, datetime(2026, 1, 5, tzinfo=UTC), f"r-{number}", number, named, None, restored)


def bronze(*numbers: int) -> list[State]:
    return [state(n, landing=f"file-{n}") for n in numbers]


def silver(*pairs: tuple[int, int]) -> list[State]:
    return [state(n, bronze__trades=mark) for n, mark in pairs]


def found(states: dict[str, list[State]], table: str, to: int) -> list[tuple[str, int | None]]:
    return [(each.table, each.to.id if each.to else None) for each in moves(states, table, to)]


def test_what_was_made_of_later_states_goes_back_and_goes_first() -> None:
    states = {
        BRONZE: bronze(3, 2, 1),
        SILVER: silver((13, 3), (12, 2), (11, 1)),
        DAILY: [state(23, silver__trades=13), state(22, silver__trades=12), state(21, silver__trades=11)],
        "silver.customers": [state(50, bronze__customers=9)],
        "bronze.customers": bronze(9),
        "gold.certificates": [state(60)],
        "gold.runs": [],
    }
    assert found(states, BRONZE, 2) == [(DAILY, 22), (SILVER, 12), (BRONZE, 2)]
    assert found(states, SILVER, 11) == [(DAILY, 21), (SILVER, 11)]
    assert found(states, DAILY, 21) == [(DAILY, 21)]
    assert found(states, BRONZE, 3) == []


def test_a_table_without_a_state_that_stands_is_cleared_with_all_that_stands_on_it() -> None:
    states = {
        BRONZE: bronze(3, 2, 1),
        SILVER: silver((13, 3), (12, 2)),
        DAILY: [state(23, silver__trades=13), state(20, silver__trades=0)],
        "gold.other": [state(33, silver__trades=13)],
    }
    assert found(states, BRONZE, 1) == [(DAILY, 20), ("gold.other", None), (SILVER, None), (BRONZE, 1)]


def test_a_state_that_does_not_say_what_it_was_made_of_is_no_place_to_go_back_to() -> None:
    states = {BRONZE: bronze(3, 2, 1), SILVER: [*silver((13, 3)), state(12), *silver((11, 1))]}
    assert found(states, BRONZE, 2) == [(SILVER, 11), (BRONZE, 2)]


def test_a_state_made_of_what_another_source_keeps_no_more_is_no_place_either() -> None:
    quotes = [state(43, bronze__quotes=1)]
    states = {
        SILVER: silver((13, 3), (12, 2), (11, 1)),
        BRONZE: bronze(3, 2, 1),
        "silver.quotes": quotes,
        DAILY: [
            state(23, silver__trades=13, silver__quotes=43),
            state(22, silver__trades=12, silver__quotes=41),
        ],
    }
    assert found(states, SILVER, 12) == [(DAILY, None), (SILVER, 12)]


@pytest.mark.parametrize("done", [0, 1, 2, 3])
def test_killed_between_tables_and_repeated_moves_the_rest(done: int) -> None:
    states = {
        BRONZE: bronze(3, 2, 1),
        SILVER: silver((13, 3), (12, 2)),
        DAILY: [state(23, silver__trades=13), state(22, silver__trades=12)],
    }
    planned = moves(states, BRONZE, 2)
    for move in planned[:done]:
        assert move.to is not None
        kept = states[move.table]
        again = State(100 + move.to.id, move.to.at, "r-9", move.to.rows, move.to.marks, None, move.to.id)
        states[move.table] = [again, *kept[kept.index(move.to) :]]
    assert found(states, BRONZE, 2) == [
        (move.table, move.to.id if move.to else None) for move in planned[done:]
    ]


def runs_of_gold(*numbers: int, **gaps: set[int]) -> dict[str, list[State]]:
    """The four tables of the experiments, a state of each per run; `gaps`: table → runs it lacks."""
    tables = {}
    for place, name in enumerate(EXPERIMENTS):
        missing = gaps.get(name.partition(".")[2], set())
        tables[name] = [
            state(100 * (place + 1) + n, silver__trades=10 + n, until=f"week {n}")
            for n in numbers
            if n not in missing
        ]
    return tables


def test_the_tables_of_experiments_go_back_to_one_run() -> None:
    base = {BRONZE: bronze(3, 2, 1), SILVER: silver((13, 3), (12, 2), (11, 1))}
    states = base | runs_of_gold(3, 2, 1)
    expected = [(LAST, 402), ("gold.experiment_results", 302), ("gold.metric_moments", 202), (UNITS, 102)]
    assert found(states, SILVER, 12) == [*expected, (SILVER, 12)]
    # The state of a run that one of them lacks (expired, or the run was killed) is no place for any.
    lacking = base | runs_of_gold(3, 2, 1, metric_moments={2})
    assert [to for _, to in found(lacking, SILVER, 12)] == [401, 301, 201, 101, 12]
    none = base | runs_of_gold(3, 2, 1, metric_moments={1, 2})
    assert [to for _, to in found(none, SILVER, 12)] == [None, None, None, None, 12]
    never = base | {name: rows for name, rows in runs_of_gold(3, 2).items() if name != LAST}
    assert [to for _, to in found(never, SILVER, 12)] == [None, None, None, 12]


def test_one_of_the_experiments_tables_takes_the_others_along() -> None:
    states = {SILVER: silver((13, 3), (12, 2), (11, 1)), BRONZE: bronze(3, 2, 1), **runs_of_gold(3, 2, 1)}
    others = [("gold.experiment_results", 302), ("gold.metric_moments", 202)]
    assert found(states, UNITS, 102) == [(LAST, 402), *others, (UNITS, 102)]
    assert found(states, LAST, 402) == [*others, (UNITS, 102), (LAST, 402)]
    states[LAST] = [each for each in states[LAST] if each.id == 403]
    assert [to for _, to in found(states, UNITS, 102)] == [None, None, None, 102]
    cleared = State(999, states[LAST][0].at, "r-9", 0, {})
    assert [to for _, to in found(states | {LAST: [cleared, *states[LAST]]}, UNITS, 102)] == [None, None, 102]
    states["gold.metric_moments"] = states["gold.metric_moments"][:1]
    assert [to for _, to in found(states, LAST, 403)] == []


def test_the_last_table_alone_goes_where_the_others_cannot_follow() -> None:
    states = {
        SILVER: silver((13, 3), (12, 2)),
        BRONZE: bronze(3, 2),
        **runs_of_gold(3, 2, metric_moments={2}),
    }
    assert found(states, LAST, 402) == [
        ("gold.experiment_results", None),
        ("gold.metric_moments", None),
        (UNITS, None),
        (LAST, 402),
    ]


def test_an_unknown_state_is_refused_with_the_nearest() -> None:
    states = {BRONZE: bronze(3117, 2042, 1999), SILVER: [], DAILY: [state(23, silver__trades=13)]}
    with pytest.raises(
        InputError, match=r"bronze.trades has no state 2024 .*the nearest are 2042 of 2026-01-05"
    ):
        moves(states, BRONZE, 2024)
    with pytest.raises(InputError, match=r"the nearest are 3117 .*; 2042 .*; 1999"):
        moves(states, BRONZE, 5)
    with pytest.raises(InputError, match="it has none at all"):
        moves(states, SILVER, 5)
    with pytest.raises(InputError, match=r"made of a state of silver.trades that is not kept any more"):
        moves(states, DAILY, 23)
