"""In which state is a table? Its snapshots, found without reading a row.

The catalog says where the table's metadata are, and a file of metadata never changes: who asks again while
nothing was written costs one call of Glue.

References:
    Apache Iceberg table specification, "Table Metadata": `current-snapshot-id`, `snapshots`, `snapshot-log`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache

from assay.runtime import clients, objects
from assay.serving.api.problems import behind

DATABASE = "gold"
NONE = 0
"""Stands for the snapshot of a table that has none, or that no run has made yet."""


@dataclass(frozen=True, slots=True)
class State:
    """The snapshots of a table.

    Attributes:
        newest: Id of the newest; `NONE` if there is none.
        kept: Ids of those that it had in turn and that can still be read.
    """

    newest: int
    kept: frozenset[int]


def state(table: str) -> State:
    """The state of a table of gold now.

    Args:
        table: Its name.

    Raises:
        TransientError: The catalog or the object store does not answer.
        TerminalError: They refuse.
    """
    with behind():
        try:
            with clients.calling(f"find table {DATABASE}.{table}"):
                found = clients.glue().get_table(DatabaseName=DATABASE, Name=table)["Table"]
        except clients.MissingError:
            return State(NONE, frozenset())
        return _read(found["Parameters"]["metadata_location"])


@lru_cache(maxsize=64)
def _read(location: str) -> State:
    metadata = json.loads(objects.read_text(location))
    there = {each["snapshot-id"] for each in metadata.get("snapshots", ())}
    # What was the newest once, and not what a run has written beside and not published.
    published = {each["snapshot-id"] for each in metadata.get("snapshot-log", ())}
    newest = metadata.get("current-snapshot-id")
    # Of a table without snapshots some writers say -1.
    return State(newest if newest in there else NONE, frozenset(there & {*published, newest}))
