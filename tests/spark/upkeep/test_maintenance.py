"""Maintenance of one table on a real Iceberg catalog: what is done, what is told, what is left alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pyspark.errors.exceptions.captured import CapturedException
from pyspark.sql import SparkSession

from assay.errors import InputError, TransientError
from assay.lake import Contract, Lake, maintenance
from assay.lake.iceberg import Table
from assay.lake.publish import ensure
from assay.runtime.journal import Journal, Step
from assay.upkeep import Context, find
from assay.upkeep.maintenance import How, Maintained, maintained

NAME = "bronze.parameters"
COMMITS = 6


@pytest.fixture
def lake(spark: SparkSession, catalog: str) -> Lake:
    return Lake(spark, "r-1", catalog)


def add(lake: Lake, number: int) -> None:
    at = datetime(2026, 1, 5)  # noqa: DTZ001 a Spark timestamp of a UTC session
    row = ("shop", f"v{number:06d}", "{}", None, "parameters", "a file", lake.run_id, at)
    lake.append(
        NAME, lake.spark.createDataFrame([row], Contract.load(NAME).schema), {"documents": str(number)}
    )


def table(lake: Lake) -> Table:
    found = Table.load(lake.spark, f"{lake.catalog}.{NAME}")
    assert found is not None
    return found


def later(lake: Lake, **more: Any) -> Maintained:
    """Maintenance a month later."""
    (done,) = maintained(lake, How(**more), datetime.now(UTC) + timedelta(days=30))
    return done


@pytest.mark.long
def test_files_become_few_no_row_is_news_and_what_nobody_needs_goes(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maintenance, "MANIFESTS", 1)
    for number in range(COMMITS):
        add(lake, number)
    ids = [each.id for each in lake.history(NAME, COMMITS)]
    killed = table(lake).fork("audit_r_0_killed")
    rows = lake.read(NAME).limit(1)
    rows.writeTo(f"{lake.catalog}.{NAME}.branch_audit_r_0_killed").append()
    orphan = tmp_path / "warehouse" / "bronze" / "parameters" / "data" / "orphan.parquet"
    orphan.write_bytes(b"half a file")

    (young,) = maintained(lake, How(tables=(NAME,), keep_days=30), datetime.now(UTC))
    assert (young.files_before, young.files_after, young.compacted) == (COMMITS, 1, COMMITS)
    assert (young.expired, young.branches, young.orphans) == (0, 0, 0)
    assert young.bytes_after < young.bytes_before
    assert orphan.exists()

    head = lake.snapshot(NAME)
    assert head is not None
    assert head not in ids
    assert lake.added(NAME, ids[2], head) == lake.appended(NAME, ids[2], head).count() == 2
    assert lake.appended(NAME, ids[0], head).count() == 0
    assert lake.changelog(NAME, ids[0]).count() == 0

    looked = later(lake, dry_run=True)
    assert (looked.branches, looked.orphans, looked.statistics) == (1, 1, False)
    assert looked.expired > 0
    assert orphan.exists()
    assert killed.id in {each.id for each in table(lake).snapshots()}

    done = later(lake)
    assert (done.files_before, done.files_after, done.compacted) == (1, 1, 0)
    assert (done.branches, done.orphans, done.expired) == (1, 1, looked.expired + 1)  # the branch's own
    assert not orphan.exists()
    assert table(lake).branches == ("main",)
    assert lake.watermark(NAME, "documents") == str(COMMITS - 1)
    assert lake.read(NAME).count() == COMMITS
    # The newest commit of a run and the compaction stay, with their files; the branch's file went.
    assert len(list(orphan.parent.glob("*.parquet"))) == COMMITS + 1


def test_the_action_warns_of_what_it_cannot_mend(lake: Lake) -> None:
    for number in range(2):
        add(lake, number)
    step = Step()
    context = Context(
        lake, Journal("r", "maintain"), step, datetime(2026, 1, 5, tzinfo=UTC).date(), "", "", ""
    )
    action = find("maintain")
    report = action.run(context, action.parse({"most_files": 1, "most_snapshots": 1, "dry_run": True}))
    assert report["warnings"] == step.warnings
    assert [each["table"] for each in report["tables"]] == [NAME]
    files, snapshots = step.warnings
    assert files.startswith(f"{NAME} has 2 files of 0.0 MB on average; ")
    assert snapshots.startswith(f"{NAME} has 3 snapshots, the oldest that is needed of 20")
    with pytest.raises(InputError, match=r"there is no table 'bronze.parameter' to maintain; did you mean"):
        action.run(context, action.parse({"tables": ["bronze.parameter"]}))


def test_a_conflict_is_tried_again_and_another_error_is_not(lake: Lake) -> None:
    add(lake, 1)
    behind = table(lake)
    behind.fork("behind")
    add(lake, 2)
    waited: list[float] = []
    calls: list[int] = []

    def lose() -> None:
        calls.append(1)
        behind.refresh()
        behind.publish("behind", ())

    with pytest.raises(TransientError, match=f"{NAME}: other writers committed first 5 times"):
        maintenance.patiently(NAME, lose, waited.append)
    assert len(calls) == maintenance.ATTEMPTS
    assert waited == sorted(set(waited))  # longer each time

    def fail() -> None:
        calls.append(1)
        table(lake)._java.newScan().useSnapshot(1)

    calls.clear()
    with pytest.raises(CapturedException):
        maintenance.patiently(NAME, fail, waited.append)
    assert len(calls) == 1


def test_what_has_no_news_is_left_as_it_is(lake: Lake) -> None:
    ensure(lake.spark, lake.catalog, Contract.load(NAME))
    (empty,) = maintained(lake, How(), datetime.now(UTC))
    assert (empty.files_after, empty.kept, empty.statistics) == (0, 0, False)
    add(lake, 1)
    (done,) = maintained(lake, How(), datetime.now(UTC))
    (again,) = maintained(lake, How(), datetime.now(UTC))
    assert (done.statistics, again.statistics) == (False, False)
    assert again.kept == done.kept == 2


def test_values_are_counted_once_per_state_and_not_in_bronze(lake: Lake) -> None:
    loads = "silver.loads"
    at = datetime(2026, 1, 5)  # noqa: DTZ001 a Spark timestamp of a UTC session
    row = (at.date(), "shop", "1.0.0", "{}", at, "000001", lake.run_id)
    lake.append(loads, lake.spark.createDataFrame([row], Contract.load(loads).schema), {})
    add(lake, 1)

    def counted() -> dict[str, bool]:
        return {each.table: each.statistics for each in maintained(lake, How(), datetime.now(UTC))}

    assert counted() == {NAME: False, loads: True}
    assert counted() == {NAME: False, loads: False}
    known = Table.load(lake.spark, f"{lake.catalog}.{loads}")
    assert known is not None
    head = known.head()
    assert head is not None
    assert known.has_statistics(head.id)
