"""Did everything arrive? What the source says it changed against what bronze holds, per transaction.

The source's row in `loads` is written in the transaction that loads a week and counts its changes.
All rows of one transaction share its commit time, in bronze as `_committed_at`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from assay.errors import ReconciliationError

Arrived = Mapping[tuple[str, int], int]


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
    changes: Mapping[str, int]


def _shown(microseconds: int) -> str:
    return datetime.fromtimestamp(microseconds / 1e6, UTC).isoformat()


def promises(loads: DataFrame) -> list[Promise]:
    """The promises in rows of bronze.loads, each once.

    Rows of the full load make none: the changes behind them came before capture began, with the full load.

    Raises:
        ReconciliationError: A row's `changes` is not a JSON object of counts.
    """
    rows = loads.where((F.col("_op") != "D") & F.col("_change_seq").isNotNull())
    distinct = rows.dropDuplicates(["_change_seq"]).select(
        "week", F.expr(_MICROSECONDS).alias("at"), "changes"
    )
    return [
        Promise(row["week"], row["at"], _changes(row["week"], row["changes"])) for row in distinct.collect()
    ]


def _changes(week: date, text: str | None) -> dict[str, int]:
    try:
        return {str(table): int(count) for table, count in json.loads(text or "").items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise ReconciliationError(
            f"loads, week {week}: changes is {text!r}; it must be a JSON object, table to number of changes"
        ) from error


def arrived(tables: Mapping[str, DataFrame], promised: Sequence[Promise]) -> Arrived:
    """How many distinct changes of the promised transactions bronze holds, in one Spark job.

    Args:
        tables: Name as in a promise → bronze table.
        promised: What to look for.
    """
    moments = [F.timestamp_micros(F.lit(promise.committed_at)) for promise in promised]
    counts = [
        rows.where(F.col("_committed_at").isin(moments))
        .groupBy(F.lit(table).alias("table"), F.expr(_MICROSECONDS).alias("at"))
        .agg(F.count_distinct("_change_seq").alias("changes"))
        for table, rows in tables.items()
    ]
    if not counts or not moments:
        return {}
    return {(row[0], row[1]): row[2] for row in reduce(DataFrame.unionAll, counts).collect()}


def missing(promised: Sequence[Promise], found: Arrived) -> list[str]:
    """What has not arrived yet, one sentence per table and transaction; empty when all is there.

    Raises:
        ReconciliationError: More arrived than was promised: waiting would not help.
    """
    sentences = []
    for promise in promised:
        for table, count in promise.changes.items():
            here = found.get((table, promise.committed_at), 0)
            if here > count:
                raise ReconciliationError(
                    f"bronze.{table}, week {promise.week}: {here:,} changes arrived of a transaction that "
                    f"made {count:,}; compare the files of {_shown(promise.committed_at)} with the source"
                )
            if here < count:
                sentences.append(f"bronze.{table}, week {promise.week}: {here:,} of {count:,} changes")
    return sentences
