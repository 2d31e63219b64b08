"""bronze → silver, table by table: what is new since the last run, checked, set aside or merged.

The quarantine is published before the tables: a run killed in between repeats both, and quarantining a row
twice leaves it there once. The other way round, what the killed run should have set aside would be lost.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial, reduce

from pyspark.sql import DataFrame

from assay.lake.contracts import Contract, made_of
from assay.lake.parallel import each
from assay.lake.rules import violations
from assay.lake.tables import CHANGE_SEQUENCE, Lake
from assay.lake.terms import Severity
from assay.medallion import silver_exposures
from assay.medallion.silver_shapes import shape
from assay.medallion.silver_versions import (
    DELETED,
    Counts,
    Violations,
    counts,
    deletes_after,
    newest,
    quarantined,
    undeleted,
    versions,
)
from assay.spark.local import FEW, kept

QUARANTINE = "silver.quarantine"
EXPOSURES = "silver.exposures"
GOOD = "size(_reasons) = 0"


@dataclass(frozen=True, slots=True)
class Batch:
    """The new rows of one table.

    Attributes:
        name: The silver table.
        until: Snapshot of the bronze table up to which the batch goes.
        versions: The new versions; many are kept in memory, few are a local frame.
        counts: What becomes of them.
    """

    name: str
    until: int
    versions: DataFrame
    counts: Counts


def refine(lake: Lake, names: Iterable[str] | None = None) -> dict[str, Counts]:
    """Bring silver tables up to date with bronze.

    Args:
        lake: The lake.
        names: The silver tables; all by default.

    Returns:
        Silver table → what became of its new rows; a table without news is left out.

    Raises:
        ContractError: A row breaks a rule that halts; no table was changed.
        ReconciliationError: Rows in are not rows out, quarantined and superseded; no table was changed.
        TransientError: Another run wrote at the same time.
    """
    with ExitStack() as end:
        found = each(
            {name: partial(read, lake, name, end) for name in (made_of() if names is None else names)}
        )
        batches = [batch for batch in found.values() if batch is not None]
        set_aside(lake, batches)
        each({batch.name: partial(merge, lake, batch) for batch in batches})
    return {batch.name: batch.counts for batch in batches}


def read(lake: Lake, name: str, end: ExitStack) -> Batch | None:
    """The new rows of a table, typed, checked and counted; None if there is no news.

    Args:
        lake: The lake.
        name: The silver table.
        end: Sets the memory of the rows free.

    Raises:
        ContractError: A row breaks a rule that halts.
        ReconciliationError: The counts do not add up.
    """
    source = made_of()[name]
    mark = lake.watermark(name, source)
    since = int(mark) if mark else None
    until = lake.snapshot(source)
    if until is None or since == until:
        return None
    contract = Contract.load(name)
    added = lake.added(source, since, until)
    batch = _versions(lake, contract, lake.appended(source, since, until))
    batch = kept(end, batch, many=added > FEW)
    counted = counts(batch, warns=_texts(contract, "warn"), halts=_texts(contract, "halt"))
    counted.reconcile(name, added)
    counted.refuse_halted(name)
    return Batch(name, until, batch, counted)


def set_aside(lake: Lake, batches: Iterable[Batch]) -> None:
    """Publish the versions that break their contract, of all tables in one commit."""
    bad = [quarantined(batch.versions, batch.name) for batch in batches if batch.counts.quarantined]
    if bad:
        lake.merge(QUARANTINE, reduce(DataFrame.unionByName, bad), {})


def merge(lake: Lake, batch: Batch) -> None:
    """Publish the good versions of a batch, with how far they go."""
    contract = Contract.load(batch.name)
    latest = newest(batch.versions, contract.schema)
    if batch.name == EXPOSURES:
        rows = exposures(lake, batch.versions.where(GOOD), batch.until)
    else:
        rows = standing(lake, contract, latest, batch)
    many = batch.counts.rows_in > FEW
    with ExitStack() as end:
        if not many or rows is not latest:  # a MERGE reads its source twice; many versions are in memory
            rows = kept(end, rows, many=many)
        lake.merge(batch.name, rows, {made_of()[batch.name]: str(batch.until)}, delete_when=DELETED)


def _versions(lake: Lake, contract: Contract, changes: DataFrame) -> DataFrame:
    return versions(
        changes,
        shape(contract.name, changes, contract.schema),
        contract.schema,
        violations=Violations(
            quarantine=violations(contract, "quarantine"),
            warn=violations(contract, "warn"),
            halt=violations(contract, "halt"),
        ),
        keys=contract.keys,
        run_id=lake.run_id,
        unknown=Contract.load(made_of()[contract.name]).schema_mode == "discard_row",
    )


def standing(lake: Lake, contract: Contract, rows: DataFrame, batch: Batch) -> DataFrame:
    """The rows to merge, without those that a delete which came before them has already superseded.

    A deleted row has left silver, and with it the number of its delete: only bronze still knows it.

    Args:
        lake: The lake.
        contract: Of the silver table.
        rows: As `newest` gives them of the batch.
        batch: The new versions.

    Returns:
        `rows` itself where all of them stand.
    """
    source, oldest = made_of()[contract.name], batch.counts.oldest
    captured = CHANGE_SEQUENCE in contract.columns and "_op" in Contract.load(source).columns
    if not captured or oldest is None:
        return rows
    # Nearly free: the files' own statistics say that there is no younger delete than the oldest new row.
    gone = lake.read(source, batch.until).where(deletes_after(oldest))
    if gone.isEmpty():
        return rows
    return undeleted(rows, _versions(lake, contract, gone), contract.keys)


def _texts(contract: Contract, severity: Severity) -> list[str]:
    return [rule.text for rule in contract.rules if rule.severity == severity]


def exposures(lake: Lake, good: DataFrame, until: int | None) -> DataFrame:
    """The rows of silver.exposures of the units that versions of events touch, to be merged.

    Args:
        lake: The lake.
        good: Good versions of events.
        until: Snapshot of bronze.exposures up to which all events of those units count; the newest if None.
    """
    source = lake.read(made_of()[EXPOSURES], until)
    history = _versions(lake, Contract.load(EXPOSURES), source).where(GOOD)
    # Nearly free: the files' own statistics say that they hold inserts only.
    moves = not source.where("_op = 'U'").isEmpty()
    units = silver_exposures.touched(good, history, moves=moves)
    events = silver_exposures.events_of(history, units, moves=moves)
    return silver_exposures.first_exposures(events, units, run_id=lake.run_id)
