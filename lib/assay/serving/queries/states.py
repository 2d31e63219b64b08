"""Which states tables are in: what was read can be named, and whether it changed meanwhile."""

from __future__ import annotations

from collections.abc import Iterable

from pyiceberg.catalog import Catalog

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
