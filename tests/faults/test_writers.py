"""Several writers of a table, maintenance beside writers, readers beside both, answers that get lost."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from assay.errors import TransientError
from assay.lake import tables
from assay.lake.summary import RUN
from assay.lake.tables import Lake
from assay.runtime import clients
from assay.serving import queries
from assay.upkeep.maintenance import How, maintained
from faults import lakes
from faults.lakes import BRONZE, SILVER, attach, maintain, run, state, table
from faults.proxy import proxy

Survived = Callable[..., None]
BUCKET = "writers"


@pytest.fixture
def glue(spark: SparkSession, aws: str) -> Iterator[str]:
    """A catalog that is the emulator's Glue, without tables."""
    clients.s3().create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    lakes.forget()
    yield attach(spark, aws, BUCKET)
    lakes.forget()
    empty = clients.s3().get_paginator("list_objects_v2")
    for page in empty.paginate(Bucket=BUCKET):
        for each in page.get("Contents", ()):
            clients.s3().delete_object(Bucket=BUCKET, Key=each["Key"])
    clients.s3().delete_bucket(Bucket=BUCKET)


@pytest.fixture
def expected(spark: SparkSession, catalog: str) -> Callable[[int], dict[str, list[Any]]]:
    """What one run after the other ends in, in a catalog of its own."""

    def one_after_the_other(until: int) -> dict[str, list[Any]]:
        for delivery in range(1, until + 1):
            run(Lake(spark, f"alone-{delivery}", catalog), delivery)
        return state(Lake(spark, "alone", catalog))

    return one_after_the_other


# -- maintenance ---------------------------------------------------------------------------------
@pytest.mark.slow
def test_maintenance_between_two_runs_changes_no_result(
    spark: SparkSession, glue: str, expected: Callable[[int], Any], survived: Survived
) -> None:
    lake = Lake(spark, "r-1", glue)
    for delivery in range(1, 6):
        lake.append(BRONZE, lakes.quotes(lake, delivery), {lakes.LANDED: str(delivery)})
    run(lake, 5)
    before, named = state(lake), lake.snapshot(BRONZE)

    maintained = maintain(lake)
    done = maintained[BRONZE]
    assert (done.files_before, done.files_after, done.compacted) == (5, 1, 5)
    assert done.expired == 5  # the empty table and four deliveries; the fifth is what silver was made of
    assert (done.statistics, maintained[SILVER].statistics) == (False, True)
    assert lake.snapshot(BRONZE) != named
    run(Lake(spark, "r-2", glue), 5)
    assert state(lake) == before

    for delivery in (6, 7):
        lake.append(BRONZE, lakes.quotes(lake, delivery), {lakes.LANDED: str(delivery)})
    maintain(lake)  # before silver has read them
    run(Lake(spark, "r-3", glue), 7)
    maintain(lake)
    assert state(lake) == expected(7)
    assert len(table(lake, BRONZE).snapshots()) <= 4  # of ten; what no state of silver names has gone
    counted = queries.query(f"SELECT count(*) n, sum(price) s FROM {SILVER}").to_pylist()
    assert counted == [{"n": lakes.HOURS, "s": sum(row[2] for row in state(lake)[SILVER])}]
    survived(
        "writers",
        "compaction and expiry of everything between two runs",
        tried=3,
        lost=0,
        saw="the same tables",
    )


@pytest.mark.slow
def test_what_killed_writes_left_behind_goes_after_a_day(
    spark: SparkSession, glue: str, survived: Survived
) -> None:
    lake = Lake(spark, "r-1", glue)
    lake.append(BRONZE, lakes.quotes(lake, 1), {lakes.LANDED: "1"})
    written = lakes.quotes(lake, 2)
    table(lake, BRONZE).fork("audit_r_0_dead")
    written.writeTo(f"{glue}.{BRONZE}.branch_audit_r_0_dead").append()
    table(lake, BRONZE).fork("audit_r_2_alive")
    key = "warehouse/bronze.db/quotes/data/killed.parquet"
    clients.s3().put_object(Bucket=BUCKET, Key=key, Body=b"half a file")

    young = maintained(lake, How(), datetime.now(UTC))[0]
    assert (young.branches, young.orphans, young.expired) == (0, 0, 0)
    looked = maintained(lake, How(dry_run=True), datetime.now(UTC) + timedelta(days=30))[0]
    assert (looked.branches, looked.orphans) == (1, 1)
    assert set(table(lake, BRONZE).branches) == {"main", "audit_r_0_dead", "audit_r_2_alive"}
    clients.s3().head_object(Bucket=BUCKET, Key=key)

    done = maintain(lake)[BRONZE]
    assert (done.branches, done.orphans) == (1, 1)
    assert set(table(lake, BRONZE).branches) == {"main", "audit_r_2_alive"}
    assert key not in keys()
    assert len([each for each in keys() if each.endswith(".parquet")]) == 1  # the dead branch's file went too
    assert lake.read(BRONZE).count() == lakes.HOURS
    survived("writers", "branches and files of killed writes", tried=2, lost=0, saw="removed after a day")


# -- writers -------------------------------------------------------------------------------------
@pytest.mark.parametrize("when", ["before it writes", "while it writes"])
def test_a_run_that_is_overtaken_adds_nothing_twice(
    spark: SparkSession, catalog: str, tmp_path: Path, when: str, survived: Survived
) -> None:
    """The faster run drops the slower one's branch, which Iceberg would then make anew from its rows."""
    slow, fast = (Lake(spark, run, catalog) for run in ("r-slow", "r-fast"))
    slow.append(BRONZE, lakes.quotes(slow, 1), {lakes.LANDED: "1"})
    for lake in (slow, fast):
        assert lake.watermark(BRONZE, lakes.LANDED) == "1"
    second = (lakes.quotes(fast, 2), {lakes.LANDED: "2"})
    with ThreadPoolExecutor(1) as pool:
        if when == "before it writes":
            with pytest.MonkeyPatch.context() as patch:
                overtake = partial(fast.append, BRONZE, *second)
                patch.setattr(tables, "_options", first_doing(overtake, tables._options))
                ended = pool.submit(slow.append, BRONZE, lakes.quotes(slow, 2), {lakes.LANDED: "2"})
                error = ended.exception()
        else:
            begun, go = tmp_path / "begun", tmp_path / "go"
            rows = lakes.quotes(slow, 2)
            waiting = rows.mapInPandas(when_told(str(begun), str(go)), rows.schema)
            ended = pool.submit(slow.append, BRONZE, waiting, {lakes.LANDED: "2"})
            while not begun.exists() and not ended.done():
                time.sleep(0.05)
            fast.append(BRONZE, *second)
            go.touch()
            error = ended.exception()
    assert isinstance(error, TransientError)
    assert "watermark landing was 1 when this run read it and is 2 now" in error.message
    found = slow.read(BRONZE).groupBy("_source_file").count().collect()
    assert sorted(tuple(row) for row in found) == [("file-1", lakes.HOURS), ("file-2", lakes.HOURS)]
    assert table(slow, BRONZE).branches == ("main",)
    survived("writers", f"overtaken by another run {when}", tried=1, lost=0, saw="told to run again")


@pytest.mark.slow
def test_two_runs_at_once_end_as_one_after_the_other(
    spark: SparkSession, glue: str, expected: Callable[[int], Any], survived: Survived
) -> None:
    rounds, ends = 3, []
    for delivery in range(1, rounds + 1):
        lakes_of_both = [Lake(spark, f"r-{delivery}-{which}", glue) for which in "ab"]
        with ThreadPoolExecutor(2) as pool:
            ends += list(pool.map(lambda lake, until=delivery: end_of(lake, until), lakes_of_both))
    run(Lake(spark, "r-last", glue), rounds)  # what a failed run left is there after the next
    assert state(Lake(spark, "r", glue)) == expected(rounds)
    assert [each for each in ends if each not in {"done", "again"}] == []
    assert "done" in ends
    survived(
        "writers",
        "two runs of the same jobs at the same time",
        tried=2 * rounds,
        lost=0,
        saw=f"{ends.count('done')} succeeded, {ends.count('again')} were told to run again",
    )


@pytest.mark.slow
def test_runs_beside_maintenance_end_as_without_it(
    spark: SparkSession, glue: str, expected: Callable[[int], Any], survived: Survived
) -> None:
    deliveries, again = 6, 0
    with beside(lambda: maintain(Lake(spark, "m", glue), minute=True)) as times:
        for delivery in range(1, deliveries + 1):
            while end_of(Lake(spark, f"r-{delivery}", glue), delivery) != "done":
                again += 1
    assert state(Lake(spark, "r", glue)) == expected(deliveries)
    assert times() > 0
    survived(
        "writers",
        "runs beside maintenance without a pause, a day being a minute",
        tried=deliveries,
        lost=0,
        saw=f"{again} runs were told to run again; maintenance ran {times()} times",
    )


# -- readers -------------------------------------------------------------------------------------
@pytest.mark.slow
def test_readers_beside_writers_see_whole_states_only(
    spark: SparkSession, glue: str, survived: Survived
) -> None:
    broken: list[object] = []
    asked = f"SELECT count(*) n, sum(price) s, count(DISTINCT _run_id) r FROM {SILVER}"
    whole = {"n": lakes.HOURS, "s": Decimal(100 * lakes.HOURS), "r": 1}
    publish_week(spark, glue, 0)

    def athena() -> None:
        (row,) = queries.query(asked).to_pylist()
        if row != whole:
            broken.append(row)

    def by_spark() -> None:
        rows = Lake(spark, "reader", glue).read(SILVER)
        row = rows.agg(F.count("*"), F.sum("price"), F.count_distinct("_run_id")).head()
        if row is None or tuple(row) != tuple(whole.values()):
            broken.append(row)

    weeks = 8
    upkeep = partial(maintain, Lake(spark, "m", glue), minute=True)
    with beside(athena) as by_athena, beside(by_spark) as spark_reads, beside(upkeep):
        for week in range(1, weeks + 1):
            publish_week(spark, glue, week)
    assert broken == []
    assert min(by_athena(), spark_reads()) > 0
    survived(
        "writers",
        f"readers (Athena's stand-in, Spark) beside {weeks} weeks being written and maintained",
        tried=by_athena() + spark_reads(),
        lost=len(broken),
        saw="whole weeks only",
    )


# -- lost answers --------------------------------------------------------------------------------
@pytest.mark.slow
@pytest.mark.parametrize("more", [0, 3, 24], ids=["answered when asked again", "no answer", "mute for long"])
def test_a_commit_whose_answer_got_lost_is_found_by_its_run(
    spark: SparkSession, aws: str, glue: str, more: int, survived: Survived
) -> None:
    """A commit asks three times: to make a branch, to write, to publish. Each answer is lost once."""
    assert glue
    failures = []
    with proxy(aws) as between:
        behind = attach(spark, aws, BUCKET, glue=between.url)
        Lake(spark, "r-0", behind).append(
            BRONZE, lakes.quotes(Lake(spark, "r-0", behind), 1), {"landing": "1"}
        )
        for number, step in enumerate(range(1, 4), 2):
            between.swallow = losing("UpdateTable", between.asked["UpdateTable"] + step, more)
            failures += deliver(Lake(spark, f"r-{number}", behind), number)
    lake = Lake(spark, "r", glue)
    rows = lake.read(BRONZE).groupBy("_source_file").count().collect()
    assert sorted(tuple(row) for row in rows) == [(f"file-{n}", lakes.HOURS) for n in range(1, 5)]
    runs = [each.summary.get(RUN) for each in table(lake, BRONZE).ancestry() if RUN in each.summary]
    assert runs == ["r-4", "r-3", "r-2", "r-0"]
    assert len(between.lost) >= 3
    survived(
        "writers",
        f"an answer to a commit is lost after it was carried out, and {more} answers after it",
        tried=3,
        lost=0,
        saw=f"{len(failures)} runs failed and were repeated; each row is there once",
    )


# -- helpers -------------------------------------------------------------------------------------
def keys() -> list[str]:
    pages = clients.s3().get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
    return [each["Key"] for page in pages for each in page.get("Contents", ())]


def end_of(lake: Lake, until: int) -> str:
    """How a run ends: "done", "again" for a sentence of ours that says so, else the error."""
    try:
        run(lake, until)
    except TransientError as error:
        return "again" if "run the job again" in error.message else error.message
    return "done"


@contextlib.contextmanager
def beside(task: Callable[[], object]) -> Iterator[Callable[[], int]]:
    """Do something again and again meanwhile; gives how often it was done. Its errors are the test's."""
    over, count = threading.Event(), [0]

    def work() -> None:
        while not over.is_set():
            task()
            count[0] += 1

    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(work)
        try:
            yield lambda: count[0]
            while not count[0] and not future.done():
                time.sleep(0.1)
        finally:
            over.set()
        future.result()


def first_doing(task: Callable[[], object], then: Callable[..., Any]) -> Callable[..., Any]:
    """A function that does something else before it does its work for the first time."""
    done: list[object] = []

    def work(*arguments: Any) -> Any:
        if not done:
            done.append(None)
            task()
        return then(*arguments)

    return work


def when_told(begun: str, go: str) -> Callable[[Iterator[Any]], Iterator[Any]]:
    """Rows as they are, once a file is there; runs in a worker of Spark."""

    def wait(batches: Iterator[Any]) -> Iterator[Any]:
        import pathlib
        import time

        pathlib.Path(begun).touch()
        while not pathlib.Path(go).exists():
            time.sleep(0.05)
        yield from batches

    return wait


def publish_week(spark: SparkSession, catalog: str, week: int) -> None:
    """Change every row of silver.quotes so that count and sum stay."""
    lake = Lake(spark, f"r-{week}", catalog)
    change = F.when(F.hour("quoted_at") % 2 == 0, F.lit(week)).otherwise(F.lit(-week))
    rows = lakes.quotes(lake, 1).select(
        "asset",
        "quoted_at",
        (F.lit(100) + change).cast("decimal(18,4)").alias("price"),
        F.lit(f"{week:04d}").alias("_change_seq"),
        "_run_id",
    )
    lake.merge(SILVER, rows, {"week": str(week)})


def losing(action: str, number: int, more: int) -> Callable[[str, int], bool]:
    """Lose the answer to the request of a number, and those to some more of Glue's catalog after it."""
    left: list[int] = []

    def swallow(asked: str, count: int) -> bool:
        if asked == action and count == number:
            left.append(more)
            return True
        if left and left[0] and asked in {"UpdateTable", "GetTable"}:
            left[0] -= 1
            return True
        return False

    return swallow


def deliver(lake: Lake, number: int) -> list[str]:
    """Append a delivery, again until it is there; the errors on the way."""
    errors: list[str] = []
    for _ in range(3):
        try:
            if lake.watermark(BRONZE, lakes.LANDED) != str(number):
                lake.append(BRONZE, lakes.quotes(lake, number), {lakes.LANDED: str(number)})
        except Exception as error:  # noqa: BLE001 a job fails with it, whatever it is, and is run again
            errors.append(f"{type(error).__name__}: {str(error)[:200]}")
        else:
            return errors
    raise AssertionError(errors)
