"""bronze → silver, table by table: what is new since the last run, checked, set aside or merged.

The quarantine is published before the tables: a run killed in between repeats both, and quarantining a row
twice leaves it there once. The other way round, what the killed run should have set aside would be lost.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial, reduce

from pyspark.sql import DataFrame

from assay.lake.contracts import Contract
from assay.lake.parallel import each
from assay.lake.rules import violations
from assay.lake.tables import Lake
from assay.medallion import silver_exposures
from assay.medallion.silver_late import edges, without_deleted
from assay.medallion.silver_shapes import SOURCES, shape
from assay.medallion.silver_versions import DELETED, Counts, counts, newest, quarantined, versions

QUARANTINE = "silver.quarantine"
EXPOSURES = "silver.exposures"
LATEST = "latest change"
"""Watermark of a silver table: the greatest number among the changes that it was made of."""


@dataclass(frozen=True, slots=True)
class Batch:
    """The new rows of one table.

    Attributes:
        name: The silver table.
        until: Snapshot of the bronze table up to which the batch goes.
        versions: The new versions, kept in memory until `release`.
        counts: What becomes of them.
    """

    name: str
    until: int
    versions: DataFrame
    counts: Counts

    def release(self) -> None:
        """Give the memory back."""
        self.versions.unpersist()


def refine(lake: Lake, names: Iterable[str] = tuple(SOURCES)) -> dict[str, Counts]:
    """Bring silver tables up to date with bronze.

    Args:
        lake: The lake.
        names: The silver tables.

    Returns:
        Silver table → what became of its new rows; a table without news is left out.

    Raises:
        ReconciliationError: Rows in are not rows out, quarantined and superseded; that table was not changed.
        TransientError: Another run wrote at the same time.
    """
    found = each({name: partial(read, lake, name) for name in names})
    batches = [batch for batch in found.values() if batch is not None]
    try:
        set_aside(lake, batches)
        each({batch.name: partial(merge, lake, batch) for batch in batches})
    finally:
        for batch in batches:
            batch.release()
    return {batch.name: batch.counts for batch in batches}


def read(lake: Lake, name: str) -> Batch | None:
    """The new rows of a table, typed, checked and counted; None if there is no news.

    Raises:
        ReconciliationError: The counts do not add up.
    """
    source = SOURCES[name]
    mark = lake.watermark(name, source)
    since = int(mark) if mark else None
    until = lake.snapshot(source)
    if until is None or since == until:
        return None
    contract = Contract.load(name)
    batch = _versions(lake, contract, lake.appended(source, since, until)).persist()
    counted = counts(batch)
    counted.reconcile(name, lake.added(source, since, until))
    return Batch(name, until, batch, counted)


def set_aside(lake: Lake, batches: Iterable[Batch]) -> None:
    """Publish the versions that break their contract, of all tables in one commit."""
    bad = [quarantined(batch.versions, batch.name) for batch in batches if batch.counts.quarantined]
    if bad:
        lake.merge(QUARANTINE, reduce(DataFrame.unionByName, bad), {})


def merge(lake: Lake, batch: Batch) -> None:
    """Publish the good versions of a batch, with how far they go."""
    contract = Contract.load(batch.name)
    rows = _exposures(lake, batch) if batch.name == EXPOSURES else newest(batch.versions, contract.schema)
    rows, marks = _in_order(lake, batch, contract, rows)
    rows.persist()  # a MERGE reads its source twice
    marks[SOURCES[batch.name]] = str(batch.until)
    try:
        lake.merge(batch.name, rows, marks, delete_when=DELETED)
    finally:
        rows.unpersist()


def _in_order(
    lake: Lake, batch: Batch, contract: Contract, rows: DataFrame
) -> tuple[DataFrame, dict[str, str]]:
    """The rows without what a newer delete of an earlier batch ended, and the mark of the latest change."""
    source = SOURCES[batch.name]
    # Exposures are made from all their events anyway, and what is only collected knows no deletes.
    if batch.name == EXPOSURES or "_op" not in Contract.load(source).columns:
        return rows, {}
    first, last = edges(batch.versions)
    latest = lake.watermark(batch.name, LATEST)
    if latest is None or first <= latest:
        bronze = lake.read(source, batch.until)
        rows = without_deleted(rows, bronze, batch.name, contract.schema, contract.keys)
    return rows, {LATEST: max(last, latest or "")}


def _versions(lake: Lake, contract: Contract, changes: DataFrame) -> DataFrame:
    return versions(
        changes,
        shape(contract.name, changes, contract.schema),
        contract.schema,
        violations=violations(contract),
        keys=contract.keys,
        run_id=lake.run_id,
    )


def _exposures(lake: Lake, batch: Batch) -> DataFrame:
    good = "size(_reasons) = 0"
    source = lake.read(SOURCES[EXPOSURES], batch.until)
    history = _versions(lake, Contract.load(EXPOSURES), source).where(good)
    # Nearly free: the files' own statistics say that they hold inserts only.
    moves = not source.where("_op = 'U'").isEmpty()
    units = silver_exposures.touched(batch.versions.where(good), history, moves=moves)
    events = silver_exposures.events_of(history, units, moves=moves)
    return silver_exposures.first_exposures(events, units, run_id=lake.run_id)
