"""What tells one state of a Parquet table in place from another, and what is said where it cannot be read."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pyspark.errors import PySparkException

from assay.errors import InputError, TransientError
from assay.lake.in_place import ParquetInPlace, _places, reading, tables
from assay.spec.data_catalog import Entry, File

AT = datetime(2026, 1, 5, 12, tzinfo=UTC)
ENTRY = Entry("clicks.events", "Parquet", "s3://b/events/", {"n": "int", "day": "date"}, ("day",))
OLD = File("s3://b/events/1.parquet", 10, "tag-1", AT, ("2026-01-05",))
NEW = File("s3://b/events/2.parquet", 10, "tag-2", AT + timedelta(seconds=1), ("2026-01-06",))
NOBODY: Any = None
"""Where no session is needed."""


def standing(*files: File, entry: Entry = ENTRY) -> ParquetInPlace:
    return ParquetInPlace(NOBODY, entry, files)


def test_equal_files_have_one_mark_and_others_another() -> None:
    mark = standing(OLD, NEW).mark
    assert standing(NEW, OLD).mark == mark
    others = [
        standing(OLD),
        standing(OLD, replace(NEW, tag="tag-3")),
        standing(OLD, replace(NEW, values=("2026-01-07",))),
        standing(OLD, replace(NEW, address="s3://b/events/3.parquet")),
        standing(OLD, NEW, entry=replace(ENTRY, columns={"n": "bigint", "day": "date"})),
    ]
    assert len({mark, *(each.mark for each in others)}) == 6


@pytest.mark.parametrize(
    "now",
    [
        standing(NEW),  # one went
        standing(replace(OLD, tag="other"), NEW),  # one was written anew with an old time
        standing(replace(OLD, tag="other", modified=AT + timedelta(hours=1))),
        standing(replace(OLD, values=("2026-01-07",)), NEW),
        standing(OLD, replace(NEW, modified=AT)),  # came within the second of the newest
        standing(OLD, NEW, entry=replace(ENTRY, columns={"n": "bigint", "day": "date"})),
    ],
)
def test_what_was_not_only_added_is_not_known(now: ParquetInPlace) -> None:
    assert now.since(standing(OLD).mark) is None


def test_before_the_first_run_nothing_is_known() -> None:
    assert standing(OLD).since(None) is None


def test_a_path_is_found_in_both_of_sparks_spellings() -> None:
    odd = replace(OLD, address="s3://b/day=1/part [1].parquet", values=("__HIVE_DEFAULT_PARTITION__",))
    assert _places([OLD, odd]) == [
        ("b/events/1.parquet", "2026-01-05", ""),
        ("b/day=1/part [1].parquet", None, ""),
        ("b/day=1/part%20%5B1%5D.parquet", None, ""),
    ]


def test_without_a_catalog_nothing_is_read_in_place() -> None:
    assert tables(NOBODY, ["silver.trades"], None) == {}
    with pytest.raises(InputError, match=r"sales\.orders is read in place, and this command asks no Data"):
        tables(NOBODY, ["silver.trades", "sales.orders"], None)


class Nothing:
    """A catalog without tables."""

    def entry(self, name: str) -> None:
        del name

    def files(self, entry: Entry) -> list[File]:
        del entry
        return []


def test_a_table_that_went_is_one_sentence() -> None:
    with pytest.raises(InputError, match=r"table is 'sales\.orders'; neither the contracts nor the Data"):
        tables(NOBODY, ["sales.orders"], Nothing())


def test_files_unlike_the_catalog_are_one_sentence_and_other_errors_stay() -> None:
    told = "Parquet column cannot be converted in file s3://b/1.parquet. Column: [n], Expected: int, Found: X"
    later = "Data type mismatches when reading Parquet column [n]. Expected Spark type int, actual X."
    for said in (told, later):  # Spark 3.5 and 4
        unlike = r"clicks\.events: a file has a column of another type"
        with pytest.raises(InputError, match=unlike), reading(["clicks.events"]):
            raise PySparkException(said)
    for said in (
        "[PATH_NOT_FOUND] Path does not exist: s3://b/1.parquet",
        "[FAILED_READ_FILE.FILE_NOT_EXIST] X",
    ):
        with (
            pytest.raises(TransientError, match="a file went while it was read"),
            reading(["clicks.events"]),
        ):
            raise PySparkException(said)
    with pytest.raises(PySparkException), reading([]):
        raise PySparkException(told)
    with pytest.raises(PySparkException), reading(["clicks.events"]):
        raise PySparkException("out of memory")
