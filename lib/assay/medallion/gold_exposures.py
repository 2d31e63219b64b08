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
CLUSTER = "cluster"
"""The column with a unit's cluster, where clusters were assigned as wholes."""


def exposures(rows: DataFrame, blueprint: Blueprint) -> DataFrame:
    """One row per unit of an experiment.

    Args:
        rows: The table that `blueprint.exposed` names.
        blueprint: Says which columns mean what.

    Returns:
        experiment, unit, arm and exposed_at of the first exposure (of several at one time, that of the arm
        whose name is first), exposures, arms, multi_arm, and the first exposure's cluster where there are
        any.
    """
    if blueprint.exposures is None:
        return rows
    events = rows.select(*columns(blueprint))
    clusters = [CLUSTER] if blueprint.clustered else []
    first = events.groupBy(*KEYS).agg(
        *(
            F.min_by(name, F.struct("exposed_at", "arm", *clusters)).alias(name)
            for name in ("arm", *clusters)
        ),
        F.min("exposed_at").alias("exposed_at"),
        F.count("*").cast("int").alias("exposures"),
        F.count_distinct("arm").cast("int").alias("arms"),
    )
    return first.withColumn("multi_arm", F.col("arms") > 1)


def columns(blueprint: Blueprint) -> list[Column]:
    """experiment, unit, arm, exposed_at and perhaps cluster, in terms of the blueprint's own table."""
    named = blueprint.exposed
    cluster = [] if named.cluster is None else [F.col(named.cluster).cast("string").alias(CLUSTER)]
    return [
        experiment(blueprint, F.col).alias("experiment"),
        F.col(named.unit).cast("string").alias("unit"),
        F.col(named.arm).cast("string").alias("arm"),
        F.col(named.time).cast("timestamp").alias("exposed_at"),
        *cluster,
    ]


def experiment(blueprint: Blueprint, value: Callable[[str], Column]) -> Column:
    """Which experiment an exposure is of.

    Args:
        blueprint: Names the column, or has one experiment only.
        value: Name of a column of the table → its value.
    """
    named = blueprint.exposed.experiment
    return F.lit(next(iter(blueprint.experiments))) if named is None else value(named)
