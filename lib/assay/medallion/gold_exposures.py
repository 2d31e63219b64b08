"""The exposures that a blueprint's experiments have, from whatever table holds them, in one form.

The brokerage's table, silver.exposures, has a row per unit already. Any other has one or more, in columns of
names of its own: the earliest counts, as there.
"""

from __future__ import annotations

from collections.abc import Callable

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assay.spec import Blueprint

KEYS = ("experiment", "unit")


def exposures(rows: DataFrame, blueprint: Blueprint) -> DataFrame:
    """One row per unit of an experiment.

    Args:
        rows: The table that `blueprint.exposed` names.
        blueprint: Says which columns mean what.

    Returns:
        experiment, unit, arm and exposed_at of the first exposure (of several at one time, that of the arm
        whose name is first), exposures, arms, multi_arm.
    """
    if blueprint.exposures is None:
        return rows
    events = rows.select(*columns(blueprint))
    first = events.groupBy(*KEYS).agg(
        F.min_by("arm", F.struct("exposed_at", "arm")).alias("arm"),
        F.min("exposed_at").alias("exposed_at"),
        F.count("*").cast("int").alias("exposures"),
        F.count_distinct("arm").cast("int").alias("arms"),
    )
    return first.withColumn("multi_arm", F.col("arms") > 1)


def columns(blueprint: Blueprint) -> list[Column]:
    """experiment, unit, arm and exposed_at in terms of the table that the blueprint names."""
    named = blueprint.exposed
    return [
        experiment(blueprint, F.col).alias("experiment"),
        F.col(named.unit).cast("string").alias("unit"),
        F.col(named.arm).cast("string").alias("arm"),
        F.col(named.time).cast("timestamp").alias("exposed_at"),
    ]


def experiment(blueprint: Blueprint, value: Callable[[str], Column]) -> Column:
    """Which experiment an exposure is of.

    Args:
        blueprint: Names the column, or has one experiment only.
        value: Name of a column of the table → its value.
    """
    named = blueprint.exposed.experiment
    return F.lit(next(iter(blueprint.experiments))) if named is None else value(named)
