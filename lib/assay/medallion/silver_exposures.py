"""silver.exposures: per unit of an experiment its first exposure, however many events there were.

A unit's row depends on all of its events, also those of earlier runs. So the units that new events touch are
found first and then computed anew from bronze; all others stay as they are.
"""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from assay.medallion.silver_versions import DELETED

KEYS = ("experiment", "unit")
EVENT = "exposure_id"
_UPDATE, _DELETE = "U", "D"


def touched(new: DataFrame, history: DataFrame, *, moves: bool) -> DataFrame:
    """The units whose row may change.

    Args:
        new: New good versions of events, with `EVENT`, `KEYS` and `_op`.
        history: All good versions of events, the new ones among them.
        moves: Whether the history has updates, which may have moved an event from another unit.

    Returns:
        Distinct `KEYS`: of the new versions, and of older ones of events that were updated or deleted: a
        delete has the values of an update that may never have been good.
    """
    if not moves:
        return new.select(*KEYS).distinct()
    changed = new.where(F.col("_op").isin(_UPDATE, _DELETE)).select(EVENT).distinct()
    moved = history.join(F.broadcast(changed), EVENT, "left_semi").select(*KEYS)
    return new.select(*KEYS).unionByName(moved).distinct()


def events_of(history: DataFrame, units: DataFrame, *, moves: bool) -> DataFrame:
    """The events that stand now of some units.

    Args:
        history: All good versions of events.
        units: `KEYS` of the units.
        moves: Whether the history has updates, which may have moved an event from another unit.

    Returns:
        The newest version of each event, where it is not a delete.
    """
    found = history.join(units, list(KEYS), "left_semi")
    if moves:
        # An event is judged by all its versions, also where one of them belongs to another unit.
        found = history.join(found.select(EVENT).distinct(), EVENT, "left_semi")
    version = F.struct("_change_seq", "_source_file")
    columns = [name for name in history.columns if name != EVENT]
    last = found.groupBy(EVENT).agg(F.max_by(F.struct(*columns), version).alias("last"))
    return last.select(EVENT, "last.*").where(F.col("_op") != _DELETE)


def first_exposures(events: DataFrame, units: DataFrame, *, run_id: str) -> DataFrame:
    """One row per unit, to be merged.

    Args:
        events: `events_of` the units.
        units: `KEYS` of the units to give a row for.
        run_id: The run that writes.

    Returns:
        `KEYS`, arm and exposed_at of the first event (the smaller id where two share the time), exposures,
        arms, multi_arm, `_run_id`, and `_deleted`: the unit has no event left.
    """
    order = F.struct("exposed_at", EVENT)
    found = events.groupBy(*KEYS).agg(
        F.min_by("arm", order).alias("arm"),
        F.min("exposed_at").alias("exposed_at"),
        F.count("*").cast("int").alias("exposures"),
        F.count_distinct("arm").cast("int").alias("arms"),
    )
    return units.join(found, list(KEYS), "left").select(
        *KEYS,
        "arm",
        "exposed_at",
        "exposures",
        "arms",
        (F.col("arms") > 1).alias("multi_arm"),
        F.lit(run_id).alias("_run_id"),
        F.col("exposures").isNull().alias(DELETED),
    )
