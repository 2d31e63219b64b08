"""Going back: a table to an earlier state, and with it every table that was made of what came later.

Main of each table becomes a new state without any change to the earlier one, so that history shows it and a
run that was under way meanwhile cannot publish over it. The next run of a week derives the rest again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from pyspark.sql import functions as F

from assay.errors import InputError
from assay.lake.contracts import Contract, made_of, names
from assay.lake.parallel import each
from assay.lake.reconciliation import TABLE as RECONCILIATION
from assay.lake.refine import QUARANTINE
from assay.lake.states import State, restore, states
from assay.lake.tables import Lake
from assay.upkeep.action import Context, Options, Report, action
from assay.upkeep.standing import Move, moves

FOLLOWS = {
    QUARANTINE: "roll back the silver table whose rows it holds",
    RECONCILIATION: "it tells what runs compared, and the next run compares again",
}


class Back(Options):
    """Options.

    Attributes:
        table: `<layer>.<table>`.
        to: The number of the state to go back to; `snapshots` lists them.
        dry_run: Only say what would move.
    """

    table: str
    to: int
    dry_run: bool = False


@action("rollback", Back)
def rollback(context: Context, back: Back) -> Report:
    """Give a table, and what was made of its later states, an earlier state again."""
    Contract.load(back.table)
    if back.table in FOLLOWS:
        raise InputError(f"{back.table} follows other tables: {FOLLOWS[back.table]}")
    lake = context.lake
    found = each({name: partial(states, lake, name) for name in names() if name != RECONCILIATION})
    aside = found[QUARANTINE]
    planned = [_sure(move, aside) for move in moves(found, back.table, back.to)]
    released = 0
    if not back.dry_run:
        for move in planned:
            _go(lake, move, aside)
        family = [name for name, source in made_of().items() if back.table in (name, source)]
        released = sum(release(lake, name) for name in family)
    context.step.rows_out = sum(move.to.rows if move.to else 0 for move in planned)
    return {
        "table": back.table,
        "to": back.to,
        "dry_run": back.dry_run,
        "moves": [_shown(move) for move in planned],
        "quarantine_released": released,
    }


def release(lake: Lake, name: str) -> int:
    """Take rows out of the quarantine that came from files which a silver table does not know any more.

    Args:
        lake: The lake.
        name: The silver table, after it went back; the next run sets aside anew what belongs there.

    Returns:
        How many rows went.
    """
    source = made_of()[name]
    mark = lake.watermark(name, source)
    known = lake.read(source, int(mark)) if mark else lake.read(source).where("false")
    held = lake.read(QUARANTINE)
    ours = held.where(F.col("contract") == name)
    stale = ours.join(known.select("_source_file").distinct(), "_source_file", "left_anti")
    count = stale.count()
    if count:
        kept = held.join(stale.select("quarantine_id"), "quarantine_id", "left_anti")
        lake.overwrite(QUARANTINE, kept.select(*held.columns), "true", {})
    return count


def _go(lake: Lake, move: Move, aside: Sequence[State]) -> None:
    if move.to is None:
        lake.clear(move.table)
        return
    if move.table in made_of():
        # First: killed in between, a row stands in both tables, which reconciliation tells, never in none.
        _set_aside_again(lake, move.table, _at(aside, move.to))
    restore(lake, move.table, move.to, move.head)


def _sure(move: Move, aside: Sequence[State]) -> Move:
    """Clear a silver table of which nobody knows any more what was set aside when its state was made."""
    known = move.to is None or not aside or aside[-1].parent is None or _at(aside, move.to)
    return move if known or move.table not in made_of() else replace(move, to=None)


def _at(aside: Sequence[State], state: State) -> State | None:
    """The quarantine's state when another table's state was made; None before its first one."""
    return next((each for each in aside if each.at <= state.at), None)


def _set_aside_again(lake: Lake, name: str, then: State | None) -> None:
    """Put back what left the quarantine of a table since then."""
    if then is not None:
        rows = lake.read(QUARANTINE, then.id).where(F.col("contract") == name)
        gone = rows.join(lake.read(QUARANTINE).select("quarantine_id"), "quarantine_id", "left_anti")
        lake.merge(QUARANTINE, gone.select(*rows.columns), {})


def _shown(move: Move) -> dict[str, object]:
    return {"table": move.table, "from": _state(move.head), "to": _state(move.to) if move.to else None}


def _state(state: State) -> dict[str, object]:
    return {
        "snapshot": state.id,
        "at": state.at.isoformat(timespec="seconds"),
        "run_id": state.run_id,
        "rows": state.rows,
    }
