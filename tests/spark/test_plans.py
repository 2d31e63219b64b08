"""The plans of bronze, silver and gold as Spark carried them out, on real tables, held to rules.

Tables of facts are larger here than what Spark broadcasts, as they are where it matters; a frame that the
driver holds is not.
"""

from __future__ import annotations

import hashlib
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from assay.lake import markets, reconciliation, refresh
from assay.lake.refine import refine
from assay.runtime import clients
from assay.sources.intake import Intake
from assay.sources.landing import Landing
from assay.spark import executed, local
from assay.spark.executed import Query

sys.path.insert(0, str(Path(__file__).parents[1]))

from faults import model, sequences
from faults.landed import Place
from faults.sequences import NAMES, World

pytestmark = pytest.mark.long

CUSTOMERS, TRADES = 400, 3_000
FORBIDDEN = {
    "rows go to Python one at a time": {"BatchEvalPython", "Scan ExistingRDD", "DeserializeToObject"},
    "every row meets every other": {"CartesianProduct", "BroadcastNestedLoopJoin"},
}
"""Rule → operators that break it."""
_JOINS = frozenset({"SortMergeJoin", "ShuffledHashJoin"})
_FREE = ("Inner", "LeftOuter", "LeftSemi", "LeftAnti")
"""Joins whose right side can be broadcast; a MERGE's is an outer one and keeps its right side's rows."""
SMALL = {"spark.sql.autoBroadcastJoinThreshold": str(32 * 1024), "spark.sql.shuffle.partitions": "2"}


def broken(query: Query) -> list[str]:
    """The rules that a plan breaks."""
    found = [
        f"{rule}: {step.text}"
        for rule, names in FORBIDDEN.items()
        for step in query.steps
        if step.name in names
    ]
    for join in query.steps:
        if join.name not in _JOINS or not any(f", {kind}" in join.text for kind in _FREE):
            continue
        sides = [[*query.under(query.by_number[number])] for number in join.inputs]
        if any(all(step.table is None for step in side) and _of_driver(side) for side in sides):
            found.append(f"a frame of the driver is shuffled: {join.text}")
    return found


def _of_driver(side: list[executed.Step]) -> bool:
    names = {step.name for step in side}
    return "LocalTableScan" in names and "InMemoryTableScan" not in names


@pytest.fixture(scope="module")
def small(spark: SparkSession) -> Iterator[None]:
    before = {key: spark.conf.get(key, None) for key in SMALL}
    for key, value in SMALL.items():
        spark.conf.set(key, value)
    yield
    for key, kept in before.items():
        spark.conf.unset(key) if kept is None else spark.conf.set(key, kept)


@pytest.fixture(scope="module")
def steps(
    spark: SparkSession,
    small: None,  # noqa: ARG001  # it must be so first
    new_catalog: Callable[[Path], str],
    emulator: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[dict[str, list[Query]]]:
    """Step → the queries of the fourth week, after three that were taken in together."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "AWS_ENDPOINT_URL": emulator,
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }.items():
            patch.setenv(name, value)
        place = Place(spark)
        place.make(emulator)
        catalog = new_catalog(tmp_path_factory.mktemp("plans"))
        sequences.prepare(spark, catalog)
        world = World(spark, catalog, Landing(clients.s3(), place.bucket))
        for unit in range(1, CUSTOMERS + 1):
            world.change("customers", "I", sequences.customer(unit, "basic"))
            arm = model.ARMS[unit % 2]
            world.change(
                "exposures", "I", sequences.exposure(unit, unit, arm, model.START_AT + timedelta(days=8))
            )
        for n in (1, 2, 3):
            _trade(world, n)
        world.deliver()
        assert world.run(ahead=1)
        _trade(world, 4)
        world.deliver()
        yield _carried_out(world)
        sequences.forget(spark, catalog)


def _trade(world: World, n: int) -> None:
    """A week of trades."""
    for i in range(TRADES):
        at = model.START_AT + timedelta(weeks=n - 1, minutes=3 * i)
        world.change("trades", "I", sequences.trade(n * TRADES + i, 1 + i % CUSTOMERS, at, 1 + i % 7))


def _carried_out(world: World) -> dict[str, list[Query]]:
    lake, week = world.lake, model.week(3)
    tasks: dict[str, Callable[[], object]] = {
        "bronze": lambda: Intake(lake, world.landing).tables(),
        "silver": lambda: refine(lake, NAMES),
        "experiments": lambda: refresh.experiments(lake, week, week + model.WEEK),
        "asset_daily": lambda: markets.asset_daily(lake, week + model.WEEK),
        "reconcile": lambda: reconciliation.reconcile(lake, week),
    }
    found = {}
    for name, task in tasks.items():
        mark = executed.newest(world.spark)
        task()
        found[name] = executed.queries(world.spark, mark)
    return found


def scans(queries: list[Query]) -> Counter[str]:
    """Table, without its catalog → how often it is read."""
    return Counter(step.table.partition(".")[2] for query in queries for step in query.scans if step.table)


READ = {
    # What arrived is read from its files; then what was written is audited, and a column of it asked.
    "bronze": {"bronze.trades": 2},
    # The news, and whether a younger delete came before; then what was written is audited.
    "silver": {"bronze.trades": 2, "silver.trades": 1},
    # What changed says which weeks, these are summed once for all measures and experiments. Exposures are
    # there with the facts, with what units are worth, and to be counted by themselves.
    "experiments": {
        "silver.trades.changes": 1, "silver.trades": 1, "silver.exposures": 3, "gold.unit_metrics": 2,
    },
    "asset_daily": {"silver.trades.changes": 1, "silver.trades": 1},
    # Against bronze, by days and by experiments: three comparisons, side by side in one query.
    "reconcile": {"bronze.trades": 1, "silver.trades": 3, "silver.exposures": 2, "gold.unit_metrics": 1},
}  # fmt: skip
"""Step → table of facts, or of what they come to → how often the step reads it at most."""


def test_no_plan_breaks_a_rule(steps: dict[str, list[Query]]) -> None:
    assert all(steps.values())
    assert [rule for queries in steps.values() for query in queries for rule in broken(query)] == []


@pytest.mark.parametrize("step", READ)
def test_facts_are_read_once_for_each_question(steps: dict[str, list[Query]], step: str) -> None:
    facts = {name for tables in READ.values() for name in tables}
    found = scans(steps[step])
    assert {name: found[name] for name in facts if found[name] > READ[step].get(name, 0)} == {}
    assert found.keys() & READ[step].keys()


def test_only_the_weeks_that_are_asked_for_are_read(steps: dict[str, list[Query]]) -> None:
    """Iceberg leaves out files by these conditions: each week's rows came in files of their own."""
    (trades,) = reads(steps["experiments"], "silver.trades")
    first, last = (int(1e6 * _midnight(n)) for n in (3, 4))
    assert f"traded_at >= {first}, traded_at < {last}" in trades.filters
    of_the_table = [each.filters for each in reads(steps["experiments"], "gold.unit_metrics")]
    assert all("experiment" in filters for filters in of_the_table), of_the_table
    (days,) = reads(steps["asset_daily"], "silver.trades")
    assert f"traded_at >= {int(1e6 * _midnight(4))}" in days.filters


def _midnight(n: int) -> float:
    return (model.START_AT.replace(hour=0, minute=0) + timedelta(weeks=n - 1)).timestamp()


def reads(queries: list[Query], table: str) -> list[executed.Step]:
    """The scans of a table."""
    found = [step for query in queries for step in query.scans]
    return [step for step in found if step.table and step.table.partition(".")[2] == table]


# -- the rules themselves ----------------------------------------------------------------------
@pytest.fixture
def rules(
    spark: SparkSession,
    small: None,  # noqa: ARG001  # as above
) -> Callable[[Callable[[], object]], list[str]]:
    """The rules that what is done breaks."""

    def asked(task: Callable[[], object]) -> list[str]:
        mark = executed.newest(spark)
        task()
        return [rule.partition(":")[0] for query in executed.queries(spark, mark) for rule in broken(query)]

    return asked


Rules = Callable[[Callable[[], object]], list[str]]


def test_rows_in_python_are_seen(spark: SparkSession, rules: Rules) -> None:
    slow = F.udf(lambda number: number + 1, "long")
    assert rules(spark.range(9).select(slow("id")).collect) == ["rows go to Python one at a time"]
    assert rules(spark.createDataFrame([(1,)], "n int").collect) == ["rows go to Python one at a time"]
    assert rules(local.frame(spark, [(1,)], "n int").collect) == []


def test_every_row_with_every_other_is_seen(spark: SparkSession, rules: Rules) -> None:
    many = spark.range(100_000)
    assert rules(many.crossJoin(many.limit(2)).count) == ["every row meets every other"]


def test_a_frame_of_the_driver_that_is_shuffled_is_seen(spark: SparkSession, rules: Rules) -> None:
    many = spark.range(100_000).withColumn("more", F.col("id") * 2)
    # Texts that do not pack: Spark would broadcast what it finds to be small once it has shuffled it.
    some = local.frame(spark, [(n, _digest(n)) for n in range(2_000)], "id long, text string")
    texts = F.max("text"), F.max("more")
    assert rules(many.join(some, "id").agg(*texts).collect) == ["a frame of the driver is shuffled"]
    assert rules(many.join(F.broadcast(some), "id").agg(*texts).collect) == []


def _digest(number: int) -> str:
    return hashlib.sha512(str(number).encode()).hexdigest()


def test_a_query_tells_what_it_reads_and_in_what_order(spark: SparkSession) -> None:
    mark = executed.newest(spark)
    half = spark.range(10).groupBy((F.col("id") % 2).alias("odd")).count()
    half.union(half).collect()
    (query,) = executed.queries(spark, mark)
    assert query.number == mark + 1 == executed.newest(spark)
    assert query.seconds is not None
    assert query.seconds >= 0
    (top,) = query.top()
    names = [step.name for step in query.under(top)]
    assert len(names) == len(query.steps)
    assert names.count("Range") == 1  # its rows are used twice
    assert query.scans == []


def test_a_plan_is_shown_in_short(spark: SparkSession, steps: dict[str, list[Query]]) -> None:
    (query,) = (
        each
        for each in steps["experiments"]
        if each.steps[0].name == "OverwriteByExpression"
        and any(scan.name.endswith("silver.trades") for scan in each.scans)
    )
    first, *lines = query.tree(width=90)
    if spark.version < "4":
        assert str(query.written).endswith("gold.unit_metrics")
        assert first == f"OverwriteByExpression {query.written}"
    else:
        assert query.written is None
        assert first == "OverwriteByExpression"
    assert any(
        line.strip().startswith("BatchScan") and "silver.trades where traded_at" in line for line in lines
    )
    assert all(len(line) <= 90 for line in lines)
    assert "#" not in "".join(lines)
    assert not any(line.strip().startswith("Project") for line in lines)
