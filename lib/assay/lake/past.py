"""What tables were before: older states and branches go at once, with every file that only they had.

That is for a unit that is forgotten, so it is done in every table that can hold one. What stays of a table is
its newest state, and what other tables name as the state that they read on from.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from assay.lake.contracts import names
from assay.lake.erasure import there
from assay.lake.iceberg import MAIN, Table
from assay.lake.maintenance import expire, patiently
from assay.lake.reading import Published
from assay.lake.reconciliation import TABLE as RECONCILIATION
from assay.lake.retention import Expiry
from assay.lake.summary import RUN, watermarks
from assay.lake.tables import Lake

OPEN = "assay.erasure"
"""The property of a table while a unit is being forgotten: whoever finds it goes on to the end."""
SETTLED = timedelta(hours=1)
"""No write takes so long: jobs are stopped before. A file that is older and of no state will never be."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Swept:
    """What of a table's past went.

    Attributes:
        snapshots: States.
        branches: Branches beside main.
        orphans: Files that no state knew.
        young: Such files that may belong to a write under way, and stay.
    """

    snapshots: int
    branches: int
    orphans: int
    young: int


def is_open(lake: Published) -> bool:
    """Whether a unit is being forgotten: somebody is at it, or was killed."""
    return any(lake.table(name).note(OPEN) is not None for name in there(lake))


def begin(lake: Published) -> None:
    """Note in the tables that a unit is being forgotten, without saying which."""
    for name in there(lake):
        _note(lake, name, "open")


def end(lake: Published) -> None:
    """Take the note away: all is done."""
    for name in there(lake):
        _note(lake, name, None)


def sweep(lake: Lake, name: str, named: Collection[int], now: datetime) -> Swept:
    """Drop a table's branches, its older states with all that only they had, and files that no state knows.

    Args:
        lake: The lake, on main.
        name: `<layer>.<table>`.
        named: Its states that other tables go on from.
        now: The time, UTC. Files that are younger than any write can be stay: a write may be about to commit
            them. Those of a copy-on-write hold nothing of the unit.

    Raises:
        TransientError: Other writers committed first each time.
    """
    branches = [each for each in lake.table(name).branches if each != MAIN]
    for branch in branches:
        patiently(name, partial(_drop, lake, name, branch))
    table = lake.table(name)
    stay = _needed(table, named)
    gone = tuple(each.id for each in table.snapshots() if each.id not in stay)
    if gone:
        expire(lake, name, Expiry(_EPOCH, gone, len(gone)))
    table = lake.table(name)
    unknown = table.orphans(lake.spark, now, remove=False)
    old = table.orphans(lake.spark, now - SETTLED, remove=True) if unknown else []
    return Swept(len(gone), len(branches), len(old), len(unknown) - len(old))


def _needed(table: Table, named: Collection[int]) -> set[int]:
    """The newest state, and those back to the last that says how far the table goes and the oldest named."""
    stay: set[int] = set()
    passed: list[int] = []
    said = False
    for snapshot in table.ancestry():
        passed.append(snapshot.id)
        if not said or snapshot.id in named:
            stay.update(passed)
        said = said or RUN in snapshot.summary
    return stay


def named(lake: Published) -> dict[str, set[int]]:
    """Table → its states that others go on from now.

    What reconciliation names it only compares: it compares again where that is gone.
    """
    found: dict[str, set[int]] = {}
    every = names()
    for other in every:
        if other != RECONCILIATION and lake.exists(other):
            for name, mark in watermarks(lake.table(other)).items():
                if name in every and mark.isdecimal():
                    found.setdefault(name, set()).add(int(mark))
    return found


def _note(lake: Published, name: str, value: str | None) -> None:
    if lake.table(name).note(OPEN) != value:
        patiently(name, lambda: lake.table(name).set_note(OPEN, value))


def _drop(lake: Published, name: str, branch: str) -> None:
    lake.table(name).drop(branch)
