"""The lake's tables on a real Iceberg catalog: what is published, what is refused, what survives a kill."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from py4j.protocol import Py4JJavaError
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from assay.errors import ContractError, InputError, TerminalError, TransientError
from assay.lake import iceberg, publish, states
from assay.lake.contracts import Contract, names
from assay.lake.iceberg import MAIN, Snapshot, Table
from assay.lake.tables import Lake
from assay.medallion.gold_touched import net_changes

Quotes = Callable[..., DataFrame]
QUOTES = "silver.quotes"


@pytest.fixture
def lake(spark: SparkSession, catalog: str) -> Lake:
    return Lake(spark, "r-1", catalog)


@pytest.fixture
def quotes(spark: SparkSession) -> Quotes:
    """Rows of silver.quotes from (hour, price, change number)."""

    def make(*rows: tuple[int, float, str], run: str = "r-1") -> DataFrame:
        frame = spark.createDataFrame(
            [(h, str(a), s) for h, a, s in rows], "hour int, amount string, seq string"
        )
        return frame.select(
            F.lit("ABC").alias("asset"),
            F.timestamp_seconds(F.col("hour") * 3600).alias("quoted_at"),
            F.col("amount").cast("decimal(18,4)").alias("price"),
            F.col("seq").alias("_change_seq"),
            F.lit(run).alias("_run_id"),
        )

    return make


def prices(df: DataFrame) -> list[tuple[int, Decimal]]:
    rows = df.select((F.unix_timestamp("quoted_at") / 3600).cast("int").alias("hour"), "price")
    return sorted((row["hour"], row["price"]) for row in rows.collect())


def branches(lake: Lake, name: str) -> tuple[str, ...]:
    table = Table.load(lake.spark, f"{lake.catalog}.{name}")
    assert table is not None
    return table.branches


def head_summary(lake: Lake, name: str) -> dict[str, str]:
    table = Table.load(lake.spark, f"{lake.catalog}.{name}")
    assert table is not None
    head = table.head()
    assert head is not None
    return dict(head.summary)


# -- what is published ---------------------------------------------------------------------------
def test_a_table_never_written_reads_as_empty(lake: Lake) -> None:
    assert not lake.exists(QUOTES)
    with pytest.raises(InputError, match=f"there is no table '{QUOTES}' any more"):
        lake.table(QUOTES)
    assert lake.snapshot(QUOTES) is None
    assert lake.watermark(QUOTES, "bronze.quotes") is None
    assert lake.read(QUOTES).schema == Contract.load(QUOTES).schema
    assert lake.read(QUOTES).count() == 0
    assert lake.appended(QUOTES, None).count() == 0
    assert lake.changelog(QUOTES, None).count() == 0


def test_append_publishes_rows_run_and_watermark_in_one_commit(lake: Lake, quotes: Quotes) -> None:
    commit = lake.append(QUOTES, quotes((1, 10, "a"), (2, 11, "b")), {"bronze.quotes": "7"})
    assert (commit.added, commit.total, commit.written) == (2, 2, True)
    assert commit.snapshot == lake.snapshot(QUOTES)
    assert prices(lake.read(QUOTES)) == [(1, Decimal(10)), (2, Decimal(11))]
    assert lake.watermark(QUOTES, "bronze.quotes") == "7"
    summary = head_summary(lake, QUOTES)
    assert (summary["assay.run_id"], summary["assay.watermark.bronze.quotes"]) == ("r-1", "7")
    assert branches(lake, QUOTES) == ("main",)


def test_a_commit_says_who_wrote_it_and_by_which_contract(
    spark: SparkSession, catalog: str, quotes: Quotes
) -> None:
    lake = Lake(spark, "r-1", catalog, "assay-silver")
    lake.append(QUOTES, quotes((1, 10, "a"), (2, 11, "b")), {})
    lake.merge(QUOTES, quotes((3, 12, "c")), {})
    summary = head_summary(lake, QUOTES)
    assert summary["assay.contract_version"] == Contract.load(QUOTES).version
    assert (summary["assay.run_id"], summary["assay.job"]) == ("r-1", "assay-silver")
    assert summary["total-records"] == "3"
    assert len(summary["assay.commit"]) == 32
    assert "assay.branch" not in summary


def test_merge_inserts_updates_and_deletes_by_key_and_change(lake: Lake, quotes: Quotes) -> None:
    lake.merge(QUOTES, quotes((1, 10, "3"), (2, 11, "3"), (3, 12, "3")), {"b": "1"})
    later = quotes((1, 99, "2"), (2, 21, "4"), (3, 0.5, "5"), (4, 13, "6"), (5, 14, "6"), run="r-2")
    gone = F.hour("quoted_at").isin(3, 5)
    lake.merge(QUOTES, later.withColumn("_deleted", gone), {"b": "2"}, delete_when="_deleted")
    assert prices(lake.read(QUOTES)) == [(1, Decimal(10)), (2, Decimal(21)), (4, Decimal(13))]
    assert lake.watermark(QUOTES, "b") == "2"
    assert head_summary(lake, QUOTES)["assay.run_id"] == "r-1"


def test_what_is_merged_into_an_empty_table_is_added_without_its_deletes(lake: Lake, quotes: Quotes) -> None:
    rows = quotes((1, 10, "3"), (2, 11, "3"), (3, 12, "3"))
    gone = rows.withColumn("_deleted", F.when(F.hour("quoted_at") == 2, True))
    for run in ("of the first", "of the second"):
        commit = lake.merge(QUOTES, gone, {"b": run}, delete_when="_deleted")
        assert (commit.added, commit.total) == (2, 2)
        assert prices(lake.read(QUOTES)) == [(1, Decimal(10)), (3, Decimal(12))]
        (tip,) = lake.history(QUOTES, 1)
        assert (tip.operation, tip.count("added-data-files")) == ("append", 1)
        lake.clear(QUOTES)
    assert lake.merge(QUOTES, gone.where("_deleted"), {"b": "3"}, delete_when="_deleted").total == 0
    assert lake.watermark(QUOTES, "b") == "3"


def test_merging_the_same_changes_again_changes_nothing(lake: Lake, quotes: Quotes) -> None:
    changes = quotes((1, 10, "3"), (2, 11, "3"))
    lake.merge(QUOTES, changes, {"b": "1"})
    before = lake.read(QUOTES).collect()
    lake.merge(QUOTES, changes.withColumn("_run_id", F.lit("r-2")), {"b": "1"})
    assert sorted(lake.read(QUOTES).collect()) == sorted(before)


def test_merge_without_change_numbers_takes_the_newcomer(lake: Lake, spark: SparkSession) -> None:
    name = "gold.experiment_health"
    columns = "experiment string, as_of date, check string, status string, value double, p_value double"
    row = spark.sql("select 'e' a, date'2026-01-12' b, 'srm' c, 'ok' d, 1D e, 0.5D f").toDF(
        *(part.split()[0] for part in columns.split(", "))
    )
    row = row.withColumn("detail", F.lit(None).cast("string")).withColumn("_run_id", F.lit("r"))
    lake.merge(name, row, {})
    lake.merge(name, row.withColumn("status", F.lit("fail")), {})
    assert [r["status"] for r in lake.read(name).collect()] == ["fail"]


def unit_metrics(spark: SparkSession, *rows: tuple[str, str, float]) -> DataFrame:
    """Rows of gold.unit_metrics from (unit, period, total); partitioned by experiment and period."""
    frame = spark.createDataFrame([(u, p, str(t)) for u, p, t in rows], "unit string, p string, t string")
    return frame.selectExpr(
        "'checkout' experiment", "unit", "'a' arm", "'trades.count' measure", "cast(p as date) period",
        "cast(t as double) total", "0D covariate", "'r-1' _run_id",
    )  # fmt: skip


def test_overwrite_replaces_what_the_condition_selects(lake: Lake, spark: SparkSession) -> None:
    name, first, second = "gold.unit_metrics", "2026-01-05", "2026-01-12"
    both = unit_metrics(spark, ("1", first, 1), ("2", first, 2), ("1", second, 3))
    lake.append(name, both, {})
    commit = lake.overwrite(name, unit_metrics(spark, ("9", first, 9)), f"period = date'{first}'", {"b": "1"})
    assert commit.added == 1

    def state() -> list[tuple[str, str, float]]:
        return sorted((r["unit"], str(r["period"]), r["total"]) for r in lake.read(name).collect())

    assert state() == [("1", second, 3.0), ("9", first, 9.0)]
    lake.overwrite(name, both.where("unit = '2'"), F.lit(True), {"b": "2"})
    assert state() == [("2", first, 2.0)]
    lake.overwrite(name, both.where("false"), "true", {})
    assert state() == []


def test_replacing_rows_that_share_a_file_with_others_is_refused(lake: Lake, quotes: Quotes) -> None:
    lake.append(QUOTES, quotes(*((hour, 10, "a") for hour in range(20))).coalesce(1), {})
    with pytest.raises(TerminalError, match="must be whole partitions or everything"):
        lake.overwrite(QUOTES, quotes((1, 20, "c")), "quoted_at < timestamp'1970-01-01 05:00:00'", {})
    assert lake.read(QUOTES).count() == 20
    assert branches(lake, QUOTES) == ("main",)


def test_nothing_new_writes_nothing(lake: Lake, quotes: Quotes) -> None:
    empty = quotes((1, 1, "a")).where("false")
    assert not lake.append(QUOTES, empty, {}).written
    assert not lake.exists(QUOTES)
    lake.append(QUOTES, quotes((1, 10, "a")), {"b": "1"})
    before = lake.snapshot(QUOTES)
    for again in (lake.append, lake.merge):
        commit = again(QUOTES, empty, {"b": "1"})
        assert (commit.written, commit.snapshot, commit.added, commit.total) == (False, before, 0, 1)
    assert lake.overwrite(QUOTES, empty, "true", {"b": "1"}).snapshot == before


@pytest.mark.parametrize("write", ["append", "merge"])
def test_a_watermark_moves_without_rows(lake: Lake, quotes: Quotes, write: str) -> None:
    lake.append(QUOTES, quotes((1, 10, "a")), {"b": "1", "other": "x"})
    assert getattr(lake, write)(QUOTES, quotes((1, 1, "a")).where("false"), {"b": "2"}).written
    assert lake.watermark(QUOTES, "b") == "2"
    assert lake.watermark(QUOTES, "other") == "x"
    assert lake.read(QUOTES).count() == 1


def test_a_watermark_survives_commits_of_other_tools(lake: Lake, quotes: Quotes) -> None:
    lake.append(QUOTES, quotes((1, 10, "a"), (2, 10, "a")), {"b": "1"})
    lake.spark.sql(f"DELETE FROM {lake.catalog}.{QUOTES} WHERE hour(quoted_at) = 2")
    assert lake.watermark(QUOTES, "b") == "1"


# -- what changed between two states -------------------------------------------------------------
def test_appended_is_what_came_between_two_snapshots(lake: Lake, quotes: Quotes) -> None:
    first = lake.append(QUOTES, quotes((1, 10, "a")), {}).snapshot
    second = lake.append(QUOTES, quotes((2, 11, "b")), {}).snapshot
    third = lake.append(QUOTES, quotes((3, 12, "c")), {}).snapshot
    assert prices(lake.appended(QUOTES, first)) == [(2, Decimal(11)), (3, Decimal(12))]
    assert prices(lake.appended(QUOTES, first, second)) == [(2, Decimal(11))]
    assert prices(lake.appended(QUOTES, None, second)) == [(1, Decimal(10)), (2, Decimal(11))]
    assert lake.appended(QUOTES, third).count() == 0


def test_reading_is_pinned_to_the_moment_of_the_call(lake: Lake, quotes: Quotes) -> None:
    lake.append(QUOTES, quotes((1, 10, "a")), {})
    before = lake.read(QUOTES)
    lake.append(QUOTES, quotes((2, 11, "b")), {})
    assert before.count() == 1


def test_changelog_tells_what_came_and_what_left(lake: Lake, quotes: Quotes) -> None:
    first = lake.merge(QUOTES, quotes((1, 10, "1"), (2, 11, "1"), (3, 12, "1")), {}).snapshot
    changes = quotes((2, 21, "2"), (3, 12, "2"), (4, 13, "2")).withColumn("gone", F.hour("quoted_at") == 3)
    lake.merge(QUOTES, changes, {}, delete_when="gone")
    log = lake.changelog(QUOTES, first)
    found = sorted((r["quoted_at"].hour, r["_change_type"], r["price"]) for r in log.collect())
    assert found == [
        (1, "DELETE", Decimal(10)), (1, "INSERT", Decimal(10)),  # copied, beside the others in its file
        (2, "DELETE", Decimal(11)), (2, "INSERT", Decimal(21)),
        (3, "DELETE", Decimal(12)),
        (4, "INSERT", Decimal(13)),
    ]  # fmt: skip
    net = net_changes(log, ["quoted_at", "price"]).collect()
    assert sorted((r["quoted_at"].hour, r["price"]) for r in net) == [
        (2, Decimal(11)), (2, Decimal(21)), (3, Decimal(12)), (4, Decimal(13)),
    ]  # fmt: skip
    second = lake.snapshot(QUOTES)
    lake.append(QUOTES, quotes((5, 14, "3")), {})
    assert lake.changelog(QUOTES, first, second).count() == log.count()
    assert lake.changelog(QUOTES, second).count() == 1
    same = lake.changelog(QUOTES, lake.snapshot(QUOTES))
    whole = lake.changelog(QUOTES, None)
    assert same.count() == 0
    assert {r["_change_type"] for r in whole.collect()} == {"INSERT"}
    assert same.columns == whole.columns == log.columns
    assert [f.dataType for f in whole.schema] == [f.dataType for f in log.schema]


def test_changelog_of_a_table_without_a_key(lake: Lake, spark: SparkSession) -> None:
    name = "bronze.parameters"
    row = spark.sql(
        "select 'shop' blueprint, 'v000001' version, '{}' document, cast(null as string) _extra, "
        "'s' _source, 'f' _source_file, 'r' _run_id"
    )
    row = row.withColumn("_ingested_at", F.lit("2026-01-05 00:00:00").cast("timestamp"))
    first = lake.append(name, row, {}).snapshot
    lake.append(name, row.withColumn("version", F.lit("v000002")), {})
    assert [(r["version"], r["_change_type"]) for r in lake.changelog(name, first).collect()] == [
        ("v000002", "INSERT")
    ]


def test_an_unknown_snapshot_is_refused(lake: Lake, quotes: Quotes) -> None:
    lake.append(QUOTES, quotes((1, 10, "a")), {})
    for read in (lake.appended, lake.changelog):
        with pytest.raises(TerminalError, match=r"silver.quotes: snapshot 12 is not in the table's history"):
            read(QUOTES, 12)


# -- what is refused -----------------------------------------------------------------------------
def test_rows_that_break_a_rule_are_refused_and_main_stays(lake: Lake, quotes: Quotes) -> None:
    lake.append(QUOTES, quotes((1, 10, "a")), {"b": "1"})
    before = lake.snapshot(QUOTES)
    bad = quotes((2, 11, "b"), (3, -1, "c"), (4, 0, "d"))
    with pytest.raises(ContractError, match=r"silver.quotes: 2 of 3 rows break price > 0; publish stopped"):
        lake.append(QUOTES, bad, {"b": "2"})
    with pytest.raises(ContractError, match=r"2 of 4 rows break price > 0"):
        lake.merge(QUOTES, bad, {"b": "2"})
    assert (lake.snapshot(QUOTES), lake.watermark(QUOTES, "b")) == (before, "1")
    assert branches(lake, QUOTES) == ("main",)


def test_a_null_key_is_refused(lake: Lake, quotes: Quotes) -> None:
    nameless = quotes((1, 10, "a")).withColumn("asset", F.lit(None).cast("string"))
    with pytest.raises(ContractError, match="1 of 1 rows break asset is not null"):
        lake.merge(QUOTES, nameless, {})
    assert lake.read(QUOTES).count() == 0


@pytest.mark.parametrize("write", ["append", "merge"])
def test_a_key_that_stands_twice_is_refused(lake: Lake, quotes: Quotes, write: str) -> None:
    with pytest.raises(
        ContractError, match=r"1 values of the key \(asset, quoted_at\) stand in more than one of 3"
    ):
        getattr(lake, write)(QUOTES, quotes((1, 10, "a"), (1, 11, "b"), (2, 1, "a")), {})


def test_a_merge_source_with_two_matches_is_refused(lake: Lake, quotes: Quotes) -> None:
    lake.merge(QUOTES, quotes((1, 10, "a")), {})
    with pytest.raises(ContractError, match=r"silver.quotes: .*more than one"):
        lake.merge(QUOTES, quotes((1, 11, "b"), (1, 12, "c")), {})
    assert prices(lake.read(QUOTES)) == [(1, Decimal(10))]


def test_rows_outside_of_what_is_replaced_are_refused(lake: Lake, spark: SparkSession) -> None:
    rows = unit_metrics(spark, ("1", "2026-01-05", 1), ("1", "2026-01-12", 3))
    with pytest.raises(ContractError, match="2 rows were written, 1 of them where they belong"):
        lake.overwrite("gold.unit_metrics", rows, "period = date'2026-01-05'", {})
    assert lake.read("gold.unit_metrics").count() == 0


def test_other_columns_are_refused(lake: Lake, quotes: Quotes) -> None:
    with pytest.raises(ContractError, match="the rows lack price"):
        lake.append(QUOTES, quotes((1, 10, "a")).drop("price"), {})
    with pytest.raises(ContractError, match="the contract has no column colour"):
        lake.append(QUOTES, quotes((1, 10, "a")).withColumn("colour", F.lit("red")), {})


@pytest.mark.parametrize("write", ["append", "merge"])
def test_a_type_that_does_not_fit_is_refused(lake: Lake, quotes: Quotes, write: str) -> None:
    wrong = quotes((1, 10, "a")).withColumn("price", F.array(F.lit(1)))
    with pytest.raises(ContractError, match=r"silver\.quotes: the rows do not fit the table"):
        getattr(lake, write)(QUOTES, wrong, {})
    assert branches(lake, QUOTES) == ()


def test_an_unknown_table_is_refused(lake: Lake) -> None:
    with pytest.raises(
        InputError, match=r"no contract for table 'silver.trade'.*did you mean 'silver.trades'"
    ):
        lake.read("silver.trade")


def test_an_error_of_the_rows_themselves_passes_through(lake: Lake, quotes: Quotes) -> None:
    failing = quotes((1, 10, "a")).withColumn("_run_id", F.raise_error(F.lit("source broke")).cast("string"))
    with pytest.raises(Exception, match="source broke"):
        lake.append(QUOTES, failing, {"b": "1"})
    assert branches(lake, QUOTES) == ()


# -- killed runs and other writers ---------------------------------------------------------------
@pytest.mark.parametrize("first", [True, False], ids=["of a new table", "of a table with rows"])
def test_what_comes_between_the_look_and_the_branch_is_not_added_twice(
    lake: Lake, quotes: Quotes, monkeypatch: pytest.MonkeyPatch, *, first: bool
) -> None:
    """All threads share what Java knows of a table, so that the other's commit shows before the branch is."""
    if not first:
        lake.append(QUOTES, quotes((0, 9, "0")), {"b": "0"})
    lake.watermark(QUOTES, "b")
    really = publish._refuse_moved

    def overtaken(*given: Any) -> None:
        really(*given)
        monkeypatch.setattr(publish, "_refuse_moved", really)
        Lake(lake.spark, "r-2", lake.catalog).append(QUOTES, quotes((1, 10, "a")), {"b": "1"})

    monkeypatch.setattr(publish, "_refuse_moved", overtaken)
    with pytest.raises(TransientError, match="another run wrote meanwhile"):
        lake.append(QUOTES, quotes((1, 10, "a")), {"b": "1"})
    assert prices(lake.read(QUOTES)) == [(0, Decimal(9)), (1, Decimal(10))][first:]
    assert branches(lake, QUOTES) == ("main",)


@pytest.mark.parametrize("first", [True, False], ids=["of a new table", "of a table with rows"])
def test_a_branch_that_another_writer_drops_at_once_is_made_anew(
    lake: Lake, quotes: Quotes, monkeypatch: pytest.MonkeyPatch, *, first: bool
) -> None:
    if not first:
        lake.append(QUOTES, quotes((0, 9, "0")), {"b": "0"})
    really, dropped = Table.head, []

    def drop(table: Table, branch: str = MAIN) -> Snapshot | None:
        if branch.startswith("audit_") and not dropped:
            dropped.append(branch)
            table.drop(branch)
        return really(table, branch)

    monkeypatch.setattr(Table, "head", drop)
    lake.append(QUOTES, quotes((1, 10, "a")), {"b": "1"})
    assert len(dropped) == 1
    assert prices(lake.read(QUOTES)) == [(0, Decimal(9)), (1, Decimal(10))][first:]
    assert branches(lake, QUOTES) == ("main",)


def test_states_and_columns_are_those_that_spark_shows(lake: Lake, quotes: Quotes) -> None:
    """Spark reads them from the table's own metadata; a summary may hold whatever a watermark says."""
    lake.append(QUOTES, quotes((1, 10, "a")), {"b": '1, {x}="y" é\\n'})
    lake.append(QUOTES, quotes((2, 11, "b")), {"b": "2"})
    name = f"{lake.catalog}.{QUOTES}"
    table = Table.load(lake.spark, name)
    assert table is not None
    told = lake.spark.table(f"{name}.snapshots").orderBy("committed_at").collect()
    assert [(each.id, each.parent, each.operation, each.summary) for each in table.snapshots()] == [
        (row["snapshot_id"], row["parent_id"], row["operation"], row["summary"]) for row in told
    ]
    assert [each.at.replace(tzinfo=None) for each in table.snapshots()] == [
        row["committed_at"] for row in told
    ]
    assert table.columns == tuple(lake.spark.table(name).columns)


def test_branches_of_killed_runs_do_no_harm_and_go(lake: Lake, quotes: Quotes) -> None:
    lake.append(QUOTES, quotes((1, 10, "a")), {"b": "1"})
    table = Table.load(lake.spark, f"{lake.catalog}.{QUOTES}")
    assert table is not None
    table.fork("audit_killed_before_writing")
    table.fork("audit_killed_before_publishing")
    quotes((7, 7, "x")).writeTo(f"{lake.catalog}.{QUOTES}.branch_audit_killed_before_publishing").append()
    assert prices(lake.read(QUOTES)) == [(1, Decimal(10))]
    lake.append(QUOTES, quotes((2, 11, "b")), {"b": "2"})
    assert branches(lake, QUOTES) == ("main",)
    assert prices(lake.read(QUOTES)) == [(1, Decimal(10)), (2, Decimal(11))]


class Killed(BaseException):
    """Stands for SIGKILL: no handler of the lake's may run after it."""


@pytest.mark.long
@pytest.mark.parametrize("point", ["fork", "write", "audit", "publish"])
def test_killed_at_any_point_and_repeated_is_the_same_table(
    lake: Lake, quotes: Quotes, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    lake.append(QUOTES, quotes((1, 10, "a")), {"b": "1"})

    def kill(*_: object, **__: object) -> None:
        raise Killed

    spots = {
        "fork": "assay.lake.iceberg.Table.fork",
        "write": "assay.lake.iceberg.execute",
        "audit": "assay.lake.tables.audit",
        "publish": "assay.lake.iceberg.Table.publish",
    }
    with monkeypatch.context() as patch:
        patch.setattr(spots[point], kill)
        with pytest.raises(Killed):
            lake.merge(QUOTES, quotes((2, 11, "b")), {"b": "2"})
    restarted = Lake(lake.spark, "r-1", lake.catalog)
    assert restarted.watermark(QUOTES, "b") == "1"
    assert prices(restarted.read(QUOTES)) == [(1, Decimal(10))]
    restarted.merge(QUOTES, quotes((2, 11, "b")), {"b": "2"})
    assert prices(restarted.read(QUOTES)) == [(1, Decimal(10)), (2, Decimal(11))]
    assert branches(restarted, QUOTES) == ("main",)


def test_a_run_that_lost_the_race_for_a_watermark_changes_nothing(lake: Lake, quotes: Quotes) -> None:
    lake.append(QUOTES, quotes((1, 10, "a")), {"b": "1"})
    assert lake.watermark(QUOTES, "b") == "1"
    other = Lake(lake.spark, "r-2", lake.catalog)
    assert other.watermark(QUOTES, "b") == "1"
    other.append(QUOTES, quotes((2, 11, "b")), {"b": "2"})
    with pytest.raises(TransientError, match="watermark b was 1 when this run read it and is 2 now"):
        lake.append(QUOTES, quotes((2, 11, "b")), {"b": "2"})
    assert lake.read(QUOTES).count() == 2


def test_a_commit_between_write_and_publish_is_answered_by_writing_again(
    lake: Lake, quotes: Quotes, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.append(QUOTES, quotes((1, 10, "a")), {})
    publish = Table.publish
    intruders = [quotes((5, 5, "x")), quotes((6, 6, "x"))]

    def late(self: Table, branch: str, dead: tuple[str, ...], onto: str) -> None:
        if intruders:
            intruders.pop().writeTo(f"{lake.catalog}.{QUOTES}").append()
        publish(self, branch, dead, onto)

    monkeypatch.setattr(Table, "publish", late)
    waits: list[float] = []
    monkeypatch.setattr("assay.lake.publish.time", SimpleNamespace(sleep=waits.append))
    lake.append(QUOTES, quotes((2, 11, "b")), {"b": "1"})
    assert waits[0] == 0 < waits[1] < 2 * waits[2]  # longer and longer, and drawn
    hours = [hour for hour, _ in prices(lake.read(QUOTES))]
    assert hours == [1, 2, 5, 6]
    assert branches(lake, QUOTES) == ("main",)


@pytest.mark.long
def test_endless_conflicts_are_transient(lake: Lake, quotes: Quotes, monkeypatch: pytest.MonkeyPatch) -> None:
    lake.append(QUOTES, quotes((1, 10, "a")), {})
    publish = Table.publish

    def late(self: Table, branch: str, dead: tuple[str, ...], onto: str) -> None:
        quotes((5, 5, "x")).writeTo(f"{lake.catalog}.{QUOTES}").append()
        publish(self, branch, dead, onto)

    monkeypatch.setattr(Table, "publish", late)
    monkeypatch.setattr("assay.lake.publish.time", SimpleNamespace(sleep=lambda _: None))
    with pytest.raises(TransientError, match="other writers committed first 6 times"):
        lake.append(QUOTES, quotes((2, 11, "b")), {})
    assert branches(lake, QUOTES) == ("main",)


def test_a_commit_whose_answer_got_lost_counts_once(
    lake: Lake, quotes: Quotes, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish = Table.publish

    def lossy(self: Table, branch: str, dead: tuple[str, ...], onto: str) -> None:
        publish(self, branch, dead, onto)
        raise ConnectionError("no answer")

    monkeypatch.setattr(Table, "publish", lossy)
    assert lake.append(QUOTES, quotes((1, 10, "a")), {"b": "1"}).written
    assert lake.read(QUOTES).count() == 1


def unknown(spark: SparkSession) -> Py4JJavaError:
    """Iceberg's own error for a commit whose answer did not come."""
    jvm: Any = spark._jvm
    cause = jvm.java.lang.RuntimeException("no answer")
    return Py4JJavaError(
        "commit", jvm.org.apache.iceberg.exceptions.CommitStateUnknownException("lost", cause)
    )


@pytest.mark.parametrize("went_through", [True, False])
def test_a_write_whose_answer_got_lost_is_looked_for_by_its_run_and_token(
    lake: Lake, quotes: Quotes, monkeypatch: pytest.MonkeyPatch, *, went_through: bool
) -> None:
    lake.append(QUOTES, quotes((1, 9, "1")), {"b": "0"})
    execute, answers = iceberg.execute, [unknown(lake.spark)]
    written = []

    def lossy(spark: SparkSession, statement: str, properties: Mapping[str, str]) -> None:
        if not answers or went_through:
            execute(spark, statement, properties)
            written.append(properties["assay.commit"])
        if answers:
            raise answers.pop()

    monkeypatch.setattr(iceberg, "execute", lossy)
    monkeypatch.setattr("assay.lake.publish.time", SimpleNamespace(sleep=lambda _: None))
    lake.merge(QUOTES, quotes((1, 10, "2")), {"b": "1"})
    assert [head_summary(lake, QUOTES)["assay.commit"]] == written
    assert prices(lake.read(QUOTES)) == [(1, Decimal(10))]
    assert branches(lake, QUOTES) == ("main",)


def test_where_the_catalog_does_not_say_what_became_of_a_commit_the_run_is_to_be_repeated(
    lake: Lake, quotes: Quotes, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish = Table.publish

    def lossy(self: Table, branch: str, dead: tuple[str, ...], onto: str) -> None:
        publish(self, branch, dead, onto)
        monkeypatch.setattr(Table, "refresh", lossy_refresh)
        raise ConnectionError("no answer")

    def lossy_refresh(_: Table) -> None:
        raise ConnectionError("nor here")

    with monkeypatch.context() as patch:
        patch.setattr(Table, "publish", lossy)
        with pytest.raises(TransientError, match=r"whether a commit of run r-1 went through \(no answer\)"):
            lake.append(QUOTES, quotes((1, 10, "a")), {"b": "1"})
    monkeypatch.undo()
    assert Lake(lake.spark, "r-2", lake.catalog).watermark(QUOTES, "b") == "1"


def test_tables_can_be_written_in_threads_without_mixing_properties(lake: Lake, quotes: Quotes) -> None:
    trades = lake.spark.sql(
        "select id trade_id, id customer_id, 'ABC' asset, 'buy' side, cast(1 as decimal(18,6)) quantity, "
        "cast(1 as decimal(18,4)) price, cast(1 as decimal(18,2)) notional, "
        "timestamp'2026-01-05 10:00:00' traded_at, '1' _change_seq, 'r-1' _run_id from range(100)"
    )
    with ThreadPoolExecutor(2) as pool:
        for n in range(3):
            left = pool.submit(lake.merge, QUOTES, quotes((n, 10, str(n))), {"b": f"q{n}"})
            right = pool.submit(lake.merge, "silver.trades", trades, {"b": f"t{n}"})
            left.result()
            right.result()
            assert lake.watermark(QUOTES, "b") == f"q{n}"
            assert lake.watermark("silver.trades", "b") == f"t{n}"


def test_a_column_that_the_contract_gained_is_added(lake: Lake, quotes: Quotes) -> None:
    lake.spark.sql(f"CREATE NAMESPACE {lake.catalog}.silver")
    lake.spark.sql(
        f"CREATE TABLE {lake.catalog}.{QUOTES} (asset string, quoted_at timestamp, price decimal(18,4)) "
        "USING iceberg"
    )
    lake.append(QUOTES, quotes((1, 10, "a")), {})
    assert lake.read(QUOTES).columns == list(Contract.load(QUOTES).columns)


def test_an_earlier_state_has_the_columns_of_now(lake: Lake, quotes: Quotes) -> None:
    lake.spark.sql(f"CREATE NAMESPACE {lake.catalog}.silver")
    lake.spark.sql(
        f"CREATE TABLE {lake.catalog}.{QUOTES} (asset string, quoted_at timestamp, price decimal(18,4)) "
        "USING iceberg"
    )
    old = quotes((1, 10, "a")).select("asset", "quoted_at", "price")
    old.writeTo(f"{lake.catalog}.{QUOTES}").append()
    first = lake.snapshot(QUOTES)
    assert lake.read(QUOTES).columns == ["asset", "quoted_at", "price"]
    lake.append(QUOTES, quotes((2, 11, "b")), {})
    for state, found in ((first, [(10, None)]), (None, [(10, None), (11, "b")])):
        rows = lake.read(QUOTES, state)
        assert rows.schema == Contract.load(QUOTES).schema
        assert [(row["price"], row["_change_seq"]) for row in rows.orderBy("price").collect()] == found


def test_a_cleared_table_is_empty_and_knows_nothing(lake: Lake, quotes: Quotes) -> None:
    lake.append(QUOTES, quotes((1, 10, "a")), {"b": "1"})
    assert lake.watermark(QUOTES, "b") == "1"
    lake.clear(QUOTES)
    assert lake.watermark(QUOTES, "b") is None
    assert lake.read(QUOTES).count() == 0
    lake.append(QUOTES, quotes((1, 10, "a")), {"b": "2"})
    assert prices(lake.read(QUOTES)) == [(1, Decimal(10))]


# -- branches and earlier states -----------------------------------------------------------------
def test_what_is_written_on_a_branch_is_seen_there_only_until_it_is_published(
    lake: Lake, quotes: Quotes
) -> None:
    lake.append(QUOTES, quotes((1, 10, "a")), {"b": "1"})
    other = lake.on("backfill_1")
    assert (prices(other.read(QUOTES)), other.watermark(QUOTES, "b")) == ([(1, Decimal(10))], "1")
    assert not states.branched(lake, QUOTES, "backfill_1")
    first = other.snapshot(QUOTES)
    other.merge(QUOTES, quotes((1, 12, "b"), (2, 11, "b")), {"b": "2"})
    assert states.branches(lake, QUOTES) == ("backfill_1",)
    assert (prices(lake.read(QUOTES)), lake.watermark(QUOTES, "b")) == ([(1, Decimal(10))], "1")
    assert prices(other.read(QUOTES)) == [(1, Decimal(12)), (2, Decimal(11))]
    assert sorted(r["_change_type"] for r in other.changelog(QUOTES, first).collect()) == [
        "DELETE", "INSERT", "INSERT",
    ]  # fmt: skip
    assert states.is_behind(lake, QUOTES, "backfill_1")
    assert states.advance(lake, QUOTES, "backfill_1")
    assert states.advance(lake, QUOTES, "backfill_1")  # as it is after a kill: done
    again = Lake(lake.spark, "r-2", lake.catalog)
    assert (again.read(QUOTES).count(), again.watermark(QUOTES, "b")) == (2, "2")
    assert branches(lake, QUOTES) == ("main",)
    assert states.states(lake, QUOTES)[0].branch == "backfill_1"


def test_a_branch_of_a_table_that_was_never_written_becomes_its_main(lake: Lake, quotes: Quotes) -> None:
    lake.on("replay_1").append(QUOTES, quotes((1, 10, "a")), {"b": "1"})
    assert lake.snapshot(QUOTES) is None
    assert states.is_behind(lake, QUOTES, "replay_1")
    assert states.advance(lake, QUOTES, "replay_1")
    assert prices(lake.read(QUOTES)) == [(1, Decimal(10))]
    assert not states.advance(lake, "silver.trades", "replay_1")


def test_a_branch_is_not_published_over_what_main_got_meanwhile(lake: Lake, quotes: Quotes) -> None:
    lake.append(QUOTES, quotes((1, 10, "a")), {})
    other = lake.on("backfill_1")
    other.clear(QUOTES)
    lake.append(QUOTES, quotes((2, 11, "b")), {})
    assert states.branches(lake, QUOTES) == ("backfill_1",)  # main's writers leave it alone
    assert not states.is_behind(lake, QUOTES, "backfill_1")
    assert not states.advance(lake, QUOTES, "backfill_1")
    assert lake.read(QUOTES).count() == 2
    states.drop(lake, QUOTES, "backfill_1")
    states.drop(lake, "silver.trades", "backfill_1")
    assert branches(lake, QUOTES) == ("main",)


def test_an_earlier_state_is_given_again_as_a_new_one_that_runs_continue_from(
    lake: Lake, quotes: Quotes
) -> None:
    lake.append(QUOTES, quotes((1, 10, "a")), {"b": "1"})
    lake.append(QUOTES, quotes((2, 11, "b")), {"b": "2"})
    head, earlier, *_ = states.states(lake, QUOTES)
    back = Lake(lake.spark, "r-2", lake.catalog)
    states.restore(back, QUOTES, earlier, head)
    again, *rest = states.states(lake, QUOTES)
    assert rest[0] == earlier
    assert (again.restored, again.run_id, again.rows, again.marks) == (earlier.id, "r-2", 1, {"b": "1"})
    assert states.kept(lake, QUOTES) > {head.id, earlier.id, again.id}
    assert prices(lake.appended(QUOTES, earlier.id)) == []
    assert lake.changelog(QUOTES, earlier.id).count() == 0
    back.append(QUOTES, quotes((2, 11, "b")), {"b": "2"})
    assert prices(lake.read(QUOTES)) == [(1, Decimal(10)), (2, Decimal(11))]
    assert prices(lake.appended(QUOTES, earlier.id)) == [(2, Decimal(11))]
    with pytest.raises(TransientError, match="another run wrote while this one was going back"):
        states.restore(back, QUOTES, earlier, again)


def test_a_run_that_was_under_way_cannot_publish_over_a_rollback(
    lake: Lake, quotes: Quotes, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.append(QUOTES, quotes((1, 10, "a")), {"b": "1"})
    lake.append(QUOTES, quotes((2, 11, "b")), {"b": "2"})
    head, earlier, *_ = states.states(lake, QUOTES)
    late = Lake(lake.spark, "r-2", lake.catalog)
    assert late.watermark(QUOTES, "b") == "2"
    publish = Table.publish

    def rolled_back(self: Table, branch: str, dead: tuple[str, ...], onto: str) -> None:
        if states.states(lake, QUOTES)[0] == head:
            states.restore(lake, QUOTES, earlier, head)
        publish(self, branch, dead, onto)

    monkeypatch.setattr(Table, "publish", rolled_back)
    with pytest.raises(TransientError, match="watermark b was 2 when this run read it and is 1 now"):
        late.append(QUOTES, quotes((3, 12, "c")), {"b": "3"})
    assert prices(lake.read(QUOTES)) == [(1, Decimal(10))]


@pytest.mark.parametrize("moment", ["before", "while it is planned"])
def test_a_merge_whose_branch_another_writer_dropped_is_tried_again(
    lake: Lake, quotes: Quotes, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    lake.append(QUOTES, quotes((1, 10, "a")), {"b": "1"})
    fork, find, dropped = Table.fork, iceberg.execute, []

    def drop(spark: SparkSession) -> None:
        table = Table.load(spark, f"{lake.catalog}.{QUOTES}")
        assert table is not None
        dropped.extend(branch for branch in table.branches if branch.startswith("audit_"))
        table.drop(dropped[-1])

    def forked(self: Table, *given: Any) -> Any:
        start = fork(self, *given)
        if not dropped and moment == "before":
            drop(lake.spark)
        return start

    def executed(spark: SparkSession, statement: str, *given: Any) -> None:
        if not dropped and moment != "before":
            planned = spark.read.table(statement.split()[2])
            drop(spark)
            planned.collect()
        find(spark, statement, *given)

    monkeypatch.setattr(Table, "fork", forked)
    monkeypatch.setattr(iceberg, "execute", executed)
    lake.merge(QUOTES, quotes((1, 10, "b"), (2, 11, "b")), {"b": "2"})
    assert len(dropped) == 1
    assert prices(lake.read(QUOTES)) == [(1, Decimal(10)), (2, Decimal(11))]
    assert branches(lake, QUOTES) == ("main",)


def test_causes_of_an_error_that_is_not_of_java() -> None:
    assert iceberg.causes(ValueError("x")) == []
    assert not iceberg.is_conflict(ValueError("x"))


def test_a_layer_is_made_empty_once(lake: Lake) -> None:
    lake.ensure("gold")
    assert all(lake.exists(name) for name in names() if name.startswith("gold."))
    assert not lake.exists("silver.trades")
    assert lake.read("gold.experiment_results").isEmpty()
    lake.ensure("gold")
    assert lake.snapshot("gold.runs") is None
