"""Moments by Spark's aggregates, and tables of moments back into NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from assay.errors import InputError
from assay.seeds import stream
from assay.spark import moments
from assay.stats import Moments, moments_by


def test_spark_arrow_pandas_and_numpy_agree(spark: Any) -> None:
    rng = stream(5, "test.moments")
    frame = pd.DataFrame(
        {
            "arm": np.repeat(["a", "b"], [300, 200]),
            "y": rng.gamma(0.5, 20.0, 500) + 1e6,
            "d": rng.poisson(4.0, 500) * 1.0,
            "x": rng.normal(5.0, 2.0, 500),
        }
    )
    labels, here = moments_by(frame["arm"], frame["y"], frame["d"], frame["x"])
    rows = spark.createDataFrame(frame.to_numpy(dtype=object).tolist(), list(frame))
    grouped = rows.repartition(3).groupBy("arm").agg(*moments.aggregates())
    table = grouped.toPandas().sort_values("arm").reset_index(drop=True)
    for source in (table, pa.Table.from_pandas(table)):
        there = moments.collected(source)
        assert there.series == {"y", "d", "x"}
        for name in moments.names():
            np.testing.assert_allclose(getattr(there, name), getattr(here, name), rtol=1e-9)
    assert labels.tolist() == ["a", "b"]


def test_a_missing_arm_has_no_units_and_a_missing_moment_is_refused() -> None:
    table = pd.DataFrame({"n": [2.0, np.nan], "mean_y": [1.0, np.nan], "m2_y": [0.5, np.nan], "note": "-"})
    found = moments.collected(table)
    assert found.n.tolist() == [2.0, 0.0]
    assert found.mean_y.tolist() == [1.0, 0.0]
    assert isinstance(found, Moments)
    with pytest.raises(InputError, match="the table has no column 'm2_y'; moments need n, mean_y, m2_y"):
        moments.collected(table.drop(columns="m2_y"))
