"""The SQL face of the registry: the same bits as the library, NULL where there is no number."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pyspark.errors import PythonException

from assay import seeds
from assay.errors import InputError
from assay.spark import udfs
from assay.stats import METHODS, Method, Moments, Posterior, mde

MOMENT_METHODS = sorted(name for name, method in METHODS.items() if method.data is Moments)
TESTS = 5


def kind(method: Method) -> str:
    """Which data suit a method: zeros and ones, or counts."""
    return "binary" if method.family == "proportions" or method.metric_types == ("proportion",) else "count"


def arms(kind: str) -> list[Moments]:
    rng = seeds.stream(2, f"test.{kind}")
    d = rng.poisson(3.0, (2, TESTS, 60)) + 1.0
    y = (d > 3).astype(float) if kind == "binary" else rng.poisson(d * rng.gamma(2.0, 1.0, d.shape)) * 1.0
    x = y + rng.normal(0.0, 1.0, y.shape)
    return [Moments.of(y[i], d[i], x[i]) for i in (0, 1)]


def columns(method: str, moments: list[Moments], prefix: str = "") -> dict[str, Any]:
    names = udfs.moment_names(METHODS[method])
    return {
        f"{prefix}{name}_{arm}": getattr(m, name)
        for arm, m in zip("ct", moments, strict=True)
        for name in names
    }


def table(spark: Any, given: dict[str, Any]) -> Any:
    return spark.createDataFrame(
        list(zip(*(np.asarray(values).tolist() for values in given.values()), strict=True)), list(given)
    )


@pytest.mark.long
def test_sql_gives_the_bits_of_the_library(spark: Any) -> None:
    data = {k: arms(k) for k in ("binary", "count")}
    given: dict[str, Any] = {"i": np.arange(TESTS)}
    calls = []
    registered = udfs.register(spark)
    for name in MOMENT_METHODS:
        which = kind(METHODS[name])
        mine = columns(name, data[which], f"{which}_")
        given |= mine
        calls.append(f"assay_{name}({', '.join(mine)}, 0.1D) AS {name}")
        assert f"assay_{name}" in registered
    table(spark, given).createOrReplaceTempView("moments")
    rows = spark.sql(f"SELECT {', '.join(calls)} FROM moments ORDER BY i").collect()
    for name in MOMENT_METHODS:
        method = METHODS[name]
        # SQL hands over what the method needs, and nothing that it could read besides.
        names = udfs.moment_names(method)
        read = [Moments(**{part: getattr(m, part) for part in names}) for m in data[kind(method)]]
        expected = method(*read, alpha=0.1)
        for i, row in enumerate(rows):
            for field in method.result.names():
                want = float(getattr(expected, field)[i])
                got = row[name][field]
                assert got is None if math.isnan(want) else got == want, (name, field, got, want)


def test_a_method_that_believes_answers_with_its_own_fields() -> None:
    believing = [m for m in METHODS.values() if m.data is Moments and issubclass(m.result, Posterior)]
    assert believing
    for method in believing:
        assert {"probability_better", "loss_treatment"} <= set(udfs.result_names(method))


def test_a_column_function_needs_no_registration_and_takes_options(spark: Any) -> None:
    moments = arms("count")
    frame = table(spark, columns("welch", moments))
    plain, greater = (
        udfs.column_function("welch", **options) for options in ({}, {"alternative": "greater"})
    )
    row = frame.select(plain(*frame.columns).alias("e"), greater(*frame.columns).alias("g")).first()
    assert row["e"]["alpha"] == udfs.DEFAULT_ALPHA
    assert row["e"]["estimate"] == float(METHODS["welch"](*moments).estimate[0])
    assert row["g"]["upper"] == math.inf
    assert [f.name for f in frame.select(plain(*frame.columns).alias("e")).schema["e"].dataType.fields] == [
        *METHODS["welch"].result.names(),
        "mde",
    ]


def test_nothing_to_compare_is_null_with_a_reason_and_a_wrong_call_is_said(spark: Any) -> None:
    udfs.register(spark)
    row = spark.sql(
        "SELECT e.* FROM (SELECT assay_welch(10L, 1.0D, 2.0D, CAST(NULL AS BIGINT), CAST(NULL AS DOUBLE), "
        "NULL) AS e)"
    ).first()
    assert (row["estimate"], row["p_value"], row["mde"]) == (None, None, None)
    assert row["reason"] == 1
    with pytest.raises(
        PythonException, match="assay_welch was called with 3 arguments; it takes n, mean_y, m2_y"
    ):
        spark.sql("SELECT assay_welch(1D, 2D, 3D)").collect()


def test_what_runs_in_a_worker() -> None:
    ratio = udfs.moment_names(METHODS["ratio_delta"])
    assert ratio == ("n", "mean_y", "m2_y", "mean_d", "m2_d", "c_yd")
    moments = arms("count")
    given = [pd.Series(values) for values in columns("ratio_delta", moments).values()]
    table = udfs.effects("ratio_delta", given)
    assert list(table) == list(udfs.result_names(METHODS["ratio_delta"]))
    effect = METHODS["ratio_delta"](*moments)
    np.testing.assert_array_equal(table["estimate"], effect.estimate)
    np.testing.assert_array_equal(table["mde"], mde(effect.std_error, effect.df))
    narrow = udfs.effects("ratio_delta", [*given, pd.Series([0.5] * TESTS)])
    assert (narrow["lower"] > table["lower"]).all()
    with pytest.raises(InputError, match="was called with 11 arguments"):
        udfs.effects("ratio_delta", given[:-1])
    with pytest.raises(InputError, match="was called with 15 arguments"):
        udfs.effects("ratio_delta", [*given, *given[:3]])
    empty = udfs.effects("welch", [pd.Series([math.nan]), pd.Series([math.nan]), pd.Series([math.nan])] * 2)
    assert empty["estimate"].isna().all()


def test_each_row_may_look_for_something_else() -> None:
    moments = arms("count")
    given = [pd.Series(values) for values in columns("welch", moments).values()]
    level = pd.Series([0.05] * TESTS)
    asked = ["less", "two-sided", "greater", "less", "two-sided"]
    mixed = udfs.effects("welch", [*given, level, pd.Series(asked)])
    for i, alternative in enumerate(asked):
        alone = METHODS["welch"](*moments, alternative=alternative)
        for field in alone.names():
            assert mixed[field].iloc[i] == getattr(alone, field)[i]
    with pytest.raises(InputError, match="alternative is 'fewer'"):
        udfs.effects("welch", [*given, level, pd.Series(["fewer"] * TESTS)])
