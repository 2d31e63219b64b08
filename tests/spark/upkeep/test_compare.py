"""What differs between two frames: by key, by whole rows, within the tolerance and beyond it."""

from __future__ import annotations

from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from assay.errors import InputError
from assay.lake import Contract, Lake
from assay.upkeep.compare import Which, compare, diff

SCHEMA = "k int, x double, t string, _run_id string"


def rows(spark: SparkSession, *given: tuple[Any, ...]) -> DataFrame:
    frame = spark.createDataFrame([(*row, "r") for row in given], SCHEMA)
    return frame.withColumns({"d": F.lit("1.10").cast("decimal(18,2)"), "a": F.array(F.col("t"))})


def test_rows_are_told_apart_by_key(spark: SparkSession) -> None:
    nan = float("nan")
    before = rows(spark, (1, 1.0, "a"), (2, 2.0, "b"), (3, 3.0, None), (4, None, "d"), (5, nan, "e"))
    after = rows(spark, (2, 2.5, "b"), (3, 3.0, None), (4, 0.0, "D"), (5, nan, "e"), (6, 6.0, "f"))
    found = compare(before, after.withColumn("_run_id", F.lit("r-2")), ["k"])
    assert (found.before, found.after) == (5, 5)
    assert (found.added, found.removed, found.changed, found.equal) == (1, 1, 2, False)
    assert found.columns == {"x": 2, "t": 1, "a": 1}
    assert found.examples[:3] == [
        {"kind": "added", "key": {"k": 6}},
        {"kind": "removed", "key": {"k": 1}},
        {"kind": "changed", "key": {"k": 2}, "columns": {"x": [2.0, 2.5]}},
    ]
    assert found.examples[3]["columns"] == {"x": [None, 0.0], "t": ["d", "D"], "a": ["['d']", "['D']"]}
    assert compare(before, before, ["k"]).equal


@pytest.mark.parametrize(("other", "equal"), [(1 + 9e-13, True), (1 + 2e-12, False), (-1.0, False)])
def test_floats_may_differ_by_a_trillionth(spark: SparkSession, other: float, *, equal: bool) -> None:
    assert compare(rows(spark, (1, 1.0, "a")), rows(spark, (1, other, "a")), ["k"]).equal == equal


def test_a_column_that_only_one_state_has_is_null_in_the_other(spark: SparkSession) -> None:
    before, after = rows(spark, (1, 1.0, "a")), rows(spark, (1, 1.0, "a"))
    assert compare(before.drop("t"), after, ["k"]).columns == {"t": 1}
    assert compare(before, after.drop("t"), ["k"]).columns == {"t": 1}
    empty = after.where("false")
    assert compare(empty, empty, ["k"]).equal


def test_without_a_key_whole_rows_are_compared_as_often_as_they_stand(spark: SparkSession) -> None:
    before = rows(spark, (1, 1.0, "a"), (1, 1.0, "a"), (2, None, "b"))
    after = rows(spark, (1, 1.0, "a"), (2, None, "b"), (3, 3.0, None), (3, 3.0, None))
    found = compare(before, after, [])
    assert (found.before, found.after, found.added, found.removed) == (3, 4, 2, 1)
    row = {"k": 1, "x": 1.0, "t": "a", "d": "1.10", "a": "['a']"}
    assert found.examples[0] == {"kind": "removed", "row": row}
    assert compare(before, before, []).equal


def test_states_and_branches_of_a_table(spark: SparkSession, catalog: str) -> None:
    lake = Lake(spark, "r-1", catalog)
    name = "silver.loads"
    schema = Contract.load(name).schema

    def load(week: str) -> DataFrame:
        values = {"week": week, "blueprint": "shop", "version": "v1", "changes": "{}"}
        cells = [F.lit(values.get(f.name, "")).cast(f.dataType).alias(f.name) for f in schema]
        return spark.range(1).select(*cells).withColumn("loaded_at", F.lit("2026-01-12").cast("timestamp"))

    class Here:
        def __init__(self) -> None:
            self.lake = lake

    def ask(**asked: Any) -> dict[str, Any]:
        return diff(Here(), Which(**asked))  # type: ignore[arg-type]

    first = lake.append(name, load("2026-01-05"), {}).snapshot
    second = lake.append(name, load("2026-01-12"), {}).snapshot
    found = ask(table=name, from_snapshot=first, to_snapshot=second)
    assert not found["equal"]
    assert [(t["table"], t["added"], t["removed"]) for t in found["tables"]] == [(name, 1, 0)]
    assert ask(table=name, from_snapshot=first, to_snapshot=first)["equal"]
    lake.on("backfill_7").clear(name)
    assert [(t["table"], t["removed"]) for t in ask(branch="backfill_7")["tables"]] == [(name, 2)]
    for asked, sentence in {
        "no such table has a branch 'b'; there are backfill_7": {"branch": "b"},
        "no such table has a branch 'backfill_7'": {"branch": "backfill_7", "table": "silver.trades"},
        f"{name} has no state 5; `assay snapshots {name}` lists": {
            "table": name,
            "from_snapshot": 5,
            "to_snapshot": second,
        },
        "give either a branch, or a table and both of its states": {"table": name, "from_snapshot": second},
    }.items():
        with pytest.raises(InputError, match=asked):
            ask(**sentence)
