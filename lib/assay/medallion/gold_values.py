"""What each unit is worth in each metric at each look: the numbers whose moments are the statistics.

A unit counts from its exposure on, with zero where it did nothing. The values feed gold.metric_moments and,
for the control arms, the re-randomisations that certify a method on real data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assay.medallion.gold_scope import Scope, eligible, measures
from assay.medallion.gold_unit_metrics import EXACT, pair, pair_name
from assay.spark.local import frame
from assay.spec import Blueprint, Metric

Sample = tuple[str, date]

BUCKETS = 32
_RESOLUTION = 2**20
# A hash keeps a share of the units, not a number: 5 % more than the limit is never too few of 200,000.
_MARGIN = 1.05
COLUMNS = ("experiment", "as_of", "arm", "unit", "bucket", "metric", "y", "d", "x")


def unit_values(
    unit_metrics: DataFrame, exposures: DataFrame, blueprint: Blueprint, scopes: Sequence[Scope]
) -> DataFrame:
    """The value of each analysed unit in each metric of its experiment, at each look of the scopes.

    Args:
        unit_metrics: gold.unit_metrics.
        exposures: `silver.exposures`.
        blueprint: The blueprint in force.
        scopes: Whose looks; at least one look in all.

    Returns:
        experiment, as_of, arm, unit, bucket (0 to 31, a hash of the unit), metric, y (a mean's total, a
        proportion's 0 or 1, a ratio's numerator), d (a ratio's denominator, else 1), x (y's counterpart from
        before the exposure). Within one (experiment, bucket) the rows stand in one partition, ordered by
        as_of and unit: an aggregate over them adds in the same order whatever the cluster.
    """
    spark = exposures.sparkSession
    dates = [(scope.planned.id, look) for scope in scopes for look in scope.looks]
    looks = F.broadcast(frame(spark, dates, "experiment string, as_of date"))
    used = sorted({m for scope in scopes for m in measures(blueprint, scope.planned)})
    units = (
        eligible(exposures, [scope.planned for scope in scopes])
        .join(looks, "experiment", "inner")
        .where(F.col("exposed_at") < F.col("as_of"))
        .select("experiment", "as_of", "unit", "arm", *_nothing())
    )
    # Of a unit that is not yet exposed at a look only covariates are there: without an arm it falls out
    # below.
    events = (
        unit_metrics.join(looks, "experiment", "inner")
        .where(F.col("period") < F.col("as_of"))
        .select("experiment", "as_of", "unit", F.lit(None).cast("string").alias("arm"), *_amounts())
    )
    bucket = F.pmod(F.xxhash64("unit"), F.lit(BUCKETS)).cast("int")
    return (
        units.unionByName(events)
        .withColumn("bucket", bucket)
        .repartition("experiment", "bucket")
        .groupBy("experiment", "as_of", "unit", "bucket")
        .agg(F.max("arm").alias("arm"), *_totals(used))
        .where(F.col("arm").isNotNull())
        .sortWithinPartitions("experiment", "as_of", "unit")
        .select("experiment", "as_of", "arm", "unit", "bucket", F.inline(_metrics(blueprint, scopes, used)))
        .where(pair(F.col("experiment"), F.col("metric")).isin(*_asked(scopes)))
        .select(*COLUMNS)
    )


def _nothing() -> list[Column]:
    kinds = {"measure": "string", "total": EXACT, "covariate": EXACT}
    return [F.lit(None).cast(kind).alias(name) for name, kind in kinds.items()]


def _amounts() -> list[Column]:
    """Decimals again, so that a unit's weeks add up exactly and in any order."""
    return [F.col("measure"), F.col("total").cast(EXACT), F.col("covariate").cast(EXACT)]


def _totals(used: Sequence[str]) -> list[Column]:
    return [
        F.coalesce(
            F.sum(F.when(F.col("measure") == measure, F.col(column))).cast("double"), F.lit(0.0)
        ).alias(f"{column}{i}")
        for i, measure in enumerate(used)
        for column in ("total", "covariate")
    ]


def _metrics(blueprint: Blueprint, scopes: Sequence[Scope], used: Sequence[str]) -> Column:
    names = sorted({name for scope in scopes for name in scope.planned.metrics})
    place = {measure: i for i, measure in enumerate(used)}
    return F.array(*(_metric(name, blueprint.metrics[name], place) for name in names))


def _metric(name: str, metric: Metric, place: dict[str, int]) -> Column:
    total, before = (F.col(f"{column}{place[metric.numerator]}") for column in ("total", "covariate"))
    if metric.type == "proportion":
        total, before = ((amount > 0).cast("double") for amount in (total, before))
    one = F.lit(1.0)
    per = one if metric.denominator is None else F.col(f"total{place[metric.denominator]}")
    return F.struct(F.lit(name).alias("metric"), total.alias("y"), per.alias("d"), before.alias("x"))


def _asked(scopes: Sequence[Scope]) -> list[str]:
    return [pair_name(scope.planned.id, name) for scope in scopes for name in scope.planned.metrics]


def control_sample(
    values: DataFrame, scopes: Sequence[Scope], totals: Mapping[Sample, int], *, limit: int
) -> DataFrame:
    """The values of control arms, pooled over experiments: about `limit` units per metric and look.

    Args:
        values: `unit_values`.
        scopes: Whose looks; they name the control arms.
        totals: (metric, as_of) → units of the control arms; metrics and looks not named are left out.
        limit: Units to keep; a few more come, so that `trim` can cut at exactly `limit`.

    Returns:
        metric, as_of, order (a hash of experiment and unit), y, d, x.
    """
    spark = values.sparkSession
    controls = F.broadcast(
        frame(
            spark,
            [(scope.planned.id, scope.planned.control) for scope in scopes],
            "experiment string, arm string",
        )
    )
    shares = F.broadcast(
        frame(
            spark,
            [(*key, min(1.0, _MARGIN * limit / max(total, 1))) for key, total in totals.items()],
            "metric string, as_of date, share double",
        )
    )
    order = F.xxhash64("experiment", "unit")
    uniform = F.pmod(order, F.lit(_RESOLUTION)) / F.lit(_RESOLUTION)
    return (
        values.join(controls, ["experiment", "arm"], "left_semi")
        .join(shares, ["metric", "as_of"], "inner")
        .where(uniform < F.col("share"))
        .select("metric", "as_of", order.alias("order"), "y", "d", "x")
    )
