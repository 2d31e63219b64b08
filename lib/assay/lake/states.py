"""The published states of a table as an operator sees them, and going back to one, or on to a branch's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from assay.errors import TransientError
from assay.lake import iceberg
from assay.lake.contracts import Contract
from assay.lake.iceberg import MAIN, Snapshot, Table
from assay.lake.publish import BRANCH
from assay.lake.summary import ON_BRANCH, RESTORED, RUN, VERSION, WATERMARK, effective
from assay.lake.tables import Lake


@dataclass(frozen=True, slots=True)
class State:
    """A published state of a table.

    Attributes:
        id: Iceberg's number of it.
        at: When it was committed, UTC.
        run_id: The run that made it; None for another tool's commit.
        rows: Rows in it.
        marks: Key → how far the table went then, for example the snapshot of a table that it is made of.
        parent: The state before it; None for the table's first one.
        restored: The earlier state that it repeats, if it is the result of a rollback.
        version: Of the contract that it was written by; empty if its commit does not say.
        branch: The branch that it was made on; empty for main.
    """

    id: int
    at: datetime
    run_id: str | None
    rows: int
    marks: Mapping[str, str]
    parent: int | None = None
    restored: int | None = None
    version: str = ""
    branch: str = ""

    @property
    def is_blank(self) -> bool:
        """Whether it is a cleared table's: no rows, and nothing is known of how far it went."""
        return not self.rows and not self.marks


def states(lake: Lake, name: str) -> tuple[State, ...]:
    """The states of a table, newest first, as far back as they are kept.

    Args:
        lake: The lake.
        name: `<layer>.<table>`.
    """
    table = _load(lake, name)
    if table is None:
        return ()
    return tuple(_state(snapshot, marks) for snapshot, marks in effective(table, lake.branch))


def restore(lake: Lake, name: str, state: State, head: State) -> None:
    """Give a table an earlier state again, as a new state that the next runs continue from.

    Args:
        lake: The lake, on main.
        name: `<layer>.<table>`.
        state: The earlier state.
        head: The state that is left; if the table has another one by now, nothing is changed.

    Raises:
        TransientError: Another run wrote meanwhile.
    """
    table = _load(lake, name)
    now = table.head() if table else None
    if table is None or now is None or now.id != head.id:
        raise TransientError(f"{name}: another run wrote while this one was going back; repeat the command")
    marks = {WATERMARK + key: value for key, value in state.marks.items()}
    signature = lake.writer.signature(state.version or Contract.load(name).version)
    try:
        table.restore(state.id, {**marks, **signature, RESTORED: str(state.id)})
    except Exception as error:
        if iceberg.is_conflict(error):
            raise TransientError(
                f"{name}: another run wrote while this one was going back; repeat the command"
            ) from error
        raise


def kept(lake: Lake, name: str) -> frozenset[int]:
    """The numbers of all states that are kept, of main and of branches."""
    table = _load(lake, name)
    return frozenset(table.kept() if table else ())


def branches(lake: Lake, name: str) -> tuple[str, ...]:
    """The branches of a table beside main and those of writes that are under way."""
    table = _load(lake, name)
    return tuple(b for b in (table.branches if table else ()) if b != MAIN and BRANCH not in b)


def branched(lake: Lake, name: str, branch: str) -> bool:
    """Whether a table has a branch of its own by that name."""
    table = _load(lake, name)
    return table is not None and branch in table.branches


def is_behind(lake: Lake, name: str, branch: str) -> bool:
    """Whether main can still be moved to a branch's state: it has not moved since the branch was made."""
    table = _load(lake, name)
    head = table.head() if table else None
    return head is None or (table is not None and any(each.id == head.id for each in table.ancestry(branch)))


def advance(lake: Lake, name: str, branch: str) -> bool:
    """Move main to a branch's state and drop the branch, in one commit.

    Returns:
        False if main has moved since the branch was made; nothing is changed then.
    """
    table = _load(lake, name)
    if table is None:
        return False
    left = tuple(each for each in table.branches if each.startswith(f"{branch}_"))
    try:
        table.publish(branch, left, MAIN)
    except Exception as error:
        if not iceberg.is_conflict(error):
            raise
        table.refresh()
        return branch not in table.branches  # it went through although its answer got lost
    return True


def drop(lake: Lake, name: str, branch: str) -> None:
    """Drop a branch of a table and what was left behind on the way to it; main stays."""
    table = _load(lake, name)
    for each in table.branches if table else ():
        if table and (each == branch or each.startswith(f"{branch}_")):
            table.drop(each)


def _load(lake: Lake, name: str) -> Table | None:
    return Table.load(lake.spark, f"{lake.catalog}.{Contract.load(name).name}")


def _state(snapshot: Snapshot, marks: Mapping[str, str]) -> State:
    restored = snapshot.summary.get(RESTORED)
    return State(
        id=snapshot.id,
        at=snapshot.at,
        run_id=snapshot.summary.get(RUN),
        rows=snapshot.count("total-records"),
        marks=marks,
        parent=snapshot.parent,
        restored=int(restored) if restored else None,
        version=snapshot.summary.get(VERSION, ""),
        branch=snapshot.summary.get(ON_BRANCH, ""),
    )
