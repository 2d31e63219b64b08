"""Into bronze: what arrived in the landing bucket and the journal, each once.

How far each bronze table goes stands in its own commits. Reading again from there after a kill takes in
exactly what is not there yet.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import groupby

from pyspark.sql import functions as F

from assay.errors import TransientError
from assay.lake.contracts import Contract
from assay.lake.erasure import ERASED, LANDED, given_up
from assay.lake.parallel import each
from assay.lake.tables import Lake
from assay.medallion.bronze import collected
from assay.medallion.lineage import EXTRA, RDS
from assay.medallion.reconcile import arrived, missing, promises
from assay.runtime import logs
from assay.sources import changes, documents
from assay.sources.entries import Entries
from assay.sources.landing import MAX_DOCUMENT, Arrivals, Document, File, Landing, Position
from assay.spark.local import frame
from assay.spec.source import Source, sources

log = logs.get(__name__)
# `loads` first: its file is the last that capture writes of a transaction, so that where it is listed, the
# files of the other tables are as well.
TABLES = ("loads", "customers", "exposures", "trades", "quotes")
DOCUMENTS, JOURNAL = "documents", "journal"
POLL_SECONDS = 0.5
DOCUMENTS_AT_A_TIME = 32 * 2**20
"""Bytes of documents in one commit."""
# An entry may become visible after later ones, or come from a machine whose clock is behind; this far back
# the journal is read again and compared.
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
        warn: Takes a sentence about what is not as it should be and does not stop the run.
        sources: Whose loads are taken in, by name.
    """

    lake: Lake
    landing: Landing
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    warn: Callable[[str], None] = log.warning
    sources: Mapping[str, Source] = field(default_factory=sources)

    def week(self, week: date, *, wait_seconds: float) -> int:
        """Take in files until a week is there as a whole, and whatever else arrived.

        Args:
            week: Its Monday.
            wait_seconds: The longest wait.

        Returns:
            Rows taken in.

        Raises:
            TransientError: The week has not arrived within the time; what has arrived stays.
            TerminalError: A file cannot be taken in; the other tables were.
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
            if new := self.tables(look_back=False):
                rows += new
                lacking = self.lacking(week, before)
        return rows

    def tables(self, *, look_back: bool = True) -> int:
        """Take in the change files that arrived.

        Args:
            look_back: Whether to look for files behind the last one that was read as well.

        Returns:
            Rows taken in.

        Raises:
            TerminalError: A file cannot be taken in; nothing of its table was, all of the others was.
        """
        found: dict[str, Callable[[], int]] = {}
        for table in TABLES:
            position = Position.parse(self.lake.watermark(f"bronze.{table}", LANDED))
            arrivals = self.landing.captured(table, position, look_back=look_back)
            if arrivals.files or arrivals.behind or arrivals.strange:
                found[table] = partial(self._take, f"bronze.{table}", {LANDED: (arrivals, RDS)})
        if look_back:  # while a week is waited for, nothing is expected of sources
            fed = groupby(sorted(self.sources.values(), key=lambda s: s.table), key=lambda s: s.table)
            found |= {table: partial(self._take_sources, table, [*each]) for table, each in fed}
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
        found = arrived({t: self.lake.read(f"bronze.{t}") for t in sorted(tables)}, promised)
        return missing(promised, found, self._erased(tables))

    def _erased(self, tables: Iterable[str]) -> dict[tuple[str, int], int]:
        """(Table, commit time) → changes that were given up to forget a person."""
        return {
            (table, at): changes
            for table in tables
            for at, changes in given_up(self.lake.state(f"bronze.{table}")[1].get(ERASED)).items()
        }

    def documents(self) -> int:
        """Take in the blueprints that were registered; rows taken in."""
        name = "bronze.parameters"
        seen = json.loads(self.lake.watermark(name, DOCUMENTS) or "{}")
        rows = 0
        for batch in _batches(self.landing.documents(seen)):
            seen.update({found.blueprint: found.version for found in batch})
            read = [(found.blueprint, found.version, *self._text(found), found.uri) for found in batch]
            schema = "blueprint string, version string, document string, _extra string, uri string"
            items = frame(self.lake.spark, read, schema)
            taken = collected(items, source="parameters", file="uri", run_id=self.lake.run_id, at=self.now())
            rows += self.lake.append(name, taken, {DOCUMENTS: json.dumps(seen, sort_keys=True)}).added
        return rows

    def _text(self, found: Document) -> tuple[str | None, str | None]:
        """A document's text; where it can have none, null and an object for `_extra`."""
        if found.size > MAX_DOCUMENT:
            self.warn(
                f"{found.uri} has {found.size:,} bytes; a document may have {MAX_DOCUMENT:,}. It was not read"
            )
            return None, json.dumps({"document": f"{found.size} bytes"})
        body = self.landing.read(found.uri, 0, found.size) if found.size else b""
        text, problem = documents.judged(body)
        if problem is None:
            return text, None
        self.warn(f"{found.uri} {problem}; kept in _extra as base64")
        return None, documents.kept(body)

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
        data = [f for f in Contract.load(name).fields if f.name == EXTRA or not f.name.startswith("_")]
        schema = ", ".join(f"{f.name} {f.type}" for f in data)
        items = frame(self.lake.spark, [tuple(entry[f.name] for f in data) for entry in found], schema)
        items = items.withColumn(
            "item", F.concat(F.lit(f"dynamodb:{entries.table}/"), "day", F.lit("/"), "entry")
        )
        taken = collected(items, source="journal", file="item", run_id=self.lake.run_id, at=self.now())
        last = max([mark or "", *(str(entry["entry"]) for entry in found)])
        return self.lake.append(name, taken, {JOURNAL: last}).added

    def _take_sources(self, table: str, sources: list[Source]) -> int:
        """What sources brought for one table, together."""
        name = f"bronze.{table}"
        keys = {f"{LANDED}/{source.name}": source.name for source in sources}
        marks = self.lake.watermarks(name, keys)
        brought = {
            key: (self.landing.brought(source, table, Position.parse(marks[key])), source)
            for key, source in keys.items()
        }
        return self._take(name, brought)

    def _take(self, name: str, arrived: Mapping[str, tuple[Arrivals, str]]) -> int:
        """Take in what arrived: watermark → arrivals and the system that they came from."""
        batches = []
        for key, (arrivals, source) in arrived.items():
            files = [*self._late(name, arrivals.behind), *arrivals.files]
            if files or arrivals.strange:
                mark = {key: arrivals.after.text()}
                batches.append(changes.Batch(self.landing, files, arrivals.strange, mark, source))
        if not batches:
            return 0
        return changes.take(self.lake, Contract.load(name), batches, at=self.now(), warn=self.warn)

    def _late(self, name: str, behind: list[File]) -> list[File]:
        """Those files of which bronze has no row."""
        if not behind:
            return []
        listed = frame(self.lake.spark, [(file.uri,) for file in behind], "_source_file string")
        absent = listed.join(self.lake.read(name).select("_source_file"), "_source_file", "left_anti")
        late = {row[0] for row in absent.collect()}
        if late:
            self.warn(f"{name}: {len(late):,} files arrived behind others: {', '.join(sorted(late)[:3])}")
        return [file for file in behind if file.uri in late]


def _batches(found: Iterable[Document]) -> Iterator[list[Document]]:
    """Documents in groups that are held in memory at a time; one blueprint's stay in order."""
    batch: list[Document] = []
    size = 0
    for document in found:
        if batch and size + document.size > DOCUMENTS_AT_A_TIME:
            yield batch
            batch, size = [], 0
        batch.append(document)
        size += min(document.size, MAX_DOCUMENT)
    if batch:
        yield batch


def _earlier(entry: str, by: timedelta) -> str:
    """The beginning of the sort keys that are so much older than an entry."""
    at = datetime.strptime(entry[:_TIME_LENGTH], _TIME).replace(tzinfo=UTC)
    return (at - by).strftime(_TIME)
