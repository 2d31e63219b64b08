"""The account of gold: what silver has is in gold's sums, or left out for a stated reason.

`gold.asset_daily` leaves out the trades of canaries, who are nobody's customers. In `gold.unit_metrics` an
event counts once in every experiment that its unit was exposed in; left out are the events of units that are
not analysed or were never exposed, and those outside of a unit's days. The reasons are found here from the
events and exposures themselves, not by the code that makes gold; what a metric's filter and window mean is
shared with it (`gold_measures`), and held against plain Python and SQL by a test.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import DecimalType, IntegralType

from assay.medallion.accounts import FILTERED, IN, OUT, ROWS, Part, opened, parts, summed
from assay.medallion.gold_measures import EXACT, in_window, matching
from assay.medallion.gold_scope import WEEK, measures, monday
from assay.medallion.gold_unit_metrics import pair, pair_name
from assay.spark.local import frame
from assay.spec import Blueprint, PlannedExperiment
from assay.spec.measure import COUNT, Measure

TRADES, DAYS, UNITS = "silver.trades", "gold.asset_daily", "gold.unit_metrics"
DAY = timedelta(days=1)


def of_days(trades: DataFrame, asset_daily: DataFrame) -> DataFrame:
    """The amounts of gold.asset_daily and the trades that it sums.

    Args:
        trades: silver.trades, as far as the mart goes.
        asset_daily: gold.asset_daily.
    """
    canary = F.col("customer_id") < 0
    came: list[Part] = [
        (ROWS, IN, F.count(F.lit(1))),
        (ROWS, FILTERED, F.count_if(canary)),
        ("notional", IN, summed(F.col("notional"))),
        ("notional", FILTERED, summed(F.when(canary, F.col("notional")))),
    ]
    went: list[Part] = [
        (ROWS, OUT, summed(F.col("trades"))),
        ("notional", OUT, summed(F.col("traded_value"))),
    ]
    found = [trades.agg(parts(came, reason=F.lit("of canaries"))), asset_daily.agg(parts(went))]
    return opened(reduce(DataFrame.unionByName, found), F.lit(TRADES), F.lit(DAYS))


def of_units(
    facts: Mapping[str, DataFrame],
    exposures: DataFrame,
    unit_metrics: DataFrame,
    blueprint: Blueprint,
    until: date,
) -> DataFrame | None:
    """The amounts of gold.unit_metrics and the events that it sums, for each experiment.

    Args:
        facts: Silver table → its rows, as far as gold goes. A fact that is read in place is not accounted
            for: its owner may change it while gold stays as it is.
        exposures: silver.exposures, as far as gold goes.
        unit_metrics: gold.unit_metrics.
        blueprint: The blueprint that gold was made with.
        until: End of the weeks that gold was made for, exclusive.

    Returns:
        None where all facts are read in place.
    """
    planned = blueprint.rounds(until)
    units = _units(exposures, planned)
    # The last week is gold's as a whole, also where the run's end lies within it.
    end = monday(until - DAY) + WEEK
    used = _accounted(blueprint, planned)
    frames = []
    for fact in sorted({measure.fact for measure in used}):
        table = blueprint.facts[fact].table
        if table not in facts:
            continue
        mine = [measure for measure in used if measure.fact == fact]
        events = _events(facts[table], blueprint, fact, mine)
        went: list[Part] = [(measure.key, OUT, _of_measure(measure.key)) for measure in mine]
        found = [
            _came(events, units, end, mine),
            unit_metrics.groupBy(F.col("experiment").alias("scope")).agg(parts(went)),
        ]
        both = reduce(DataFrame.unionByName, found)
        frames.append(opened(both, F.lit(table), F.lit(UNITS), F.col("scope")))
    if not frames:
        return None
    asked = [pair_name(one.id, measure.key) for one in planned for measure in measures(blueprint, one)]
    known = F.col("scope").isin([one.id for one in planned])
    wanted = ~known | pair(F.col("scope"), F.col("measure")).isin(asked)
    return reduce(DataFrame.unionByName, frames).where(wanted)


def _accounted(blueprint: Blueprint, planned: Sequence[PlannedExperiment]) -> list[Measure]:
    """The measures that are sums; a largest value or a first time of units is no part of a whole."""
    used = {measure for one in planned for measure in measures(blueprint, one)}
    return sorted(measure for measure in used if measure.aggregate == "sum")


def _units(exposures: DataFrame, planned: Sequence[PlannedExperiment]) -> DataFrame:
    """Every exposed unit of every experiment, its days, and why it is not analysed if it is not."""
    rows = [
        (one.id, [arm.name for arm in one.arms], one.start, one.enrol_end, one.end, one.covariate_days)
        for one in planned
    ]
    schema = (
        "experiment string, arms_planned array<string>, opens date, closes date, ends date, "
        "covariate_days int"
    )
    plan = frame(exposures.sparkSession, rows, schema)
    at = F.col("exposed_at")
    reason = (
        F.when(F.col("opens").isNull(), "of experiments that are not planned")
        .when(F.col("multi_arm"), "of units in several arms")
        .when(~F.array_contains("arms_planned", F.col("arm")), "of units in an unknown arm")
        .when((at < F.col("opens")) | (at >= F.col("closes")), "of units exposed outside of enrolment")
    )
    return exposures.join(F.broadcast(plan), "experiment", "left").select(
        "experiment",
        "unit",
        "exposed_at",
        (at - F.expr("make_dt_interval(coalesce(covariate_days, 0))")).alias("_begins"),
        F.col("ends").alias("_ends"),
        reason.alias("_excluded"),
    )


def _events(rows: DataFrame, blueprint: Blueprint, name: str, measured: Sequence[Measure]) -> DataFrame:
    """Events with the amount that each one has in each measure; none where the measure is not about it."""
    fact = blueprint.facts[name]
    return rows.select(
        F.col(fact.unit).cast("string").alias("unit"),
        F.col(fact.time).cast("timestamp").alias("_at"),
        *(F.when(matching(m), _amount(rows, m)).alias(f"_amount{i}") for i, m in enumerate(measured)),
    )


def _amount(rows: DataFrame, measure: Measure) -> Column:
    return F.lit(1) if measure.column == COUNT else _exact(rows, measure.column)


def _exact(rows: DataFrame, column: str) -> Column:
    kept = isinstance(rows.schema[column].dataType, DecimalType | IntegralType)
    return F.col(column) if kept else F.col(column).cast(EXACT)


def _came(events: DataFrame, units: DataFrame, end: date, measured: Sequence[Measure]) -> DataFrame:
    """Sums over the events per experiment and reason; without a reason they belong into gold."""
    at = F.col("_at")
    reason = (
        F.when(F.col("experiment").isNull(), "of units that were never exposed")
        .when(F.col("_excluded").isNotNull(), F.col("_excluded"))
        .when(at < F.col("_begins"), "before the days of the covariate")
        .when(at >= F.col("_ends"), "after the end of the experiment")
        .when(at >= F.lit(end), "after the week of the run")
    )
    joined = events.join(units, "unit", "left").withColumn("_reason", reason)
    amounts: list[Part] = []
    for i, measure in enumerate(measured):
        total = summed(F.col(f"_amount{i}"))
        left_out = F.when(F.col("_reason").isNotNull(), total).otherwise(F.lit(0))
        amounts += [(measure.key, IN, total), (measure.key, FILTERED, left_out)]
    grouped = joined.groupBy(F.coalesce("experiment", F.lit("")).alias("scope"), "_reason")
    came = grouped.agg(parts(amounts, reason=F.col("_reason"))).select("scope", "_parts")
    windowed = [(i, measure) for i, measure in enumerate(measured) if measure.window is not None]
    return came.unionByName(_outside(joined, windowed)) if windowed else came


def _outside(joined: DataFrame, windowed: Sequence[tuple[int, Measure]]) -> DataFrame:
    """What lies between a unit's exposure and its window, or after that."""
    after = F.col("_at") >= F.col("exposed_at")
    amounts: list[Part] = [
        (measure.key, FILTERED, summed(F.when(after & ~in_window(measure), F.col(f"_amount{i}"))))
        for i, measure in windowed
    ]
    grouped = joined.where(F.col("_reason").isNull()).groupBy(F.col("experiment").alias("scope"))
    return grouped.agg(parts(amounts, reason=F.lit("outside of the metric's window")))


def _of_measure(measure: str) -> Column:
    amount = F.col("total").cast(EXACT) + F.col("covariate").cast(EXACT)
    return summed(F.when(F.col("measure") == measure, amount))
