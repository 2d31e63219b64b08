"""Iceberg's maintenance of one table, each step safe beside readers and writers.

Nothing here changes a row. What a commit of another writer makes impossible is tried again on the table as it
then is; a writer that a compaction has overtaken does the same (`publish`).
"""

from __future__ import annotations

import time
import typing
from collections.abc import Callable
from dataclasses import dataclass

from py4j.protocol import Py4JJavaError
from pyspark.errors.exceptions.captured import CapturedException
from pyspark.sql import Row
from pyspark.sql import functions as F

from assay.errors import TransientError
from assay.lake import iceberg
from assay.lake.contracts import Contract
from assay.lake.iceberg import Table
from assay.lake.reading import Published
from assay.lake.retention import Expiry

ATTEMPTS = 5
FEWEST = 5
"""A partition with fewer small files is left as it is: each compaction makes writers repeat their work."""
MANIFESTS = 10
"""More manifests than this are merged: a reader opens every one."""
_SMALL = 0.75  # of the target: what Iceberg takes for a small file, and rewrites
_READ_ONCE = "bronze."
_WAIT_SECONDS = 0.5
T = typing.TypeVar("T")


@dataclass(frozen=True, slots=True)
class Size:
    """How many files a table's newest state has, and how large they are.

    Attributes:
        files: Data files.
        bytes: Of them together.
        small: Files of less than three quarters of the target size; of fewer than `FEWEST` files, all.
        to_compact: Small files in partitions that have enough of them.
    """

    files: int
    bytes: int
    small: int
    to_compact: int


def size(lake: Published, name: str, target: int) -> Size:
    """The files of a table.

    Args:
        lake: The tables.
        name: `<layer>.<table>`.
        target: The size that a file shall have, in bytes.
    """
    table = Table.load(lake.spark, f"{lake.catalog}.{name}")
    head = table.head() if table else None
    if head is None or head.count("total-data-files") < FEWEST:  # most tables of most weeks: no Spark job
        found = head.count("total-data-files") if head else 0
        return Size(found, head.count("total-files-size") if head else 0, found, 0)
    files = lake.spark.table(f"{lake.catalog}.{name}.files")
    length = F.col("file_size_in_bytes")
    groups = files.groupBy(*(["partition"] if Contract.load(name).partitions else [])).agg(
        F.count("*").alias("files"),
        F.sum(length).alias("bytes"),
        F.count_if(length < int(_SMALL * target)).alias("small"),
    )
    to_compact = F.sum(F.when(F.col("small") >= FEWEST, F.col("small")))
    row = groups.agg(F.sum("files"), F.sum("bytes"), F.sum("small"), to_compact).first()
    return Size(*(int(value or 0) for value in row or (0, 0, 0, 0)))


def compact(lake: Published, name: str, target: int) -> None:
    """Rewrite small files of a partition into few.

    Raises:
        TransientError: Other writers changed the same files each time.
    """
    options = {"min-input-files": FEWEST, "target-file-size-bytes": target}
    given = ", ".join(f"'{key}', '{value}'" for key, value in options.items())
    _call(lake, name, "rewrite_data_files", f"options => map({given})")


def merge_manifests(lake: Published, name: str) -> None:
    """Rewrite the lists of files, if there are many.

    Raises:
        TransientError: Other writers committed first each time.
    """
    table = Table.load(lake.spark, f"{lake.catalog}.{name}")
    if table and table.manifests() > MANIFESTS:
        _call(lake, name, "rewrite_manifests")


def compute_statistics(lake: Published, name: str) -> bool:
    """Count distinct values per column for query planners, unless that is done for the newest state.

    Bronze is left out: the jobs read what is new of it, and hardly a question goes there.

    Returns:
        Whether it was done now.

    Raises:
        TransientError: Other writers committed first each time.
    """
    if name.startswith(_READ_ONCE):
        return False
    table = Table.load(lake.spark, f"{lake.catalog}.{name}")
    head = table.head() if table else None
    if table is None or head is None or table.has_statistics(head.id):
        return False
    _call(lake, name, "compute_table_stats")
    return True


def expire(lake: Published, name: str, what: Expiry) -> None:
    """Drop states, with the files that only they had.

    By age, not by number: what others commit meanwhile cannot push an older state out.

    Raises:
        TransientError: Other writers committed first each time.
    """

    def drop() -> None:
        table = Table.load(lake.spark, f"{lake.catalog}.{name}")
        if table:
            table.expire(what.since, what.abandoned)

    patiently(name, drop)


def patiently(name: str, task: Callable[[], T], sleep: Callable[[float], None] = time.sleep) -> T:
    """Do something to a table, again after a while if another writer commits first.

    Args:
        name: The table, for the message.
        task: Begins with the table as it is now.
        sleep: How to wait, in seconds.

    Raises:
        TransientError: Other writers committed first each time.
    """
    for attempt in range(ATTEMPTS):
        try:
            return task()
        except (Py4JJavaError, CapturedException) as error:
            if not iceberg.is_conflict(error):
                raise
        sleep(_WAIT_SECONDS * 2**attempt)
    raise TransientError(
        f"{name}: other writers committed first {ATTEMPTS} times; the table is as they left it, maintain it "
        "again when they are done"
    )


def _call(lake: Published, name: str, procedure: str, *arguments: str) -> list[Row]:
    given = ", ".join([f"table => '{name}'", *arguments])
    statement = f"CALL {lake.catalog}.system.{procedure}({given})"

    def call() -> list[Row]:
        Table.load(lake.spark, f"{lake.catalog}.{name}")  # as it is now, not as this session remembers it
        return lake.spark.sql(statement).collect()

    return patiently(name, call)
