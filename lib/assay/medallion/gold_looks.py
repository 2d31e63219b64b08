"""From silver and the unit metrics to what each look says: moments, results and health, in two Spark jobs.

The tables are small, a few rows per experiment and look; they are brought to the driver once, where the
moments of buckets are merged, and handed on as local frames, so that a MERGE may read its source twice at no
cost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from assay.medallion import gold_health, gold_moments, gold_results, gold_sampled
from assay.medallion.gold_scope import Scope
from assay.medallion.gold_unit_metrics import pair, pair_name
from assay.medallion.gold_values import ALL_UNITS, unit_values
from assay.medallion.silver_versions import DELETED
from assay.spark.local import frame
from assay.spec import Blueprint


@dataclass(frozen=True, slots=True)
class Looks:
    """Local frames with the rows of the looks that were asked for.

    Attributes:
        moments: Rows of gold.metric_moments, and of groups without a unit, which are to go (`_deleted`).
        results: Rows of gold.experiment_results.
        health: Rows of gold.experiment_health.
    """

    moments: DataFrame
    results: DataFrame
    health: DataFrame

    def tables(self) -> dict[str, DataFrame]:
        """The frames by the names of their tables."""
        return {
            "gold.metric_moments": self.moments,
            "gold.experiment_results": self.results,
            "gold.experiment_health": self.health,
        }


def looks(
    unit_metrics: DataFrame,
    exposures: DataFrame,
    quarantine: DataFrame,
    blueprint: Blueprint,
    scopes: Sequence[Scope],
    members: DataFrame | None = None,
) -> Looks:
    """Compute the looks of the scopes.

    Args:
        unit_metrics: gold.unit_metrics, up to date for the scopes.
        exposures: silver.exposures.
        quarantine: silver.quarantine.
        blueprint: The blueprint in force.
        scopes: Whose looks; at least one look in all.
        members: `gold_segments.members`; None for results of everyone only.
    """
    spark = exposures.sparkSession
    values = unit_values(unit_metrics, exposures, blueprint, scopes, members)
    merged = gold_moments.merge_buckets(gold_moments.bucket_moments(values).collect())
    analysed = gold_moments.arm_counts(merged)
    moments = [row for row in merged if row[2] != ALL_UNITS]
    clusters = _clusters(exposures, blueprint, scopes)
    p_values = gold_health.srm_p_values(scopes, analysed if clusters is None else clusters)
    results = gold_results.results(
        moments, blueprint, scopes, p_values,
        answers=gold_sampled.answers(values, blueprint, scopes),
        quantiles=gold_sampled.quantiles(values, blueprint, scopes),
    )  # fmt: skip
    # One job for both counts: they are small, and what a job costs here is its start.
    exposed, bad = _counts(exposures, quarantine, blueprint, scopes)
    health = gold_health.health(blueprint, scopes, analysed, exposed, bad, clusters)
    decided = gold_results.decided(results, blueprint, scopes)
    return Looks(
        moments=_with_gone(spark, moments, scopes),
        results=frame(spark, decided, gold_results.SCHEMA),
        health=frame(spark, health, gold_health.SCHEMA),
    )


def _clusters(
    exposures: DataFrame, blueprint: Blueprint, scopes: Sequence[Scope]
) -> dict[gold_health.Look, dict[str, int]] | None:
    if not blueprint.clustered:
        return None
    found: dict[gold_health.Look, dict[str, int]] = {}
    for experiment, as_of, arm, clusters in gold_health.cluster_counts(exposures, scopes).collect():
        found.setdefault((experiment, as_of), {})[arm] = clusters
    return found


def _with_gone(spark: SparkSession, moments: list[tuple[object, ...]], scopes: Sequence[Scope]) -> DataFrame:
    gone = gold_moments.without_units(moments, scopes)
    rows = [(*row, False) for row in moments] + [(*row, True) for row in gone]
    return frame(spark, rows, f"{gold_moments.SCHEMA}, {DELETED} boolean")


def _counts(
    exposures: DataFrame, quarantine: DataFrame, blueprint: Blueprint, scopes: Sequence[Scope]
) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    exposed = gold_health.exposure_counts(exposures, scopes).select(
        F.lit(True).alias("_exposed"),
        "experiment",
        F.col("as_of").alias("_date"),
        "kind",
        "units",
    )
    bad = gold_health.quarantined_days(quarantine, blueprint).select(
        F.lit(False).alias("_exposed"),
        "experiment",
        F.col("day").alias("_date"),
        F.col("contract").alias("kind"),
        "units",
    )
    rows = exposed.unionByName(bad).collect()
    return (
        [(r["experiment"], r["_date"], r["kind"], r["units"]) for r in rows if r["_exposed"]],
        [(r["kind"], r["experiment"], r["_date"], r["units"]) for r in rows if not r["_exposed"]],
    )


def with_stale(rows: DataFrame, stored: DataFrame, keys: Sequence[str], *, whole: Column | None) -> DataFrame:
    """Rows to merge, with those marked `_deleted` that no longer belong.

    Args:
        rows: What was computed; those that are to go may say so themselves, by `_deleted`.
        stored: What the table holds.
        keys: The table's key.
        whole: `made_whole`.

    Returns:
        `rows` and the stored rows of what was made whole without a counterpart, told apart by `_deleted`.
    """
    kept = rows if DELETED in rows.columns else rows.withColumn(DELETED, F.lit(False))
    if whole is None:
        return kept
    stale = stored.where(whole).join(F.broadcast(rows.select(*keys)), list(keys), "left_anti")
    return kept.unionByName(stale.withColumn(DELETED, F.lit(True)))


def made_whole(scopes: Sequence[Scope], *, everything: bool) -> Column | None:
    """Of which stored rows all that still belong were computed, so that others of them are stale.

    Args:
        scopes: Whose looks were computed.
        everything: Whether they are all that the tables shall hold.

    Returns:
        A condition on the tables of looks: all rows if `everything`, else those of looks at experiments that
        are shown by segments, of which one may have lost its last unit; None where there is no such look.
    """
    if everything:
        return F.lit(True)
    looks = [
        pair_name(scope.planned.id, look.isoformat())
        for scope in scopes
        if scope.planned.segments
        for look in scope.looks
    ]
    return pair(F.col("experiment"), F.col("as_of").cast("string")).isin(looks) if looks else None


def replaced(scopes: Sequence[Scope], *, everything: bool) -> Column:
    """Which rows of gold.unit_metrics the scopes' periods replace.

    Args:
        scopes: Whose periods; at least one period in all.
        everything: Whether the whole table is written anew.
    """
    if everything:
        return F.lit(True)
    condition = F.lit(False)
    for scope in scopes:
        if scope.periods:
            condition |= (F.col("experiment") == scope.planned.id) & F.col("period").isin(*scope.periods)
    return condition
