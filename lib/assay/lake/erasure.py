"""Forgetting a unit in the tables: its rows go, and the texts that name it are blanked.

Copy-on-write tables write the files with such rows anew without them. What they were before still holds the
unit: `lake.past` lets it go.

Bronze notes, in the same commit, how many changes of each transaction it gave up: what the source says it
changed can then still be compared with what arrived. Nothing of a row is in that note.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from pyspark.sql import functions as F

from assay.lake import units
from assay.lake.contracts import Contract
from assay.lake.maintenance import patiently
from assay.lake.reading import Published
from assay.lake.summary import WATERMARK, watermarks
from assay.lake.tables import CHANGE_SEQUENCE, Lake
from assay.lake.units import REMOVED, Unit, quoted
from assay.medallion.silver_exposures import EVENT

ERASED = "erased"
"""The watermark of a bronze table for the changes that it gave up: microseconds of the commit → how many."""
LANDED = "landing"
"""The watermark of a bronze table for the files that it has taken in."""
_KEYS: Mapping[str, str] = {"bronze.trades": "trade_id", "bronze.exposures": EVENT}
"""Bronze table → what numbers its rows, where that is not the unit itself."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a table's newest state holds of a unit.

    Attributes:
        rows: Rows about it.
        texts: Texts that mention it.
    """

    rows: int
    texts: int


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
    table = lake.table(name)
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
