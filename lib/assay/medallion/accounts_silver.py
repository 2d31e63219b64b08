"""The account of silver: every version in bronze is a row of silver, in quarantine, or deduplicated.

Deduplicated are copies of a version, those that a newer one supersedes, and those of rows that are deleted.
The versions are told apart by the number of their change and the quarantine says which of them are bad: no
contract is read again, so that a rule that changes since, or a row that was let in later, keeps its account.
All tables go through one join and one grouping: what a run pays for here is the number of Spark's stages.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from itertools import chain
from operator import and_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StructType, TimestampType

from assay.medallion.accounts import (
    DEDUPLICATED,
    IN,
    OUT,
    QUARANTINED,
    ROWS,
    WRONG,
    Part,
    opened,
    parts,
    summed,
)
from assay.medallion.lineage import LINEAGE
from assay.medallion.silver_shapes import keyed

# silver.exposures has a row per unit, which says of how many events it is made: those are compared.
_EVENTS = {"silver.exposures": ("exposure_id", "exposures")}
_NUMBER = "_change_seq"


@dataclass(frozen=True, slots=True)
class Layers:
    """A silver table and what it is made of.

    Attributes:
        made_of: Name of the bronze table that it is made of.
        bronze: That table, as far as silver goes.
        silver: The table.
        keys: Its key.
        money: Columns of both whose sums are compared.
    """

    made_of: str
    bronze: DataFrame
    silver: DataFrame
    keys: tuple[str, ...]
    money: tuple[str, ...] = ()


def of_versions(tables: Mapping[str, Layers], quarantine: DataFrame) -> DataFrame:
    """The amounts of silver tables and the bronze tables that they are made of.

    Args:
        tables: Silver table → itself and its source; at least one.
        quarantine: silver.quarantine.
    """
    money = sorted({column for layers in tables.values() for column in layers.money})
    bad = _union(_quarantined(name, layers, quarantine) for name, layers in tables.items()).distinct()
    came = _union(_versions(name, layers, money) for name, layers in tables.items())
    stands = _union(_stands(name, layers, money) for name, layers in tables.items())
    known = came.join(bad, ["target", "_identity"], "left")
    total = _total(_per_row(known.unionByName(stands, allowMissingColumns=True), money), money)
    made_of = [(name, layers.made_of) for name, layers in tables.items()]
    source = F.create_map(*(F.lit(name) for name in chain(*made_of)))[F.col("target")]
    asked = [f"{name}/{column}" for name, layers in tables.items() for column in (ROWS, *layers.money)]
    amounts = opened(total, source, F.col("target"))
    return amounts.where(F.concat_ws("/", "target", "measure").isin(asked))


def _union(frames: Iterable[DataFrame]) -> DataFrame:
    return reduce(DataFrame.unionByName, frames)


def _keys(name: str, layers: Layers) -> tuple[str, ...]:
    return (_EVENTS[name][0],) if name in _EVENTS else layers.keys


def _quarantined(name: str, layers: Layers, quarantine: DataFrame) -> DataFrame:
    data = StructType([field for field in layers.bronze.schema if field.name not in LINEAGE])
    rows = quarantine.where(F.col("contract") == name)
    rows = rows.select(F.from_json("row", data).alias("_bronze"), _NUMBER).select("_bronze.*", _NUMBER)
    found = _identified(name, rows, layers, {})
    return found.select("target", "_identity", F.lit(True).alias("_bad"))


def _versions(name: str, layers: Layers, money: list[str]) -> DataFrame:
    operation = F.col("_op") if "_op" in layers.bronze.columns else F.lit("I")
    amounts = {column: _amount(column, layers) for column in money}
    last = F.struct(
        "_ingested_at",
        "_source_file",
        operation.alias("op"),
        *(amount.alias(column) for column, amount in amounts.items()),
    )
    return _identified(name, layers.bronze, layers, {**amounts, "_last": last})


def _amount(column: str, layers: Layers) -> Column:
    return (F.col(column) if column in layers.money else F.lit(None)).cast("decimal(38,9)")


def _identified(name: str, rows: DataFrame, layers: Layers, others: Mapping[str, Column]) -> DataFrame:
    """Rows of bronze with silver's key as text, and what tells versions apart: a change's number or the key.

    Times of a key are compared to the millisecond there, for so quarantine keeps them.
    """
    keys = _keys(name, layers)
    number = F.col(_NUMBER) if _NUMBER in rows.columns else F.lit(None).cast("string")
    rows = rows.withColumns({**others, "_seq": F.coalesce(number, F.lit(""))})
    typed = keyed(name, rows, layers.silver.schema, keys, "_seq", *others)
    times = [key for key in keys if isinstance(typed.schema[key].dataType, TimestampType)]
    coarse = {key: F.date_trunc("millisecond", key) for key in times}
    identity = F.when(F.col("_seq") == "", _text(keys, coarse)).otherwise(F.col("_seq"))
    return typed.select(
        F.lit(name).alias("target"),
        _text(keys, {}).alias("_key"),
        identity.alias("_identity"),
        "_seq",
        *others,
    )


def _text(keys: Iterable[str], instead: Mapping[str, Column]) -> Column:
    """A key as text, for grouping and for people: `asset BTC, quoted_at 2026-01-05 08:00:00`."""
    values = [F.concat(F.lit(f"{key} "), instead.get(key, F.col(key)).cast("string")) for key in keys]
    return F.concat_ws(", ", *values)


def _stands(name: str, layers: Layers, money: list[str]) -> DataFrame:
    rows, event = layers.silver, name in _EVENTS
    numbered = _NUMBER in rows.columns and not event
    return rows.select(
        F.lit(name).alias("target"),
        (F.lit("") if event else _text(layers.keys, {})).alias("_key"),
        (F.col(_EVENTS[name][1]) if event else F.lit(1)).cast("bigint").alias("_stands"),
        (F.col(_NUMBER) if numbered else F.lit("")).alias("_seq"),
        *(_amount(column, layers).alias(column) for column in money),
    )


def _per_row(both: DataFrame, money: list[str]) -> DataFrame:
    """One row per key: its versions together, the newest good one, and how it stands in silver."""
    stands = F.col("_stands").isNotNull()
    bad, good = F.col("_bad").isNotNull(), ~stands & F.col("_bad").isNull()
    sides = (("in", ~stands), ("quarantined", bad), ("out", stands))
    return both.groupBy("target", "_key").agg(
        F.count_if(~stands).alias("in_rows"),
        F.count_if(bad).alias("quarantined_rows"),
        F.coalesce(F.sum("_stands"), F.lit(0)).alias("out_rows"),
        F.max(F.when(stands, F.col("_seq"))).alias("_stands_seq"),
        F.max(F.when(good, F.struct("_seq", "_last"))).alias("_newest"),
        *(
            summed(F.when(side, F.col(column))).alias(f"{name}_{column}")
            for column in money
            for name, side in sides
        ),
    )


def _total(rows: DataFrame, money: list[str]) -> DataFrame:
    """All rows of a table together, as `parts`."""
    newest = F.col("_newest._last")
    standing = F.col("_newest").isNotNull() & (newest["op"] != "D")
    same = [F.col("_stands_seq") == F.col("_newest._seq"), F.col("out_rows") == 1]
    same += [F.col(f"out_{column}") == F.coalesce(newest[column], F.lit(0)) for column in money]
    right = F.when(standing, reduce(and_, same)).otherwise(F.col("out_rows") == 0)
    wrong = ~F.coalesce(right, F.lit(False)) & ~F.col("target").isin(*_EVENTS)
    amounts: list[Part] = [(ROWS, WRONG, F.count_if(wrong))]
    for measure in (ROWS, *money):
        came, bad = summed(F.col(f"in_{measure}")), summed(F.col(f"quarantined_{measure}"))
        kept = summed(F.when(standing, F.lit(1) if measure == ROWS else newest[measure]))
        amounts += [
            (measure, IN, came),
            (measure, OUT, summed(F.col(f"out_{measure}"))),
            (measure, QUARANTINED, bad),
            (measure, DEDUPLICATED, came - bad - kept),
        ]
    example = F.min(F.when(wrong, F.col("_key")))
    return rows.groupBy("target").agg(parts(amounts, example=example))
