"""Which earlier states tables must go back to when one of them does, so that each stands on its sources.

A table names, in the summary of every commit, the snapshots of the tables that it was made of. It stands on
a source as long as that snapshot is the source's state or one before it. When a source goes back further, the
table goes back to its newest state that stands, or is cleared where none is kept: the next run derives
exactly the rest.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from assay.errors import InputError
from assay.lake.markets import PORTFOLIOS
from assay.lake.refresh import EXPERIMENTS, LAST
from assay.lake.states import State

_LAYERS = ("bronze", "silver", "gold")
_NEVER = "0"
"""How gold marks a source that was not written yet."""
_SHOWN = 3

States = Mapping[str, Sequence[State]]
Found = Mapping[str, State | None]
"""Table → the state that it goes back to, None where it is cleared."""


@dataclass(frozen=True, slots=True)
class Move:
    """A table that must go back.

    Attributes:
        table: `<layer>.<table>`.
        head: The state that it leaves.
        to: The state that it goes back to; None if it is cleared.
    """

    table: str
    head: State
    to: State | None


def moves(states: States, table: str, snapshot: int) -> list[Move]:
    """What must go back when a table does, in the order in which it is safe to be killed anywhere.

    Tables that are made of others go first: at any moment each table then stands on its sources, and a run
    goes on rightly from what it finds. The asked table is last, so that the command, repeated, finds what is
    left to do.

    Args:
        states: Each table → its states, newest first.
        table: The one that is asked to go back.
        snapshot: To which of its states.

    Raises:
        InputError: The table has no such state, or what that state was made of is not kept any more.
    """
    place = _target(states, table, snapshot)
    found: dict[str, State | None] = {table: place}
    for name in sorted(states, key=_layer):
        if name != table and name not in EXPERIMENTS and states[name]:
            head = states[name][0]
            if not _stands(head, states, found, only=found):
                found[name] = _newest(states, name, found)
    found.update(_together(states, found, table))
    last = (LAST, PORTFOLIOS)  # made of others of their layer
    order = sorted(found, key=lambda name: (name == table, -_layer(name), name not in last, name))
    planned = [Move(name, states[name][0], found[name]) for name in order]
    return [move for move in planned if move.to != move.head and not (move.to is None and move.head.is_blank)]


def _layer(name: str) -> int:
    return _LAYERS.index(name.partition(".")[0])


def _target(states: States, table: str, snapshot: int) -> State:
    own = states[table]
    if own and own[0].restored == snapshot:
        return own[0]  # the table is there already
    state = next((each for each in own if each.id == snapshot), None)
    if state is None:
        raise InputError(
            f"{table} has no state {snapshot} (unknown, expired, or of a branch); {_nearest(own, snapshot)}"
        )
    gone = [key for key in _sources(state, states) if not _within(state.marks[key], states[key])]
    if gone:
        raise InputError(
            f"{table}, state {snapshot}, was made of a state of {gone[0]} that is not kept any more: no run "
            f"could continue from it; {_nearest(own, snapshot)}"
        )
    return state


def _nearest(own: Sequence[State], snapshot: int) -> str:
    """The states whose numbers look most like the asked one, else the newest, for the message."""
    import difflib

    near = difflib.get_close_matches(str(snapshot), [str(each.id) for each in own], n=_SHOWN)
    shown = [each for each in own if str(each.id) in near] or own[:_SHOWN]
    listed = "; ".join(f"{each.id} of {each.at:%Y-%m-%d %H:%M:%S} ({each.rows:,} rows)" for each in shown)
    return f"the nearest are {listed}" if shown else "it has none at all"


def _sources(state: State, states: States) -> Iterator[str]:
    return (key for key in state.marks if key in states)


def _within(mark: str, kept: Iterable[State]) -> bool:
    return mark == _NEVER or any(str(each.id) == mark for each in kept)


def _stands(state: State, states: States, found: Found, *, only: Collection[str] | None = None) -> bool:
    """Whether a state is made of states that its sources still have, after what was found to go back.

    Args:
        state: The state.
        states: Each table → its states.
        found: What goes back.
        only: The sources to ask; all if not given.
    """
    asked = (key for key in _sources(state, states) if only is None or key in only)
    return all(_within(state.marks[key], _kept(key, states, found)) for key in asked)


def _kept(name: str, states: States, found: Found) -> Sequence[State]:
    """The states of a table that it still has after going back."""
    own = states[name]
    if name not in found:
        return own
    state = found[name]
    return () if state is None else own[own.index(state) :]


def _newest(states: States, name: str, found: Found) -> State | None:
    """The newest state of a table that stands, and says on what."""
    wanted = set(_sources(states[name][0], states))
    return next((s for s in states[name] if wanted <= s.marks.keys() and _stands(s, states, found)), None)


def _together(states: States, found: Found, table: str) -> Found:
    """Where the four tables of the experiments go, of which the last written speaks for all.

    They go back to one run's states, or are all cleared: what the last one says must be true of the others.
    """
    group = [name for name in EXPERIMENTS if states.get(name)]
    if table not in group and all(_stands(states[n][0], states, found, only=found) for n in group):
        return {}
    for last in _kept(LAST, states, found) if LAST in group else ():
        if last.marks and _stands(last, states, found):
            alike = {name: _alike(states[name], last, found.get(name)) for name in group}
            if all(alike.values()):
                return alike
        if table == LAST:
            break
    return {name: found.get(name) for name in group}


def _alike(own: Sequence[State], last: State, fixed: State | None) -> State | None:
    """The newest state that went as far as the last table's; the fixed one if it went at least as far."""
    kept = own if fixed is None else own[own.index(fixed) :]
    alike = next((each for each in kept if each.marks == last.marks), None)
    return alike if fixed is None or alike is None else fixed
