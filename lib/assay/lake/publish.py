"""Write, audit, publish: how one commit of data reaches a table's main branch, or does not.

The data are committed on a branch of their own, checked there against the table's contract, and published by
moving main to that branch. The run, its job, the contract's version and the watermarks travel in the summary
of the same commit, so data and the record of how far they go can never differ. Row counts stand there, too:
Iceberg writes them, and the audit counts the rows and compares.
"""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pyspark.errors import AnalysisException
from pyspark.sql import SparkSession

from assay.errors import AssayError, ContractError, TerminalError, TransientError
from assay.lake import iceberg
from assay.lake.contracts import Contract
from assay.lake.iceberg import MAIN, Snapshot, Table
from assay.lake.summary import RUN, TOKEN, WATERMARK, Writer, plain, watermarks_at

ATTEMPTS = 6
BRANCH = "audit_"
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0
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
        write: (state before, branch to write to, properties for the commit's summary) → commits the rows.
        check: (state before, state after) → raises if the rows break the contract.
        anew: Whether the watermarks of before are forgotten.
    """

    contract: Contract
    watermark: Mapping[str, str]
    nothing: Callable[[], bool]
    write: Callable[[Snapshot, str, Mapping[str, str]], None]
    check: Callable[[Snapshot, Snapshot], object]
    anew: bool = False


def publish(
    write: Write, *, spark: SparkSession, catalog: str, writer: Writer, expected: Mapping[str, str | None]
) -> Commit:
    """Carry out a write, again if another writer commits first: read again, written again, never over it.

    Args:
        write: What to write.
        spark: The session.
        catalog: The Iceberg catalog.
        writer: Who writes, and to which branch.
        expected: Watermarks as the run read them; the write is refused if one has moved since.

    Raises:
        ContractError: The rows do not fit the table or its contract; nothing was changed.
        TransientError: Another run wrote at the same time; nothing was changed.
    """
    identifier = f"{catalog}.{write.contract.name}"
    for attempt in range(ATTEMPTS):
        time.sleep(_pause(attempt))
        table = Table.load(spark, identifier)
        # The state that the write goes on from: marks and branch are of this one, whoever commits meanwhile.
        tip = table.tip(writer.branch) if table else None
        marks = watermarks_at(table, tip)
        _refuse_moved(write.contract.name, marks, expected)
        if write.watermark.items() <= marks.items() and write.nothing():
            return _commit(write, tip, written=False)
        kept = {**({} if write.anew else marks), **write.watermark}
        properties = {
            **{WATERMARK + key: value for key, value in kept.items()},
            **writer.signature(write.contract.version),
            TOKEN: uuid.uuid4().hex,
        }
        table = table or _make(spark, catalog, write.contract)
        published = _attempt(write, spark, table, tip, identifier, writer.branch, properties)
        if published:
            return _commit(write, published, written=True)
    raise TransientError(
        f"{write.contract.name}: other writers committed first {ATTEMPTS} times; nothing was changed, run "
        "the job again"
    )


def _pause(attempt: int) -> float:
    """Seconds before an attempt: drawn, so that two writers do not meet again and again."""
    longest = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** (attempt - 1)) if attempt else 0.0
    return random.uniform(longest / 2, longest)  # noqa: S311 no secret


def ensure(spark: SparkSession, catalog: str, contract: Contract) -> Table:
    """The contract's table, made empty if it is not there yet."""
    return Table.load(spark, f"{catalog}.{contract.name}") or _make(spark, catalog, contract)


def _refuse_moved(name: str, marks: Mapping[str, str], expected: Mapping[str, str | None]) -> None:
    for key, value in expected.items():
        if marks.get(key) != value:
            raise TransientError(
                f"{name}: watermark {key} was {value} when this run read it and is {marks.get(key)} now: "
                "another run wrote meanwhile; nothing was changed, run the job again"
            )


def _attempt(
    write: Write,
    spark: SparkSession,
    table: Table,
    tip: Snapshot | None,
    identifier: str,
    target: str,
    properties: Mapping[str, str],
) -> Snapshot | None:
    """Write, audit and publish once; None if another writer was first."""
    # A branch forked from the main of before can never be published once main has moved; those of another
    # target have a name of their own.
    family = BRANCH if target == MAIN else f"{target}_{BRANCH}"
    branch = f"{family}{plain(properties[RUN])}_{properties[TOKEN][:8]}"
    moving = False
    try:
        _add_columns(spark, identifier, write.contract, table)
        first = tip is None
        if target not in (MAIN, *table.branches):
            tip = table.fork(target, tip)
        base = table.fork(branch, tip)
        if base is None:
            return None
        if first and table.head() is not None:
            table.drop(branch)  # another's first state came meanwhile, and the branch may start from it
            return None
        _write(write, table, base, identifier, branch, properties)
        new = _written(table, branch, base)
        if new is None:
            table.drop(branch)
            return None
        write.check(base, new)
        # Left by killed runs, or by a writer that has now lost the race and will find out.
        dead = tuple(each for each in table.branches if each.startswith(family) and each != branch)
        moving = True
        table.publish(branch, dead, target)
    except Exception as error:
        published = _found(table, target, properties, error) if moving else None
        if published:
            return published  # the commit went through although its answer got lost
        table.drop(branch)
        if iceberg.is_conflict(error):
            return None
        ours = _translated(write.contract, error)
        if ours is None:
            raise
        raise ours from error
    return new


def _write(
    write: Write, table: Table, base: Snapshot, identifier: str, branch: str, properties: Mapping[str, str]
) -> None:
    try:
        write.write(base, f"{identifier}.branch_{branch}", properties)
    except Exception as error:
        if not iceberg.is_unknown(error) or _found(table, branch, properties, error) is None:
            raise
    table.refresh()


def _found(table: Table, branch: str, properties: Mapping[str, str], error: Exception) -> Snapshot | None:
    """This attempt's snapshot on a branch, by its run and token in the refreshed table; None without one.

    Raises:
        TransientError: The catalog does not say.
    """
    try:
        table.refresh()
        ours = {RUN: properties[RUN], TOKEN: properties[TOKEN]}.items()
        kept = table.ancestry(branch) if branch in table.branches else iter(())
        return next((each for each in kept if ours <= each.summary.items()), None)
    except Exception as silent:
        raise TransientError(
            f"the catalog did not say whether a commit of run {properties[RUN]} went through "
            f"({str(error).splitlines()[0]}); run the job again: it finds out and does what is missing"
        ) from silent


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
    there = table.columns
    new = [field for field in contract.fields if field.name not in there]
    if new:
        columns = ", ".join(f"`{field.name}` {field.type}" for field in new)
        spark.sql(f"ALTER TABLE {identifier} ADD COLUMNS ({columns})")
        table.refresh()


def _commit(write: Write, head: Snapshot | None, *, written: bool) -> Commit:
    if head is None:
        return Commit(write.contract.name, None, 0, 0, written)
    added = head.count("added-records") if written else 0
    return Commit(write.contract.name, head.id, added, head.count("total-records"), written)
