"""Which states tables are in: what was read can be named, and whether it changed meanwhile."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress

from pyiceberg.catalog import Catalog

from assay.runtime import clients
from assay.serving.queries import catalog


def states(tables: Iterable[str], *, source: Catalog | None = None) -> dict[str, str]:
    """The snapshot that readers see now, of each table that has one.

    Args:
        tables: As `database.table`.
        source: The catalog; Glue's, as the environment names it, if not given.

    Returns:
        Table → id of the snapshot, as text: it has more digits than a number of JSON. Tables that do not
        exist, or that nothing was written to, are left out.

    Raises:
        TransientError: The catalog does not answer.
    """
    place = catalog.glue() if source is None else source
    present = set(catalog.names(place))
    found = {}
    for table in tables:
        database, _, name = table.partition(".")
        if (database, name) in present:
            snapshot = catalog.load(place, database, name).current_snapshot()
            if snapshot is not None:
                found[table] = str(snapshot.snapshot_id)
    return found


def of_database(database: str) -> str:
    """Which state all tables of a database are in together: equal texts, equal rows.

    Glue knows where the metadata of each table are, and a file of metadata never changes: nothing is read of
    the tables themselves. A write to a branch gives another text for the same rows, too.

    Args:
        database: Its name; one that does not exist is in a state as well.

    Raises:
        TransientError: The catalog does not answer.
    """
    glue, found = clients.glue(), {}
    with catalog.answering(), suppress(glue.exceptions.EntityNotFoundException):
        for page in glue.get_paginator("get_tables").paginate(DatabaseName=database):
            for table in page["TableList"]:
                found[table["Name"]] = table.get("Parameters", {}).get("metadata_location")
    return json.dumps(found, sort_keys=True)
