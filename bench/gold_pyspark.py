"""PySpark, pandas and SciPy in bench/gold.py, as they are mostly put together, without Assay's library.

`python bench/gold_pyspark.py FOLDER`: per metric one query makes a row per experiment and unit, pandas takes
them to the driver by Arrow, and SciPy compares what CUPED leaves of each experiment's arms.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gold_world
import measure

if TYPE_CHECKING:
    import pandas as pd
    from pyspark.sql import DataFrame, SparkSession


def compared(units: pd.DataFrame, experiment: str, metric: str) -> dict[str, Any]:
    """One experiment's arms in one metric, less what the past explains."""
    from scipy.stats import ttest_ind

    theta = units["y"].cov(units["x"]) / units["x"].var()
    adjusted = units["y"] - theta * (units["x"] - units["x"].mean())
    arms = [adjusted[units["arm"] == arm] for arm in ("control", "treatment")]
    plain = [units["y"][units["arm"] == arm] for arm in ("control", "treatment")]
    return {
        "experiment": experiment, "metric": metric,
        "units": [len(arm) for arm in arms], "means": [float(arm.mean()) for arm in plain],
        "estimate": float(arms[1].mean() - arms[0].mean()),
        "p_value": float(ttest_ind(arms[1], arms[0], equal_var=False).pvalue),
    }  # fmt: skip


def joined(spark: SparkSession, folder: Path) -> DataFrame:
    """Each unit of each experiment beside its events."""
    from pyspark.sql import functions as F

    silver = folder / "lake" / "silver"
    start, end = (F.lit(day).cast("timestamp") for day in (gold_world.LAST, gold_world.AS_OF))
    days = F.expr(f"interval {gold_world.DAYS} days")
    exposures = spark.read.parquet(str(silver / "exposures" / "data")).where(
        ~F.col("multi_arm") & (F.col("exposed_at") >= start) & (F.col("exposed_at") < end)
    )
    trades = spark.read.parquet(str(silver / "trades" / "data")).where(
        (F.col("traded_at") >= start - days) & (F.col("traded_at") < end)
    )
    same = F.col("customer_id") == F.col("unit").cast("bigint")
    near = F.col("traded_at") >= F.col("exposed_at") - days
    return exposures.join(trades, same & near, "left")


def analysed(spark: SparkSession, folder: Path) -> list[dict[str, Any]]:
    """Every metric by itself."""
    from pyspark.sql import functions as F

    events, results = joined(spark, folder), []
    for metric, wanted in gold_world.METRICS.items():
        value = F.when(F.expr(wanted.condition), F.expr(wanted.column))
        after = F.col("traded_at") >= F.col("exposed_at")
        sums = [
            F.coalesce(F.sum(F.when(side, value)), F.lit(0)).cast("double").alias(name)
            for name, side in (("y", after), ("x", ~after))
        ]
        units = events.groupBy("experiment", "unit", "arm").agg(*sums).toPandas()
        results += [compared(part, str(name), metric) for name, part in units.groupby("experiment")]
    return results


def main(argv: list[str]) -> int:
    """Compute, and leave figures and results in FOLDER/pyspark.json."""
    folder = Path(argv[0])
    spark = gold_world.session(folder, "plain")
    figures, results = measure.timed(lambda: analysed(spark, folder))
    measure.kept(folder / "pyspark.json", figures, results)
    spark.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
