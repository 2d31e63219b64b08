"""Did everything arrive? What the source says it changed against what bronze holds, per transaction.

The source's row in `loads` is written in the transaction that loads a week, counts its changes and sums their
money. All rows of one transaction share its commit time, in bronze as `_committed_at`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from assay.errors import ReconciliationError
from assay.medallion import promise as promised_text
from assay.medallion.accounts import plain
from assay.medallion.promise import DELETED, INSERTED, OPERATIONS, UPDATED, Change

Arrived = Mapping[tuple[str, int], Change]

_DONE = {INSERTED: "inserted", UPDATED: "updated", DELETED: "deleted"}

# Numbers, not datetimes: Python would read those in the machine's time zone.
_MICROSECONDS = "unix_micros(_committed_at)"


@dataclass(frozen=True, slots=True)
class Promise:
    """What one loading transaction says it changed.

    Attributes:
        week: The week it loaded.
        committed_at: When it was committed, in microseconds since 1970.
        changes: Table → changes.
    """

    week: date
    committed_at: int
    changes: Mapping[str, Change]


def _shown(microseconds: int) -> str:
    return datetime.fromtimestamp(microseconds / 1e6, UTC).isoformat()


def promises(loads: DataFrame) -> list[Promise]:
    """The promises in rows of bronze.loads, each once.

    Rows of the full load make none: the changes behind them came before capture began, with the full load.

    Raises:
        ReconciliationError: A row's `changes` is not a JSON object of counts and sums.
    """
    rows = loads.where((F.col("_op") != "D") & F.col("_change_seq").isNotNull())
    distinct = rows.dropDuplicates(["_change_seq"]).select(
        "week", F.expr(_MICROSECONDS).alias("at"), "changes"
    )
    return [
        Promise(row["week"], row["at"], _changes(row["week"], row["changes"])) for row in distinct.collect()
    ]


def _changes(week: date, text: str | None) -> dict[str, Change]:
    try:
        return promised_text.parse(text)
    except (ValueError, TypeError, AttributeError) as error:
        raise ReconciliationError(
            f"loads, week {week}: changes is {text!r}; it must be a JSON object, table to number of changes, "
            'or to {"changes": number, column: {operation: sum}}'
        ) from error


def arrived(tables: Mapping[str, DataFrame], promised: Sequence[Promise]) -> Arrived:
    """What bronze holds of the promised transactions, each change once, in one Spark job.

    Args:
        tables: Name as in a promise → bronze table.
        promised: What to look for.
    """
    moments = [F.timestamp_micros(F.lit(promise.committed_at)) for promise in promised]
    if not tables or not moments:
        return {}
    found = [
        _counted(table, rows.where(F.col("_committed_at").isin(moments)), _money(table, promised))
        for table, rows in tables.items()
    ]
    return {
        (table, at): Change(rows, {(column, op): total for column, op, total in money})
        for table, at, rows, money in reduce(DataFrame.unionAll, found).collect()
    }


def _money(table: str, promised: Sequence[Promise]) -> list[str]:
    none = Change(0)
    return sorted({column for one in promised for column, _ in one.changes.get(table, none).money})


def _counted(table: str, rows: DataFrame, columns: Sequence[str]) -> DataFrame:
    """Distinct changes per transaction, with the sums of columns by operation."""
    at = F.expr(_MICROSECONDS).alias("at")
    each = rows.groupBy(at, "_change_seq").agg(
        F.max("_op").alias("_op"), *(F.max(column).alias(column) for column in columns)
    )
    sums = [
        F.struct(
            F.lit(column).alias("column"),
            F.lit(op).alias("op"),
            F.coalesce(F.sum(F.when(F.col("_op") == op, F.col(column))), F.lit(0))
            .cast("decimal(38,9)")
            .alias("total"),
        )
        for column in columns
        for op in OPERATIONS
    ]
    money = F.array(*sums).cast("array<struct<column string, op string, total decimal(38,9)>>")
    # A change without a number is one of the full load, which has no transaction to be counted with.
    return each.groupBy(F.lit(table).alias("table"), "at").agg(F.count("_change_seq"), money)


def missing(
    promised: Sequence[Promise], found: Arrived, erased: Mapping[tuple[str, int], int] | None = None
) -> list[str]:
    """What has not arrived yet, one sentence per table and transaction; empty when all is there.

    Args:
        promised: What the source says.
        found: What bronze holds.
        erased: (table, commit time) → changes that arrived and were given up, to forget a person. What they
            were worth nobody knows any more, so that amounts of such a transaction are not compared.

    Raises:
        ReconciliationError: More arrived than was promised, or all of it with other amounts: waiting would
            not help.
    """
    sentences = []
    for promise in promised:
        for table, change in promise.changes.items():
            here = found.get((table, promise.committed_at), Change(0))
            given_up = (erased or {}).get((table, promise.committed_at), 0)
            rows = here.rows + given_up
            if rows > change.rows:
                raise ReconciliationError(
                    f"bronze.{table}, week {promise.week}: {rows:,} changes arrived of a transaction "
                    f"that made {change.rows:,}; compare the files of {_shown(promise.committed_at)} with "
                    "the source"
                )
            if rows < change.rows:
                sentences.append(f"bronze.{table}, week {promise.week}: {rows:,} of {change.rows:,} changes")
            elif not given_up:
                _compare_money(promise, table, change, here)
    return sentences


def _compare_money(promise: Promise, table: str, change: Change, here: Change) -> None:
    for (column, op), total in change.money.items():
        found = here.money.get((column, op), Decimal(0))
        if found != total:
            raise ReconciliationError(
                f"bronze.{table}, week {promise.week}: {column} of the {_DONE.get(op, op)} rows sums to "
                f"{plain(found)} and the source says {plain(total)}; all {change.rows:,} changes are "
                f"there, so compare {column} in the files of {_shown(promise.committed_at)} with the source"
            )
