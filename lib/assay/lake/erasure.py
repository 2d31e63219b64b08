"""Forgetting a unit in the tables: its rows, the texts that name it, and every file and state that held it.

Copy-on-write tables write the files with such rows anew without them. The files of before stay readable
through older states and branches, and the bounds of their columns stand in manifests; so these go as well, at
once, in every table that can hold a unit. What stays of a table is its newest state, and what other tables
name as the state that they read on from.

Bronze notes, in the same commit, how many changes of each transaction it gave up: what the source says it
changed can then still be compared with what arrived. Nothing of a row is in that note.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from pyspark.sql import functions as F

from assay.lake import units
from assay.lake.contracts import Contract, names
from assay.lake.iceberg import MAIN, Table
from assay.lake.maintenance import expire, patiently
from assay.lake.reading import Published
from assay.lake.reconciliation import TABLE as RECONCILIATION
from assay.lake.retention import Expiry
from assay.lake.summary import RUN, WATERMARK, watermarks
from assay.lake.tables import CHANGE_SEQUENCE, Lake
from assay.lake.units import REMOVED, Unit, quoted
from assay.medallion.silver_exposures import EVENT

ERASED = "erased"
"""The watermark of a bronze table for the changes that it gave up: microseconds of the commit → how many."""
LANDED = "landing"
OPEN = "assay.erasure"
"""The property of a table while a unit is being forgotten: whoever finds it goes on to the end."""
SETTLED = timedelta(hours=1)
"""No write takes so long: jobs are stopped before. A file that is older and of no state will never be."""
_KEYS: Mapping[str, str] = {"bronze.trades": "trade_id", "bronze.exposures": EVENT}
"""Bronze table → what numbers its rows, where that is not the unit itself."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Found:
    """What a table's newest state holds of a unit.

    Attributes:
        rows: Rows about it.
        texts: Texts that mention it.
    """

    rows: int
    texts: int

    def __bool__(self) -> bool:
        return bool(self.rows or self.texts)


@dataclass(frozen=True, slots=True)
class Swept:
    """What of a table's past went.

    Attributes:
        snapshots: States.
        branches: Branches beside main.
        orphans: Files that no state knew.
        young: Such files that may belong to a write under way, and stay.
    """

    snapshots: int
    branches: int
    orphans: int
    young: int


def there(lake: Published) -> list[str]:
    """The tables that are made and can hold a unit."""
    return [name for name in units.tables() if lake.exists(name)]


def count(lake: Published, name: str, unit: Unit) -> Found:
    """What a table's newest state holds of a unit."""
    how = units.held(Contract.load(name), unit)
    rows, *texts = (F.count_if(F.expr(condition)) for condition in (how.rows or "false", *how.texts.values()))
    counted = lake.read(name).agg(rows, *texts).collect()[0]
    return Found(counted[0], sum(counted[1:]))


def erase(lake: Lake, name: str, unit: Unit) -> Found:
    """Delete a table's rows about a unit and blank its texts that mention it, one commit each.

    A commit that removes a file still lists it, with the bounds of its columns: the lists are written anew.

    Raises:
        TransientError: Another run wrote at the same time; run it again.
    """
    how = units.held(Contract.load(name), unit)
    found = count(lake, name, unit)
    if found.rows and how.rows:
        which = " OR ".join([how.rows, *_before_it(lake, name, unit)])
        lake.remove(name, which, _given_up(lake, name, which))
    for column, condition in how.texts.items() if found.texts else ():
        if not lake.read(name).where(condition).isEmpty():
            lake.blank(name, column, REMOVED, condition)
    patiently(name, partial(_tidy, lake, name))
    return found


def _tidy(lake: Lake, name: str) -> None:
    table = _table(lake, name)
    if table.remembers():
        marks = {WATERMARK + key: value for key, value in watermarks(table).items()}
        table.tidy(lake.spark, {**marks, **lake.writer.signature(Contract.load(name).version)})


def given_up(text: str | None) -> dict[int, int]:
    """A watermark `ERASED`: microseconds of a transaction's commit → changes of it that were erased."""
    return {int(at): int(changes) for at, changes in json.loads(text or "{}").items()}


def _given_up(lake: Lake, name: str, which: str) -> dict[str, str]:
    if not {"_committed_at", CHANGE_SEQUENCE} <= set(Contract.load(name).columns):
        return {}
    # Read with how far the table goes: the commit is refused if another run took in more meanwhile.
    counted = given_up(lake.watermarks(name, (ERASED, LANDED))[ERASED])
    rows = lake.read(name).where(which).where("_committed_at IS NOT NULL AND _change_seq IS NOT NULL")
    at = F.expr("unix_micros(_committed_at)")
    for moment, changes in rows.groupBy(at).agg(F.count_distinct(CHANGE_SEQUENCE)).collect():
        counted[moment] = counted.get(moment, 0) + changes
    return {ERASED: json.dumps({str(moment): counted[moment] for moment in sorted(counted)})}


def passed_on(lake: Published, name: str, unit: Unit) -> dict[int, str]:
    """Rows of bronze that were another unit's before they became this one's.

    Their earlier versions go as well: they would be the newest that is left, and give the row back.

    Args:
        lake: The lake.
        name: A table of bronze.
        unit: The unit.

    Returns:
        The row's number → `_change_seq` of its last version that is the unit's.
    """
    key, how = _KEYS.get(name), units.held(Contract.load(name), unit)
    if key is None or how.rows is None:
        return {}
    rows = lake.read(name).withColumn("_mine", F.expr(f"coalesce({how.rows}, false)"))
    versions = rows.select(key, "_mine", F.coalesce(CHANGE_SEQUENCE, F.lit("")).alias("_number"))
    last = versions.where("_mine").groupBy(key).agg(F.max("_number").alias("_last"))
    older = versions.join(F.broadcast(last), key, "inner").where("NOT _mine AND _number < _last")
    return {row[0]: row[1] for row in older.select(key, "_last").distinct().collect()}


def _before_it(lake: Published, name: str, unit: Unit) -> list[str]:
    number = f"coalesce({CHANGE_SEQUENCE}, '')"
    return [
        f"(`{_KEYS[name]}` = {key}L AND {number} < {quoted(last)})"
        for key, last in passed_on(lake, name, unit).items()
    ]


# -- what was there before -----------------------------------------------------------------------
def is_open(lake: Published) -> bool:
    """Whether a unit is being forgotten: somebody is at it, or was killed."""
    return any(_table(lake, name).note(OPEN) is not None for name in there(lake))


def begin(lake: Published) -> None:
    """Note in the tables that a unit is being forgotten, without saying which."""
    for name in there(lake):
        _note(lake, name, "open")


def end(lake: Published) -> None:
    """Take the note away: all is done."""
    for name in there(lake):
        _note(lake, name, None)


def sweep(lake: Lake, name: str, named: Collection[int], now: datetime) -> Swept:
    """Drop a table's branches, its older states with all that only they had, and files that no state knows.

    Args:
        lake: The lake, on main.
        name: `<layer>.<table>`.
        named: Its states that other tables go on from.
        now: The time, UTC. Files that are younger than any write can be stay: a write may be about to commit
            them. Those of a copy-on-write hold nothing of the unit.

    Raises:
        TransientError: Other writers committed first each time.
    """
    branches = [each for each in _table(lake, name).branches if each != MAIN]
    for branch in branches:
        patiently(name, partial(_drop, lake, name, branch))
    table = _table(lake, name)
    stay = _needed(table, named)
    gone = tuple(each.id for each in table.snapshots() if each.id not in stay)
    if gone:
        expire(lake, name, Expiry(_EPOCH, gone, len(gone)))
    table = _table(lake, name)
    unknown = table.orphans(lake.spark, now, remove=False)
    old = table.orphans(lake.spark, now - SETTLED, remove=True) if unknown else []
    return Swept(len(gone), len(branches), len(old), len(unknown) - len(old))


def location(lake: Published, name: str) -> str:
    """The folder with all of a table's files."""
    return _table(lake, name).location


def _needed(table: Table, named: Collection[int]) -> set[int]:
    """The newest state, and those back to the last that says how far the table goes and the oldest named."""
    stay: set[int] = set()
    passed: list[int] = []
    said = False
    for snapshot in table.ancestry():
        passed.append(snapshot.id)
        if not said or snapshot.id in named:
            stay.update(passed)
        said = said or RUN in snapshot.summary
    return stay


def named(lake: Published) -> dict[str, set[int]]:
    """Table → its states that others go on from now.

    What reconciliation names it only compares: it compares again where that is gone.
    """
    found: dict[str, set[int]] = {}
    every = names()
    for other in every:
        if other != RECONCILIATION and lake.exists(other):
            for name, mark in watermarks(_table(lake, other)).items():
                if name in every and mark.isdecimal():
                    found.setdefault(name, set()).add(int(mark))
    return found


def settle(lake: Lake, name: str, before: Mapping[str, str | None], now: Mapping[str, int | None]) -> None:
    """Let a table say that it goes as far as its sources stood, where nothing that they changed concerns it.

    Args:
        lake: The lake.
        name: A table that was brought up to date between `now` and this call.
        before: Source → how far the table went before that.
        now: Source → its newest state before that.
    """
    held = lake.watermarks(name, before)
    late = {
        source: str(now[source])
        for source, mark in held.items()
        if mark is not None and mark == before[source] and now.get(source) and mark != str(now[source])
    }
    if late:
        lake.mark(name, late)


def _note(lake: Published, name: str, value: str | None) -> None:
    if _table(lake, name).note(OPEN) != value:
        patiently(name, lambda: _table(lake, name).set_note(OPEN, value))


def _drop(lake: Published, name: str, branch: str) -> None:
    _table(lake, name).drop(branch)


def _table(lake: Published, name: str) -> Table:
    table = Table.load(lake.spark, f"{lake.catalog}.{name}")
    if table is None:
        raise LookupError(name)
    return table
