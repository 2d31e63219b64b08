"""Write, audit, publish: how one commit of data reaches a table's main branch, or does not.

The data are committed on a branch of their own, checked there against the table's contract, and published by
moving main to that branch. The run and the watermarks travel in the summary of the same commit, so data and
the record of how far they go can never differ.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pyspark.errors import AnalysisException
from pyspark.sql import SparkSession

from assay.errors import AssayError, ContractError, TerminalError, TransientError
from assay.lake import iceberg
from assay.lake.contracts import Contract
from assay.lake.iceberg import Snapshot, Table

WATERMARK = "assay.watermark."
RUN = "assay.run_id"
ATTEMPTS = 3
BRANCH = "audit_"
_PARTIAL = "Cannot delete file where some, but not all, rows match filter"
_CARDINALITY = "MERGE_CARDINALITY_VIOLATION"


@dataclass(frozen=True, slots=True)
class Commit:
    """What a write left behind.

    Attributes:
        table: The table's name.
        snapshot: Main's head after the write; None if the table is still empty.
        added: Rows in new files; a MERGE also counts rows that it copied unchanged.
        total: Rows in the table.
        written: False if there was nothing to write.
    """

    table: str
    snapshot: int | None
    added: int
    total: int
    written: bool


@dataclass(frozen=True, slots=True)
class Write:
    """One write to one table, ready to be tried once or more.

    Attributes:
        contract: Of the table.
        watermark: Key → how far the table goes with this write.
        nothing: Whether there are no rows to write; asked only if the watermark stays as well.
        write: (branch to write to, properties for the commit's summary) → commits the rows there.
        check: (state before, state after) → raises if the rows break the contract.
    """

    contract: Contract
    watermark: Mapping[str, str]
    nothing: Callable[[], bool]
    write: Callable[[str, Mapping[str, str]], None]
    check: Callable[[Snapshot, Snapshot], object]


def publish(
    write: Write, *, spark: SparkSession, catalog: str, run_id: str, expected: Mapping[str, str | None]
) -> Commit:
    """Carry out a write, again if another writer commits first.

    Args:
        write: What to write.
        spark: The session.
        catalog: The Iceberg catalog.
        run_id: The run that writes.
        expected: Watermarks as the run read them; the write is refused if one has moved since.

    Raises:
        ContractError: The rows do not fit the table or its contract; nothing was changed.
        TransientError: Another run wrote at the same time; nothing was changed.
    """
    identifier = f"{catalog}.{write.contract.name}"
    for _ in range(ATTEMPTS):
        table = Table.load(spark, identifier)
        marks = watermarks(table)
        _refuse_moved(write.contract.name, marks, expected)
        if write.watermark.items() <= marks.items() and write.nothing():
            return _commit(write, table.head() if table else None, written=False)
        table = table or _make(spark, catalog, write.contract)
        _add_columns(spark, identifier, write.contract, table)
        properties = {WATERMARK + key: value for key, value in {**marks, **write.watermark}.items()}
        published = _attempt(write, table, identifier, {**properties, RUN: run_id})
        if published:
            return _commit(write, published, written=True)
    raise TransientError(
        f"{write.contract.name}: other writers committed first {ATTEMPTS} times; nothing was changed, run "
        "the job again"
    )


def ensure(spark: SparkSession, catalog: str, contract: Contract) -> Table:
    """The contract's table, made empty if it is not there yet."""
    return Table.load(spark, f"{catalog}.{contract.name}") or _make(spark, catalog, contract)


def watermarks(table: Table | None) -> dict[str, str]:
    """Key → newest value on main. Our commits carry all of them on; a compaction by another tool does not."""
    found: dict[str, str] = {}
    for snapshot in table.ancestry() if table else ():
        marks = {k.removeprefix(WATERMARK): v for k, v in snapshot.summary.items() if k.startswith(WATERMARK)}
        found = {**marks, **found}
        if RUN in snapshot.summary:
            break
    return found


def _refuse_moved(name: str, marks: Mapping[str, str], expected: Mapping[str, str | None]) -> None:
    for key, value in expected.items():
        if marks.get(key) != value:
            raise TransientError(
                f"{name}: watermark {key} was {value} when this run read it and is {marks.get(key)} now: "
                "another run wrote meanwhile; nothing was changed, run the job again"
            )


def _attempt(write: Write, table: Table, identifier: str, properties: Mapping[str, str]) -> Snapshot | None:
    """Write, audit and publish once; None if another writer was first."""
    branch = f"{BRANCH}{re.sub(r'[^A-Za-z0-9]', '_', properties[RUN])}_{uuid.uuid4().hex[:8]}"
    new: Snapshot | None = None
    try:
        base = table.fork(branch)
        write.write(f"{identifier}.branch_{branch}", properties)
        table.refresh()
        new = _written(table, branch, base)
        if new is None:
            table.drop(branch)
            return None
        write.check(base, new)
        # What forked from the old main can never be published once main has moved: left by killed runs, or by
        # a writer that has now lost the race and will find out.
        dead = tuple(each for each in table.branches if each.startswith(BRANCH) and each != branch)
        table.publish(branch, dead)
    except Exception as error:
        if new is not None and _is_published(table, new):
            return new  # the commit went through although its answer got lost
        table.drop(branch)
        if iceberg.is_conflict(error):
            return None
        ours = _translated(write.contract, error)
        if ours is None:
            raise
        raise ours from error
    return new


def _written(table: Table, branch: str, base: Snapshot) -> Snapshot | None:
    """What was written to a branch; None if another writer had dropped the branch meanwhile.

    Iceberg then makes it anew, from the main of that moment: such a commit could be published, and would add
    once more what the other writer has just added.
    """
    new = table.head(branch)
    return new if new and base.id in (new.id, new.parent) else None


def _translated(contract: Contract, error: Exception) -> AssayError | None:
    """The error of ours that an engine's error stands for, if it is about the rows."""
    text = str(error)
    if isinstance(error, AnalysisException):
        return ContractError(
            f"{contract.name}: the rows do not fit the table: {text.splitlines()[0]}; nothing was changed"
        )
    if _CARDINALITY in text:
        keys = ", ".join(contract.keys)
        return ContractError(
            f"{contract.name}: a value of the key ({keys}) stands in more than one row to merge; nothing was "
            "changed"
        )
    if _PARTIAL in text:
        return TerminalError(
            f"{contract.name}: what is to be replaced must be whole partitions or everything, because files "
            "are replaced, not rows; use merge for single rows. Nothing was changed"
        )
    return None


def _is_published(table: Table, new: Snapshot) -> bool:
    table.refresh()
    return any(snapshot.id == new.id for snapshot in table.ancestry())


def _make(spark: SparkSession, catalog: str, contract: Contract) -> Table:
    database = contract.name.partition(".")[0]
    spark.sql(f"CREATE NAMESPACE IF NOT EXISTS {catalog}.{database}")
    spark.sql(contract.ddl(catalog))
    table = Table.load(spark, f"{catalog}.{contract.name}")
    if table is None:  # pragma: no cover  the statement above made it
        raise TransientError(f"{contract.name}: the catalog does not show the table it just made; run again")
    return table


def _add_columns(spark: SparkSession, identifier: str, contract: Contract, table: Table) -> None:
    """Columns that the contract gained are added; old rows have null in them."""
    new = [field for field in contract.fields if field.name not in table.columns]
    if new:
        columns = ", ".join(f"`{field.name}` {field.type}" for field in new)
        spark.sql(f"ALTER TABLE {identifier} ADD COLUMNS ({columns})")
        table.refresh()


def _commit(write: Write, head: Snapshot | None, *, written: bool) -> Commit:
    if head is None:
        return Commit(write.contract.name, None, 0, 0, written)
    added = head.count("added-records") if written else 0
    return Commit(write.contract.name, head.id, added, head.count("total-records"), written)
