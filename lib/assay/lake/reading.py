"""The published state of the lake's tables: what stands in them, and what changed between two states."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from pyspark.sql import Column, DataFrame, DataFrameReader, SparkSession
from pyspark.sql import functions as F

from assay.errors import InputError, TerminalError
from assay.lake.contracts import Contract
from assay.lake.iceberg import APPEND, Snapshot, Table
from assay.spark.local import frame

_UNKNOWN = (
    "{name}: snapshot {since} is not in the table's history (expired, or the table was made anew), so what "
    "changed since is unknown; read the whole table (since=None)"
)


class Published:
    """Tables as readers see them; `Lake` adds writing.

    Attributes:
        spark: The session.
        catalog: The Iceberg catalog.
        branch: Whose states are read; main's, of a table where it is not there.
    """

    __slots__ = ()
    spark: SparkSession
    catalog: str
    branch: str

    def exists(self, name: str) -> bool:
        """Whether a table was ever made.

        Raises:
            InputError: There is no contract of that name.
        """
        return self._table(name) is not None

    def table(self, name: str) -> Table:
        """A table as Iceberg knows it now.

        Raises:
            InputError: There is no contract of that name, or no table.
        """
        found = self._table(name)
        if found is None:
            raise InputError(f"there is no table {name!r} any more; somebody dropped it meanwhile")
        return found

    def snapshot(self, name: str) -> int | None:
        """The number of the published state; None for a table without one.

        Raises:
            InputError: There is no contract of that name.
        """
        table = self._table(name)
        tip = table.tip(self.branch) if table else None
        return tip.id if tip else None

    def history(self, name: str, limit: int) -> Iterator[Snapshot]:
        """The published states of a table, newest first, as far back as they are kept.

        Each costs some milliseconds: whoever needs the newest only, asks for no more.

        Args:
            name: `<layer>.<table>`.
            limit: How many at most.

        Raises:
            InputError: There is no contract of that name.
        """
        table = self._table(name)
        return islice(table.ancestry(self.branch), limit) if table else iter(())

    def read(self, name: str, snapshot: int | None = None) -> DataFrame:
        """A table as published at this moment (later writes do not show), or as of a snapshot.

        Args:
            name: `<layer>.<table>`; a table never written reads as empty, with its contract's columns.
            snapshot: A state to read instead of the newest.

        Raises:
            InputError: There is no contract of that name.
        """
        pinned = self.snapshot(name) if snapshot is None else snapshot
        if pinned is None:
            return frame(self.spark, [], Contract.load(name).schema)
        return as_of(self.spark, self._identifier(name), pinned)

    def appended(self, name: str, since: int | None, until: int | None = None) -> DataFrame:
        """The rows of an append-only table that were added between two snapshots.

        Args:
            name: `<layer>.<table>`.
            since: Snapshot up to which rows are left out; None for all rows.
            until: Last snapshot whose rows are included; the newest by default.

        Raises:
            TerminalError: `since` is not in the table's history, so that the difference is unknown.
        """
        end = self.snapshot(name) if until is None else until
        if since is None or end is None:
            return self.read(name, end)
        self._need_ancestor(name, since)
        if since == end:
            return self.read(name, end).where("false")
        return self._between(name, since, end)

    def added(self, name: str, since: int | None, until: int) -> int:
        """How many rows the commits of an append-only table say they added between two snapshots.

        Args:
            name: `<layer>.<table>`.
            since: Snapshot up to which rows are left out; None for all rows.
            until: Last snapshot whose rows are included.

        Raises:
            TerminalError: A snapshot is not in the table's history, so that the count is unknown.
        """
        table = self._table(name)
        total = 0
        for snapshot in table.ancestry_of(until) if table else ():
            if since is None:
                return snapshot.count("total-records")
            if snapshot.id == since:
                return total
            if snapshot.operation == APPEND:  # a compaction and a deletion write rows anew that were there
                total += snapshot.count("added-records")
        raise TerminalError(_UNKNOWN.format(name=name, since=since or until))

    def changelog(self, name: str, since: int | None, until: int | None = None) -> DataFrame:
        """The rows that came into the table's files and left them between a snapshot and now.

        A changed row stands there twice, as it was and as it is. So does one that a commit copied as it was
        into another file: `medallion.gold_touched` lets those cancel, in a grouping that is needed anyway,
        where Iceberg's own views of changes sort all rows once more.

        Args:
            name: `<layer>.<table>`.
            since: The snapshot to compare with; None compares with an empty table.
            until: The snapshot that counts as now; the newest by default.

        Returns:
            The table's columns and `_change_type` (INSERT, DELETE), `_change_ordinal int` and
            `_commit_snapshot_id bigint`.

        Raises:
            TerminalError: `since` is not in the table's history, so that the difference is unknown.
        """
        end = self.snapshot(name) if until is None else until
        if since is None or end is None or since == end:
            rows = self.read(name, end)
            rows = rows if since is None else rows.where("false")
            return rows.select("*", *_change_columns(end))
        self._need_ancestor(name, since)
        # Without this a plain count of changes fails in Iceberg 1.10, which asks files' statistics for it.
        reader = self._since(since, end).option("aggregate-push-down-enabled", "false")
        return reader.table(f"{self._identifier(name)}.changes")

    def _identifier(self, name: str) -> str:
        return f"{self.catalog}.{name}"

    def _table(self, name: str) -> Table | None:
        return Table.load(self.spark, self._identifier(Contract.load(name).name))

    def _between(self, name: str, since: int, until: int) -> DataFrame:
        return self._since(since, until).format("iceberg").load(self._identifier(name))

    def _since(self, since: int, until: int) -> DataFrameReader:
        return self.spark.read.option("start-snapshot-id", since).option("end-snapshot-id", until)

    def _need_ancestor(self, name: str, since: int) -> None:
        table = self._table(name)
        if table is None or all(snapshot.id != since for snapshot in table.ancestry(self.branch)):
            raise TerminalError(_UNKNOWN.format(name=name, since=since))


def as_of(spark: SparkSession, identifier: str, snapshot: int | str) -> DataFrame:
    """An Iceberg table's rows as of a snapshot, under the columns that it has now.

    Spark 3.5 heeds `versionAsOf` in `load` alone, Iceberg on Spark 4 no other option; both then give the
    columns of that time.

    Args:
        spark: The session.
        identifier: `catalog.database.table`.
        snapshot: Its number.
    """
    then = spark.read.format("iceberg").option("versionAsOf", snapshot).load(identifier)
    now = spark.read.table(identifier).schema
    held = set(then.columns)
    if then.columns == now.names:
        return then
    columns = ((F.col(f"`{each.name}`") if each.name in held else F.lit(None), each) for each in now)
    return then.select(*(column.cast(each.dataType).alias(each.name) for column, each in columns))


def _change_columns(end: int | None) -> tuple[Column, ...]:
    return (
        F.lit("INSERT").alias("_change_type"),
        F.lit(0).alias("_change_ordinal"),
        F.lit(end).cast("long").alias("_commit_snapshot_id"),
    )
