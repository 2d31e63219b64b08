"""Maintenance of the lake: few files instead of many, no state longer than needed, no file that nobody knows.

References:
    Apache Iceberg 1.10, "Maintenance" and "Spark procedures".
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from pydantic import Field

from assay.errors import InputError, did_you_mean
from assay.lake import contracts, maintenance, retention
from assay.lake.maintenance import Size
from assay.lake.parallel import each
from assay.lake.tables import Lake
from assay.upkeep.action import Context, Options, Report, action

_MB = 1_000_000


class How(Options):
    """Options.

    Attributes:
        tables: `<layer>.<table>`, one or more; none for all.
        keep_days: How long readers may go on with a state that is no longer the newest.
        target_mb: The size that a data file shall have, in MB.
        dry_run: Look only.
        most_files: More small files than this are warned of.
        most_snapshots: More snapshots than this are warned of.
    """

    tables: tuple[str, ...] = ()
    keep_days: int = Field(default=7, ge=1)
    target_mb: int = Field(default=128, ge=1)
    dry_run: bool = False
    most_files: int = Field(default=1_000, ge=1)
    most_snapshots: int = Field(default=400, ge=1)


@dataclass(frozen=True, slots=True)
class Maintained:
    """What was done to a table; of a dry run, what would be done.

    Attributes:
        table: Its name.
        files_before: Data files of the newest state.
        files_after: The same, afterwards.
        bytes_before: Of these files together.
        bytes_after: The same, afterwards.
        small_files: Files below three quarters of the target size, afterwards.
        compacted: Small files that were rewritten.
        branches: Branches of dead writes, dropped.
        expired: Snapshots dropped.
        kept: Snapshots kept.
        kept_since: The oldest state that readers and other tables may need.
        orphans: Files that no snapshot knew, removed.
        statistics: Whether distinct values were counted.
        seconds: How long it took.
    """

    table: str
    files_before: int
    files_after: int
    bytes_before: int
    bytes_after: int
    small_files: int
    compacted: int
    branches: int
    expired: int
    kept: int
    kept_since: str
    orphans: int
    statistics: bool
    seconds: float


@action("maintain", How)
def maintain(context: Context, how: How) -> Report:
    """Compact files, expire snapshots, remove orphaned files and count distinct values, table by table."""
    done = maintained(context.lake, how, datetime.now(UTC))
    context.step.warnings += [sentence for one in done for sentence in warnings(one, how)]
    return {
        "dry_run": how.dry_run,
        "tables": [asdict(one) for one in done],
        "warnings": context.step.warnings,
    }


def maintained(lake: Lake, how: How, now: datetime) -> list[Maintained]:
    """Maintain tables, several at a time.

    Args:
        lake: The tables.
        how: Which, and how.
        now: The time: what is a day older or more belongs to no write under way.

    Raises:
        InputError: A table is not there.
        TransientError: Other writers committed first each time; the other tables are done.
    """
    every = [name for name in contracts.names() if lake.exists(name)]
    chosen = _chosen(how.tables, every)
    needed = retention.merged(each({name: partial(_named, lake, name, every) for name in every}).values())
    return list(
        each(
            {name: partial(_maintain, lake, name, needed.get(name, set()), how, now) for name in chosen}
        ).values()
    )


def warnings(done: Maintained, how: How) -> list[str]:
    """What maintenance cannot mend by itself, or has not for too long."""
    found = []
    if done.small_files > how.most_files:
        mean = done.bytes_after / done.files_after / _MB
        found.append(
            f"{done.table} has {done.files_after:,} files of {mean:.1f} MB on average; partition it by less, "
            "or write it less often"
        )
    if done.kept > how.most_snapshots:
        found.append(
            f"{done.table} has {done.kept:,} snapshots, the oldest that is needed of {done.kept_since}; run "
            "the jobs that read it, so that they need no older one, or keep fewer days"
        )
    return found


def _chosen(asked: Sequence[str], every: Collection[str]) -> Sequence[str]:
    for name in asked:
        if name not in every:
            raise InputError(f"there is no table {name!r} to maintain; {did_you_mean(name, every)}")
    return asked or tuple(every)


def _named(lake: Lake, name: str, every: Collection[str]) -> Mapping[str, set[int]]:
    return retention.named(lake.table(name).snapshots(), every)


def _maintain(lake: Lake, name: str, named: Collection[int], how: How, now: datetime) -> Maintained:
    began, target, act = time.perf_counter(), how.target_mb * _MB, not how.dry_run
    before = maintenance.size(lake, name, target)
    dead = retention.dead_branches(lake.table(name), now)
    if act:
        _drop(lake, name, dead)
        _rewrite(lake, name, before, target)
    counted = act and maintenance.compute_statistics(lake, name)
    table = lake.table(name)
    old = retention.expiry(table, named, now - timedelta(days=how.keep_days))
    kept = len(table.snapshots()) - old.count
    if act and old.count:
        maintenance.expire(lake, name, old)
    orphans = lake.table(name).orphans(lake.spark, now - retention.WRITE, remove=act)
    after = maintenance.size(lake, name, target) if act and before.to_compact else before
    return Maintained(
        table=name,
        files_before=before.files,
        files_after=after.files,
        bytes_before=before.bytes,
        bytes_after=after.bytes,
        small_files=after.small,
        compacted=before.to_compact,
        branches=len(dead),
        expired=old.count,
        kept=kept,
        kept_since=old.since.isoformat(timespec="seconds"),
        orphans=len(orphans),
        statistics=counted,
        seconds=round(time.perf_counter() - began, 3),
    )


def _drop(lake: Lake, name: str, branches: Sequence[str]) -> None:
    for branch in branches:
        maintenance.patiently(name, partial(lake.table(name).drop, branch))


def _rewrite(lake: Lake, name: str, size: Size, target: int) -> None:
    if size.to_compact:
        maintenance.compact(lake, name, target)
    maintenance.merge_manifests(lake, name)
