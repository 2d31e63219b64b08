"""Which states of a table must stay: what readers may still read, and what other tables go on from.

A table that is made of others keeps, in its own commits, the snapshots of them up to which it has read, and
reads on from there. Once such a snapshot is gone nobody can say any more what changed since, so that it is
kept however old it is, with all that came after it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from assay.lake.iceberg import Snapshot, Table
from assay.lake.publish import BRANCH
from assay.lake.summary import RUN, WATERMARK

Named = dict[str, set[int]]
"""Table → its snapshots that other tables name as the state they were made of."""
WRITE = timedelta(days=1)
"""No write takes so long; a job is stopped after less than an hour."""


def named(snapshots: Iterable[Snapshot], tables: Collection[str]) -> Named:
    """The snapshots of other tables that a table's commits name in their watermarks.

    All commits that are kept count, not only the newest: after a rollback an older one is the newest.

    Args:
        snapshots: Of one table.
        tables: The names of all tables: a watermark under such a name is a snapshot of that table.
    """
    found: Named = {}
    for snapshot in snapshots:
        for key, value in snapshot.summary.items():
            table = key.removeprefix(WATERMARK)
            if table != key and table in tables and value.isdecimal():
                found.setdefault(table, set()).add(int(value))
    return found


def kept_since(main: Iterable[Snapshot], named: Collection[int], cutoff: datetime) -> datetime:
    """The time of the oldest state that must stay; every younger one of main must stay as well.

    Kept are the state at `cutoff` and what came after it, for readers; the newest commit of ours, which says
    how far the table goes; and what is named, for the tables that read on from there.

    Args:
        main: Main's snapshots, newest first.
        named: Snapshots that other tables name.
        cutoff: How far back readers may look.
    """
    waiting, at_cutoff, ours = set(named), False, False
    oldest, reached = cutoff, cutoff
    for snapshot in main:
        needed = not (at_cutoff and ours) or snapshot.id in waiting
        at_cutoff = at_cutoff or snapshot.at <= cutoff
        ours = ours or RUN in snapshot.summary
        waiting.discard(snapshot.id)
        reached = min(reached, snapshot.at)  # clocks differ: a commit may look older than the one before it
        oldest = reached if needed else oldest
    return oldest


@dataclass(frozen=True, slots=True)
class Expiry:
    """What an expiry leaves out.

    Attributes:
        since: States that are older go, but for heads of branches.
        abandoned: Snapshots that no branch leads to: of killed writes, and left behind by a rollback.
        count: How many snapshots go.
    """

    since: datetime
    abandoned: tuple[int, ...]
    count: int


def expiry(table: Table, named: Collection[int], cutoff: datetime) -> Expiry:
    """What can go.

    Args:
        table: The table.
        named: Its snapshots that other tables name.
        cutoff: How far back readers may look.
    """
    since = kept_since(table.ancestry(), named, cutoff)
    heads = [head for branch in table.branches if (head := table.head(branch))]
    led_to = {each.id for head in heads for each in table.ancestry_of(head.id)}
    stay = {head.id for head in heads}
    old = [each for each in table.snapshots() if each.at < cutoff and each.id not in stay]
    abandoned = tuple(each.id for each in old if each.id not in led_to)
    return Expiry(since, abandoned, sum(each.at < since or each.id in abandoned for each in old))


def dead_branches(table: Table, now: datetime) -> list[str]:
    """Branches of writes that were killed or have lost their race: they hold files and can publish nothing.

    Args:
        table: The table.
        now: The time.
    """
    heads = {name: table.head(name) for name in table.branches if BRANCH in name}
    newer: datetime | None = None
    left: dict[int, datetime | None] = {}
    for snapshot in table.ancestry():
        left[snapshot.id], newer = newer, snapshot.at
    return [name for name, head in heads.items() if head and _is_dead(head, left, now - WRITE)]


def _is_dead(head: Snapshot, left: Mapping[int, datetime | None], before: datetime) -> bool:
    """Whether a branch that ends here was left long ago.

    Args:
        head: The branch's newest snapshot.
        left: Snapshot of main → when main went on from it; None for its newest.
        before: What is older is dead.
    """
    if head.id not in left:
        return head.at < before
    at = left[head.id]  # nothing was written to it: it is as old as it is behind
    return at is not None and at < before


def merged(parts: Iterable[Mapping[str, set[int]]]) -> Named:
    """What several tables name, together."""
    found: Named = {}
    for part in parts:
        for table, snapshots in part.items():
            found.setdefault(table, set()).update(snapshots)
    return found
