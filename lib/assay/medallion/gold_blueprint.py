"""Which blueprint is in force in a week: the load says its name, the registry has its newest document."""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from assay.errors import InputError
from assay.spec import Blueprint


def in_force(loads: DataFrame, blueprints: DataFrame, week: date) -> Blueprint:
    """The blueprint of the newest load up to a week.

    Args:
        loads: silver.loads.
        blueprints: silver.blueprints.
        week: Monday that names the week.

    Raises:
        InputError: No week up to this one was loaded, or the load's blueprint was never registered.
    """
    newest = loads.where(F.col("week") <= F.lit(week)).agg(F.max_by("blueprint", "week").alias("blueprint"))
    documents = blueprints.groupBy("blueprint").agg(
        F.max_by("document", "number").alias("document"), F.max_by("version", "number").alias("version")
    )
    row = newest.join(F.broadcast(documents), "blueprint", "left").first()
    if row is None or row["blueprint"] is None:
        raise InputError(
            f"silver.loads has no week up to {week}; run the jobs ingest, bronze and silver for it first"
        )
    if row["document"] is None:
        raise InputError(
            f"silver.blueprints has no blueprint {row['blueprint']!r}, which silver.loads names; run "
            "the jobs ingest, bronze and silver for its week again"
        )
    return Blueprint.parse(row["document"], f"silver.blueprints, {row['blueprint']} {row['version']}")
