"""Into bronze: what arrived in the landing bucket and the journal, each once.

How far each bronze table goes stands in its own commits. Reading again from there after a kill takes in
exactly what is not there yet.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial

from pyspark.sql import functions as F

from assay.errors import TransientError
from assay.lake.contracts import Contract
from assay.lake.parallel import each
from assay.lake.tables import Lake
from assay.medallion.bronze import captured, collected, landed_schema
from assay.medallion.reconcile import arrived, missing, promises
from assay.sources.entries import Entries
from assay.sources.landing import Landing, Position

# `loads` first: its file is the last that capture writes of a transaction, so that where it is listed, the
# files of the other tables are as well.
TABLES = ("loads", "customers", "exposures", "trades", "quotes")
LANDED, DOCUMENTS, JOURNAL = "landing", "documents", "journal"
POLL_SECONDS = 0.5
# An entry may become visible after later ones, or be of a machine whose clock is behind; this far back the
# journal is read again and compared.
OVERLAP = timedelta(days=1)
_TIME = "%Y-%m-%dT%H:%M:%S.%fZ"
_TIME_LENGTH = len("2026-01-05T00:00:00.000000Z")


@dataclass(frozen=True, slots=True)
class Intake:
    """Takes in what arrived.

    Attributes:
        lake: Where to.
        landing: The landing bucket.
        now: The clock, UTC.
        sleep: How to wait, in seconds.
        clock: Monotonic seconds.
    """

    lake: Lake
    landing: Landing
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def week(self, week: date, *, wait_seconds: float) -> int:
        """Take in files until a week is there as a whole, and whatever else arrived.

        Args:
            week: Its Monday.
            wait_seconds: The longest wait.

        Returns:
            Rows taken in.

        Raises:
            TransientError: The week has not arrived within the time; what has arrived stays.
            ReconciliationError: More arrived than the source says it changed.
        """
        before = self.lake.snapshot("bronze.loads")
        deadline = self.clock() + wait_seconds
        rows = self.tables()
        lacking = self.lacking(week, before)
        while lacking:
            if self.clock() >= deadline:
                raise TransientError(
                    f"week {week} has not arrived within {wait_seconds:g} s: {'; '.join(lacking)}; is change "
                    "capture running? Run the job again"
                )
            self.sleep(POLL_SECONDS)
            if new := self.tables():
                rows += new
                lacking = self.lacking(week, before)
        return rows

    def tables(self) -> int:
        """Take in the change files that arrived; rows taken in."""
        found = {}
        for table in TABLES:
            position = Position.parse(self.lake.watermark(f"bronze.{table}", LANDED))
            files, after = self.landing.captured(table, position)
            if files:
                found[table] = partial(self._append, f"bronze.{table}", files, after)
        return sum(each(found).values())

    def lacking(self, week: date, since: int | None) -> list[str]:
        """What is missing of a week, and of the weeks whose loads were taken in since a snapshot.

        Args:
            week: Its Monday.
            since: Snapshot of bronze.loads; None for all loads.
        """
        loads = self.lake.read("bronze.loads")
        if loads.where(F.col("week") == F.lit(week)).isEmpty():
            return ["brokerage.loads has no row of it"]
        new = self.lake.appended("bronze.loads", since)
        promised = promises(loads.where(F.col("week") == F.lit(week)).unionByName(new))
        tables = {table for promise in promised for table in promise.changes}
        return missing(
            promised, arrived({t: self.lake.read(f"bronze.{t}") for t in sorted(tables)}, promised)
        )

    def documents(self) -> int:
        """Take in the blueprints that were registered; rows taken in."""
        name = "bronze.parameters"
        seen = json.loads(self.lake.watermark(name, DOCUMENTS) or "{}")
        found = self.landing.documents(seen)
        if not found:
            return 0
        last = {each.blueprint: each.version for each in sorted(found, key=lambda d: d.version)}
        rows = self.lake.spark.createDataFrame(
            [(each.blueprint, each.version, each.text, each.uri) for each in found],
            "blueprint string, version string, document string, uri string",
        )
        taken = collected(rows, source="parameters", file="uri", run_id=self.lake.run_id, at=self.now())
        mark = json.dumps({**seen, **last}, sort_keys=True)
        return self.lake.append(name, taken, {DOCUMENTS: mark}).added

    def journal(self, entries: Entries) -> int:
        """Take in the journal's entries; rows taken in."""
        name = "bronze.journal"
        mark = self.lake.watermark(name, JOURNAL)
        start = _earlier(mark, OVERLAP) if mark else None
        found = list(entries.since(start, self.now().date()))
        if start is not None:
            recent = self.lake.read(name).where(F.col("entry") >= start).select("entry")
            known = {row["entry"] for row in recent.collect()}
            found = [entry for entry in found if entry["entry"] not in known]
        if not found:
            return 0
        data = [f for f in Contract.load(name).fields if not f.name.startswith("_")]
        schema = ", ".join(f"{f.name} {f.type}" for f in data)
        items = self.lake.spark.createDataFrame(
            [tuple(entry[f.name] for f in data) for entry in found], schema
        )
        items = items.withColumn(
            "item", F.concat(F.lit(f"dynamodb:{entries.table}/"), "day", F.lit("/"), "entry")
        )
        taken = collected(items, source="journal", file="item", run_id=self.lake.run_id, at=self.now())
        last = max([mark or "", *(str(entry["entry"]) for entry in found)])
        return self.lake.append(name, taken, {JOURNAL: last}).added

    def _append(self, name: str, files: list[str], after: Position) -> int:
        schema = landed_schema(Contract.load(name).schema)
        landed = self.lake.spark.read.schema(schema).parquet(*files)
        rows = captured(landed, run_id=self.lake.run_id, at=self.now())
        return self.lake.append(name, rows, {LANDED: after.text()}).added


def _earlier(entry: str, by: timedelta) -> str:
    """The beginning of the sort keys that are so much older than an entry."""
    at = datetime.strptime(entry[:_TIME_LENGTH], _TIME).replace(tzinfo=UTC)
    return (at - by).strftime(_TIME)
