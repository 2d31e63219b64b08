"""The SQL face of the registry: the same numbers as the library, NULL where there is none."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pyspark.errors import PythonException
from pyspark.sql import functions as F

from assay import seeds
from assay.errors import InputError
from assay.spark import udfs
from assay.stats import METHODS, Moments, mde

MOMENT_METHODS = sorted(name for name, method in METHODS.items() if method.data is Moments)


def arms(method: str, tests: int = 5) -> list[Moments]:
    rng = seeds.stream(2, f"test.{method}")
    d = rng.poisson(3.0, (2, tests, 200)).astype(float)
    y = (d > 2).astype(float) if method == "proportions_score" else d * rng.gamma(2.0, 10.0, d.shape)
    return [Moments.of(y[i], d[i]) for i in (0, 1)]


def columns(method: str, moments: list[Moments]) -> dict[str, Any]:
    names = udfs.moment_names(METHODS[method])
    return {f"{name}_{arm}": getattr(m, name) for arm, m in zip("ct", moments, strict=True) for name in names}


def table(spark: Any, given: dict[str, Any]) -> Any:
    return spark.createDataFrame(
        list(zip(*(values.tolist() for values in given.values()), strict=True)), list(given)
    )


@pytest.mark.parametrize("method", MOMENT_METHODS)
def test_sql_gives_the_numbers_of_the_library(spark: Any, method: str) -> None:
    assert f"assay_{method}" in udfs.register(spark)
    moments = arms(method)
    given = columns(method, moments)
    table(spark, given).createOrReplaceTempView("moments")
    got = spark.sql(
        f"SELECT e.* FROM (SELECT assay_{method}({', '.join(given)}, 0.1D) AS e FROM moments)"
    ).collect()
    expected = METHODS[method](*moments, alpha=0.1)
    for i, row in enumerate(got):
        for name in udfs.RESULT[:-1]:
            assert row[name] == pytest.approx(float(getattr(expected, name)[i]), nan_ok=True), name
        assert row["mde"] == pytest.approx(float(mde(expected.std_error, expected.df, alpha=0.1)[i]))


def test_a_column_function_needs_no_registration(spark: Any) -> None:
    moments = arms("welch", 1)
    frame = table(spark, columns("welch", moments))
    row = frame.select(udfs.column_function("welch")(*frame.columns).alias("e")).select("e.*").first()
    assert row["alpha"] == udfs.DEFAULT_ALPHA
    assert row["estimate"] == float(METHODS["welch"](*moments).estimate[0])


def test_nothing_to_compare_is_null_with_a_reason(spark: Any) -> None:
    udfs.register(spark)
    row = spark.sql(
        "SELECT e.* FROM (SELECT assay_welch(10L, 1.0D, 2.0D, CAST(NULL AS BIGINT), CAST(NULL AS DOUBLE), "
        "NULL) AS e)"
    ).first()
    assert (row["estimate"], row["p_value"], row["mde"]) == (None, None, None)
    assert row["reason"] == 1


def test_a_wrong_number_of_arguments_is_said(spark: Any) -> None:
    udfs.register(spark)
    with pytest.raises(
        PythonException, match="assay_welch was called with 3 arguments; it takes n, mean_y, m2_y"
    ):
        spark.sql("SELECT assay_welch(1D, 2D, 3D)").collect()


def test_what_runs_in_a_worker() -> None:
    ratio = udfs.moment_names(METHODS["ratio_delta"])
    assert ratio == ("n", "mean_y", "m2_y", "mean_d", "m2_d", "c_yd")
    moments = arms("ratio_delta", 3)
    given = [pd.Series(values) for values in columns("ratio_delta", moments).values()]
    table = udfs.effects("ratio_delta", given)
    assert list(table) == list(udfs.RESULT)
    np.testing.assert_array_equal(table["estimate"], METHODS["ratio_delta"](*moments).estimate)
    narrow = udfs.effects("ratio_delta", [*given, pd.Series([0.5] * 3)])
    assert (narrow["lower"] > table["lower"]).all()
    with pytest.raises(InputError, match="was called with 11 arguments"):
        udfs.effects("ratio_delta", given[:-1])
    empty = udfs.effects("welch", [pd.Series([math.nan]), pd.Series([math.nan]), pd.Series([math.nan])] * 2)
    assert empty["estimate"].isna().all()


def test_every_field_has_a_type(spark: Any) -> None:
    frame = table(spark, columns("welch", arms("welch", 1)))
    struct = frame.select(F.expr("1"), udfs.column_function("welch")(*frame.columns).alias("e")).schema["e"]
    assert [field.name for field in struct.dataType.fields] == list(udfs.RESULT)
