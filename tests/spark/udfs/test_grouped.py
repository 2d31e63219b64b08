"""Methods that need the units, on Spark: the same bits as the library, whatever the partitions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from assay.errors import InputError
from assay.seeds import stream
from assay.spark.grouped import Columns, Comparison, compare, compared
from assay.spark.udfs import result_names
from assay.stats import METHODS, Moments, Samples
from assay.stats.survival.lifetable import LifeTable

SAMPLE_METHODS = sorted(name for name, method in METHODS.items() if method.data is Samples)
ALL = Columns(d="d", x="x", w="w", cluster="cluster")


def units() -> pd.DataFrame:
    rng = stream(6, "test.grouped")
    size = 90
    d = rng.poisson(3.0, size) + 1.0
    y = rng.poisson(d) * 0.1
    return pd.DataFrame(
        {
            "experiment": np.repeat(["one", "two"], [60, 30]),
            "unit": [f"u{i:03d}" for i in range(size)],
            "arm": np.resize(["control", "blue", "green"], size),
            "y": y,
            "d": d,
            "x": y + rng.normal(size=size),
            "w": rng.gamma(5.0, 0.2, size),
            "cluster": np.arange(size) // 5,
        }
    )


def on_spark(spark: Any, table: pd.DataFrame) -> Any:
    return spark.createDataFrame(table.to_numpy(dtype=object).tolist(), list(table))


def arm(table: pd.DataFrame, experiment: str, name: str) -> Samples:
    kept = table[(table["experiment"] == experiment) & (table["arm"] == name)]
    return Samples(*(kept[series].to_numpy("float64") for series in ("y", "d", "x", "w", "cluster")))


def test_any_partitioning_gives_the_bits_of_the_library(spark: Any) -> None:
    table = units()
    asked = Comparison("mann_whitney", "control", 0.1)
    shuffled = on_spark(spark, table.sample(frac=1, random_state=3)).repartition(5)
    rows = {
        (r["experiment"], r["treatment"]): r for r in compare(shuffled, ["experiment"], ALL, asked).collect()
    }
    assert sorted(rows) == [(e, a) for e in ("one", "two") for a in ("blue", "green")]
    for (experiment, treatment), row in rows.items():
        want = METHODS["mann_whitney"](
            arm(table, experiment, "control"), arm(table, experiment, treatment), alpha=0.1
        )
        assert row["control"] == "control"
        for field in want.names():
            value = float(getattr(want, field))
            assert row[field] is None if np.isnan(value) else row[field] == value, field


@pytest.mark.parametrize("name", SAMPLE_METHODS)
def test_every_method_of_samples_runs_on_a_group(name: str) -> None:
    group = units().query("experiment == 'one'")
    if METHODS[name].metric_types == ("proportion",):
        group = group.assign(y=(group["y"] > 0.2) * 1.0)
    # One method takes units of equal exposure only, and says so.
    columns = Columns() if name == "negative_binomial_ml" else ALL
    found = compared(
        group.sample(frac=1, random_state=1), ["experiment"], columns, Comparison(name, "control")
    )
    assert found["treatment"].tolist() == ["blue", "green"]
    assert set(found) == {"experiment", "control", "treatment", *result_names(METHODS[name])}
    assert found["experiment"].eq("one").all()


def test_moments_do_as_well_and_a_missing_control_is_an_arm_without_units() -> None:
    group = units().query("experiment == 'two'")
    columns = Columns(d="d")
    found = compared(group, [], columns, Comparison("ratio_delta", "control"))
    control, blue = (arm(group, "two", name) for name in ("control", "blue"))
    want = METHODS["ratio_delta"](Moments.of(control.y, control.d), Moments.of(blue.y, blue.d))
    assert found["p_value"].iloc[0] == want.p_value
    nobody = compared(group, [], columns, Comparison("ratio_delta", "grey"))
    assert nobody["treatment"].tolist() == ["blue", "control", "green"]
    assert nobody["p_value"].isna().all()
    alone = compared(group.query("arm == 'control'"), [], columns, Comparison("ratio_delta", "control"))
    assert alone.empty


def test_times_become_a_life_table_per_arm() -> None:
    group = units().query("experiment == 'one'").assign(d=lambda table: (table["d"] > 3) * 1.0)
    found = compared(
        group, [], Columns(d="d"), Comparison("restricted_mean", "control", options={"tau": 0.3})
    )
    arms = [arm(group, "one", name) for name in ("control", "blue")]
    want = METHODS["restricted_mean"](*(LifeTable.of(each.y, each.d) for each in arms), tau=0.3)
    assert found["estimate"].iloc[0] == want.estimate
    assert found["p_value"].iloc[0] == want.p_value


def test_a_missing_column_and_data_not_made_of_units_are_refused(spark: Any) -> None:
    frame = on_spark(spark, units())
    with pytest.raises(InputError, match="there is no column 'revenue'; the units have experiment, unit"):
        compare(frame, ["experiment"], Columns(y="revenue"), Comparison("mann_whitney", "control"))
    with pytest.raises(InputError, match="cuped_many takes Comoments, which are not made of units"):
        compare(frame, ["experiment"], Columns(), Comparison("cuped_many", "control"))
