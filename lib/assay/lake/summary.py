"""What a commit's summary says: who wrote it, by which contract, and how far the table goes with it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from assay.lake.iceberg import MAIN, Snapshot, Table

WATERMARK = "assay.watermark."
RUN, JOB, VERSION = "assay.run_id", "assay.job", "assay.contract_version"
TOKEN = "assay.commit"  # noqa: S105 names one attempt to write, so that it can be found again
ON_BRANCH = "assay.branch"
"""The branch that a state was made on, where it was another than main."""
RESTORED = "assay.restored"
"""The earlier state that a table was given again by a rollback."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes, and to which branch.

    Attributes:
        run_id: The run.
        job: The job; empty outside of one.
        branch: What is moved to the written rows: main, or a branch that is made where it is not there.
    """

    run_id: str
    job: str = ""
    branch: str = MAIN

    def signature(self, version: str) -> dict[str, str]:
        """What a commit's summary says of the writer and of the contract's version."""
        elsewhere = {} if self.branch == MAIN else {ON_BRANCH: self.branch}
        return {RUN: self.run_id, VERSION: version, **({JOB: self.job} if self.job else {}), **elsewhere}


def watermarks(table: Table | None, branch: str = MAIN) -> dict[str, str]:
    """Key → newest value on a branch (on main where it is not there).

    Our commits carry all of them on; a compaction by another tool does not.
    """
    return watermarks_at(table, table.tip(branch) if table else None)


def watermarks_at(table: Table | None, tip: Snapshot | None) -> dict[str, str]:
    """Key → newest value as of a state: whoever goes on from that state must not know more than it does."""
    found: dict[str, str] = {}
    for snapshot in table.ancestry_of(tip.id) if table and tip else ():
        found = {**marks_of(snapshot), **found}
        if RUN in snapshot.summary:
            break
    return found


def marks_of(snapshot: Snapshot) -> dict[str, str]:
    """The watermarks that a snapshot's own summary carries."""
    return {k.removeprefix(WATERMARK): v for k, v in snapshot.summary.items() if k.startswith(WATERMARK)}


def effective(table: Table, branch: str = MAIN) -> Iterator[tuple[Snapshot, dict[str, str]]]:
    """The states of a branch, newest first, each with the watermarks that held then."""
    found: list[tuple[Snapshot, dict[str, str]]] = []
    held: dict[str, str] = {}
    for snapshot in reversed(list(table.ancestry(branch))):
        own = marks_of(snapshot)
        held = own if RUN in snapshot.summary else {**held, **own}
        found.append((snapshot, held))
    return reversed(found)


def plain(text: str) -> str:
    """A text as a part of a branch's name."""
    return re.sub(r"[^A-Za-z0-9]", "_", text)
