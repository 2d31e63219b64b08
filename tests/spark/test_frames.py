"""A Spark frame is a table like any other: only the columns that are asked for come to the driver."""

from __future__ import annotations

import numpy as np
import pandas as pd
from pyspark.sql import DataFrame, SparkSession

import assay

RNG = np.random.Generator(np.random.PCG64DXSM(9))
FRAME = pd.DataFrame(
    {
        "which arm": ["a", "b"] * 200,
        "spent.eur": RNG.gamma(1.0, 10.0, 400),
        "bought": RNG.random(400) < 0.3,
        "history": [[1, 2]] * 400,
    }
)
SUMS = pd.DataFrame(
    {"variation": ["a", "b"], "users": [200, 200], "main_sum": [61.0, 70.0], "main_sum_squares": [61.0, 70.0]}
)


def test_analyze_plan_and_compare_on_spark_say_what_they_say_on_pandas(spark: SparkSession) -> None:
    there = _there(spark, FRAME, "`which arm` string, `spent.eur` double, bought boolean, history array<int>")
    found, expected = (
        assay.analyze(table, arm="which arm", control="a", metrics=["spent.eur", "bought"], diagnose=False)
        for table in (there, FRAME)
    )
    assert found.comparisons == expected.comparisons
    plan, planned = (
        assay.plan(table, value="spent.eur", arm="which arm", control="a", lift=0.5, replicates=100)
        for table in (there, FRAME)
    )
    assert plan == planned
    frame = _there(spark, SUMS, "variation string, users int, main_sum double, main_sum_squares double")
    sums = assay.compare(frame, control="a").analysis
    assert sums.comparisons == assay.compare(SUMS, control="a").analysis.comparisons


def _there(spark: SparkSession, frame: pd.DataFrame, schema: str) -> DataFrame:
    # By rows: PySpark 3.5 reads a pandas frame by functions that pandas warns of.
    return spark.createDataFrame(list(frame.itertuples(index=False, name=None)), schema)
