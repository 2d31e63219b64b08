"""A customer with a million events, and an experiment with nearly all exposures: right, and shared out.

How long a task takes depends on the machine; how many rows it reads does not. So tasks are compared by rows.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from assay.medallion import gold_moments
from assay.medallion.gold_scope import Scope
from assay.medallion.gold_unit_metrics import unit_metrics
from assay.medallion.gold_values import unit_values
from assay.spec import Blueprint

pytestmark = pytest.mark.slow

UNITS, EVENTS, FILES = 200_000, 1_000_000, 32
"""Units; events of all of them together, and of one of them besides; files of each table."""
START = datetime(2026, 1, 5, tzinfo=UTC)
BLUEPRINT = Blueprint.parse(
    """
name: shop
start: 2026-01-05
facts:
  trades: {table: silver.trades, unit: customer_id, time: traded_at, values: [notional]}
metrics:
  value: {type: mean, numerator: trades.notional}
experiments:
  large: {weeks: 1, metrics: [value], arms: &arms [{name: a, allocation: 0.5}, {name: b, allocation: 0.5}]}
  little: {weeks: 1, metrics: [value], arms: *arms}
""",
    "test",
)
MOST = 3.0
"""Rows of the task that reads most, in multiples of what tasks of its stage read in the middle."""


@pytest.fixture
def adaptive(spark: SparkSession) -> Iterator[SparkSession]:
    """Settings as the jobs have them in AWS, but for sizes: what is large there is small here."""
    given = {
        "spark.sql.shuffle.partitions": "8",
        "spark.sql.files.maxPartitionBytes": "512k",
        "spark.sql.files.openCostInBytes": "0",
        "spark.sql.adaptive.coalescePartitions.enabled": "false",
        "spark.sql.autoBroadcastJoinThreshold": "-1",
        "spark.sql.adaptive.forceOptimizeSkewedJoin": "true",
        "spark.sql.adaptive.skewJoin.skewedPartitionThresholdInBytes": "1m",
        "spark.sql.adaptive.advisoryPartitionSizeInBytes": "1m",
    }
    before = {key: spark.conf.get(key, None) for key in given}
    for key, value in given.items():
        spark.conf.set(key, value)
    yield spark
    for key, kept in before.items():
        spark.conf.unset(key) if kept is None else spark.conf.set(key, kept)


def events(spark: SparkSession) -> DataFrame:
    """Trades of all units, and as many of unit 0 alone between them; each worth its number modulo 101."""
    number = F.col("id")
    return spark.range(2 * EVENTS, numPartitions=FILES).select(
        F.when(number % 2 == 0, 0).otherwise(F.shiftright("id", 1) % UNITS).alias("customer_id"),
        (F.lit(START) + F.make_dt_interval(secs=1 + number % 500_000)).alias("traded_at"),
        (number % 101).cast("decimal(18,2)").alias("notional"),
    )


def exposures(spark: SparkSession) -> DataFrame:
    """Every unit at the start, one of a hundred in the little experiment."""
    number = F.col("id")
    return spark.range(UNITS, numPartitions=FILES).select(
        F.when(F.shiftright("id", 1) % 100 == 99, "little").otherwise("large").alias("experiment"),
        number.cast("string").alias("unit"),
        F.when(number % 2 == 0, "a").otherwise("b").alias("arm"),
        F.lit(START).alias("exposed_at"),
        F.lit(1).alias("exposures"),
        F.lit(1).alias("arms"),
        F.lit(False).alias("multi_arm"),
    )


def test_skewed_events_are_summed_rightly_and_shared_out(adaptive: SparkSession, tmp_path: Path) -> None:
    def stored(name: str, rows: DataFrame) -> DataFrame:
        rows.write.parquet(str(tmp_path / name))
        return adaptive.read.parquet(str(tmp_path / name))

    trades, exposed = stored("trades", events(adaptive)), stored("exposures", exposures(adaptive))
    until = (START + timedelta(days=7)).date()
    scopes = [Scope(planned, (START.date(),), (until,)) for planned in BLUEPRINT.rounds(until)]
    mark = last_stage(adaptive)
    units = stored("units", unit_metrics({"silver.trades": trades}, exposed, BLUEPRINT, scopes))
    values = unit_values(units, exposed, BLUEPRINT, scopes)
    rows = gold_moments.merge_buckets(gold_moments.bucket_moments(values).collect())
    found = {(row[0], row[1]): (row[5], row[6]) for row in rows}
    assert found == {key: (n, pytest.approx(mean, rel=1e-12)) for key, (n, mean) in expected().items()}
    ratios = shares(adaptive, mark)
    assert len(ratios) > 2  # both sides of the join, what it gives, and the values
    assert max(ratios.values()) <= MOST, ratios


def expected() -> dict[tuple[str, str], tuple[int, float]]:
    """Units and mean value of each arm, without Spark."""
    number = np.arange(2 * EVENTS)
    unit = np.where(number % 2 == 0, 0, (number >> 1) % UNITS)
    total = np.bincount(unit, weights=number % 101, minlength=UNITS)
    unit = np.arange(UNITS)
    little, odd = (unit >> 1) % 100 == 99, unit % 2 == 1
    groups = {
        (name, arm): total[mine & side]
        for name, mine in (("large", ~little), ("little", little))
        for arm, side in (("a", ~odd), ("b", odd))
    }
    return {key: (values.size, float(values.mean())) for key, values in groups.items()}


def last_stage(spark: SparkSession) -> int:
    """The number of the newest stage."""
    return max((stage.stageId() for stage in _each(_stages(spark))), default=-1)


def shares(spark: SparkSession, after: int) -> dict[int, float]:
    """Stage → rows that the task read that read most, by those of the median; of stages that read many."""
    context: Any = spark.sparkContext._jsc.sc()  # type: ignore[attr-defined]  # the JVM's edge
    found = {}
    for stage in _each(_stages(spark)):
        if stage.stageId() <= after:
            continue
        tasks = context.statusStore().taskList(stage.stageId(), stage.attemptId(), 10_000)
        metrics = [task.taskMetrics().get() for task in _each(tasks) if task.taskMetrics().isDefined()]
        read = [
            each.shuffleReadMetrics().recordsRead() + each.inputMetrics().recordsRead() for each in metrics
        ]
        if len(read) > 1 and sum(read) >= UNITS:
            found[int(stage.stageId())] = max(read) / max(1.0, statistics.median(read))
    return found


def _stages(spark: SparkSession) -> Any:
    context: Any = spark.sparkContext._jsc.sc()  # type: ignore[attr-defined]  # the JVM's edge
    context.listenerBus().waitUntilEmpty()
    gateway: Any = spark.sparkContext._gateway
    none, of_any = gateway.new_array(gateway.jvm.double, 0), gateway.jvm.java.util.ArrayList()
    return context.statusStore().stageList(of_any, False, False, none, of_any)


def _each(sequence: Any) -> Iterator[Any]:
    iterator = sequence.iterator()
    while iterator.hasNext():
        yield iterator.next()
