"""What each unit is worth in each metric at each look: the numbers whose moments are the statistics.

A unit counts from its exposure on, with zero where it did nothing; in a metric with a window from the end of
that on. It counts for everyone and, where its experiment is shown by segments, for each of its own. The
values feed gold.metric_moments and,
for the control arms, the re-randomisations that certify a method on real data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assay.medallion import gold_segments
from assay.medallion.gold_exposures import CLUSTER
from assay.medallion.gold_measures import over_weeks, watched_days
from assay.medallion.gold_scope import Scope, eligible, measures
from assay.medallion.gold_unit_metrics import pair, pair_name
from assay.spark.local import frame
from assay.spec import Blueprint, Metric
from assay.spec.measure import Measure
from assay.spec.segment import ALL

Sample = tuple[str, date]

BUCKETS = 32
ALL_UNITS = ""
"""In place of a metric, for experiments all of whose metrics wait for their window: every unit, with 1."""
_RESOLUTION = 2**20
# A hash keeps a share of the units, not a number: 5 % more than the limit is never too few of 200,000.
_MARGIN = 1.05
COLUMNS = ("experiment", "as_of", "arm", "unit", "bucket", "segment", "metric", "y", "d", "x")
_SEGMENTS = "segments"


def unit_values(
    unit_metrics: DataFrame,
    exposures: DataFrame,
    blueprint: Blueprint,
    scopes: Sequence[Scope],
    members: DataFrame | None = None,
) -> DataFrame:
    """The value of each analysed unit in each metric of its experiment, at each look of the scopes.

    Args:
        unit_metrics: gold.unit_metrics.
        exposures: `silver.exposures`.
        blueprint: The blueprint in force.
        scopes: Whose looks; at least one look in all.
        members: `gold_segments.members`; None for the values of everyone only.

    Returns:
        experiment, as_of, arm, unit, bucket (0 to 31, a hash of the unit), segment, metric, y (a mean's or
        quantile's total, a proportion's 0 or 1, a ratio's numerator, the days that a time to event was
        watched), d (a ratio's denominator, whether the event came, else 1), x (y's counterpart from before
        the exposure), and the unit's cluster where clusters were assigned.
        Within one (experiment, bucket) the rows stand in one partition, ordered by
        as_of and unit: an aggregate over them adds in the same order whatever the cluster.
    """
    spark = exposures.sparkSession
    dates = [(scope.planned.id, look) for scope in scopes for look in scope.looks]
    looks = F.broadcast(frame(spark, dates, "experiment string, as_of date"))
    used = sorted({measure for scope in scopes for measure in measures(blueprint, scope.planned)})
    exposed = eligible(exposures, [scope.planned for scope in scopes])
    carried = {CLUSTER: "string"} if blueprint.clustered else {}
    if members is not None:
        carried[_SEGMENTS] = "array<string>"
        exposed = exposed.join(members, "unit", "left")
        exposed = exposed.withColumn(_SEGMENTS, gold_segments.labels(blueprint, scopes))
    units = (
        exposed.join(looks, "experiment", "inner")
        .where(F.col("exposed_at") < F.col("as_of"))
        .select("experiment", "as_of", "unit", "arm", "exposed_at", *carried, *_nothing())
    )
    # Of a unit that is not yet exposed at a look only covariates are there: without an arm it falls out
    # below. The names leave out the files of other experiments, which the join alone would read.
    names = sorted({scope.planned.id for scope in scopes if scope.looks})
    events = (
        unit_metrics.where(F.col("experiment").isin(names))
        .join(looks, "experiment", "inner")
        .where(F.col("period") < F.col("as_of"))
        .select("experiment", "as_of", "unit", *_unknown(carried), "measure", "total", "covariate")
    )
    bucket = F.pmod(F.xxhash64("unit"), F.lit(BUCKETS)).cast("int")
    exposure = [F.max(name).alias(name) for name in ("arm", "exposed_at", *carried)]
    values = (
        units.unionByName(events)
        .withColumn("bucket", bucket)
        .repartition("experiment", "bucket")
        .groupBy("experiment", "as_of", "unit", "bucket")
        .agg(*exposure, *_totals(used))
        .where(F.col("arm").isNotNull())
        .sortWithinPartitions("experiment", "as_of", "unit")
        .select(*COLUMNS[:5], *carried, F.inline(_metrics(blueprint, scopes, used)))
        .where(F.col("counts") & pair(F.col("experiment"), F.col("metric")).isin(*_asked(blueprint, scopes)))
    )
    segment = F.explode(_SEGMENTS) if _SEGMENTS in carried else F.lit(ALL)
    clusters = [CLUSTER] if blueprint.clustered else []
    return values.withColumn("segment", segment).select(*COLUMNS, *clusters)


def _nothing() -> list[Column]:
    kinds = {"measure": "string", "total": "double", "covariate": "double"}
    return [F.lit(None).cast(kind).alias(name) for name, kind in kinds.items()]


def _unknown(carried: Mapping[str, str]) -> list[Column]:
    kinds = {"arm": "string", "exposed_at": "timestamp"} | dict(carried)
    return [F.lit(None).cast(kind).alias(name) for name, kind in kinds.items()]


def _totals(used: Sequence[Measure]) -> list[Column]:
    """A unit's numbers; one that has no event has 0, or no time at all."""
    found = []
    for i, measure in enumerate(used):
        for column in ("total", "covariate"):
            amount = over_weeks(measure, F.when(F.col("measure") == measure.key, F.col(column)))
            number = amount if measure.aggregate == "first" else F.coalesce(amount, F.lit(0.0))
            found.append(number.alias(f"{column}{i}"))
    return found


def _metrics(blueprint: Blueprint, scopes: Sequence[Scope], used: Sequence[Measure]) -> Column:
    names = sorted({name for scope in scopes for name in scope.planned.metrics})
    place = {measure: i for i, measure in enumerate(used)}
    cells = [_metric(name, blueprint.metrics[name], place) for name in names]
    if any(_waits(blueprint, scope) for scope in scopes):
        cells.append(_struct(ALL_UNITS, F.lit(1.0), F.lit(1.0), F.lit(0.0), F.lit(True)))
    return F.array(*cells)


def _waits(blueprint: Blueprint, scope: Scope) -> bool:
    """Whether all metrics of the experiment wait for their window."""
    return all(blueprint.metrics[name].window is not None for name in scope.planned.metrics)


def _metric(name: str, metric: Metric, place: dict[Measure, int]) -> Column:
    numerator, *denominator = (place[measure] for measure in metric.measures)
    total, before = F.col(f"total{numerator}"), F.col(f"covariate{numerator}")
    per = F.col(f"total{denominator[0]}") if denominator else F.lit(1.0)
    if metric.type == "proportion":
        total, before = ((amount > 0).cast("double") for amount in (total, before))
    if metric.cap is not None:
        total, before = (F.least(amount, F.lit(metric.cap)) for amount in (total, before))
    if metric.type == "time_to_event":
        watched = F.least(watched_days(), F.lit(metric.horizon_days))
        total, per = F.least(total, watched), F.coalesce(total <= watched, F.lit(False)).cast("double")
        before = F.lit(0.0)
    return _struct(name, total, per, before, _counts(metric))


def _struct(name: str, y: Column, d: Column, x: Column, counts: Column) -> Column:
    named = {"metric": F.lit(name), "y": y, "d": d, "x": x, "counts": counts}
    return F.struct(*(column.alias(field) for field, column in named.items()))


def _counts(metric: Metric) -> Column:
    """Whether the unit's window is over at the look."""
    return F.lit(True) if metric.window is None else watched_days() >= metric.window.to_day


def _asked(blueprint: Blueprint, scopes: Sequence[Scope]) -> list[str]:
    asked = [(scope, name) for scope in scopes for name in scope.planned.metrics]
    asked += [(scope, ALL_UNITS) for scope in scopes if _waits(blueprint, scope)]
    return [pair_name(scope.planned.id, name) for scope, name in asked]


def control_sample(
    values: DataFrame, scopes: Sequence[Scope], totals: Mapping[Sample, int], *, limit: int
) -> DataFrame:
    """The values of control arms, pooled over experiments: about `limit` units per metric and look.

    Args:
        values: `unit_values`, of everyone only.
        scopes: Whose looks; they name the control arms.
        totals: (metric, as_of) → units of the control arms; metrics and looks not named are left out.
        limit: Units to keep; a few more come, so that `trim` can cut at exactly `limit`.

    Returns:
        metric, as_of, order (a hash of experiment and unit, or cluster where clusters were assigned: they
        come as wholes, but for the last), y, d, x.
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
    order = F.xxhash64("experiment", CLUSTER if CLUSTER in values.columns else "unit")
    uniform = F.pmod(order, F.lit(_RESOLUTION)) / F.lit(_RESOLUTION)
    return (
        values.join(controls, ["experiment", "arm"], "left_semi")
        .join(shares, ["metric", "as_of"], "inner")
        .where(uniform < F.col("share"))
        .select("metric", "as_of", order.alias("order"), "y", "d", "x")
    )
