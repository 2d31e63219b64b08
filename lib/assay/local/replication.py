"""The stand-in of AWS DMS: a full load, then change files, from a logical replication slot into S3.

Exactly once over a kill at any point, of this process or of the servers:

1. *Plan*: changes are peeked at, which consumes nothing, and a manifest named by the position where
   the batch starts fixes its end and its files' names.
2. *Files*: one per table. A restart finds the manifest, peeks up to the same end, overwrites the same files.
3. *Mark*: `last.json` takes the batch's end. From here the batch has happened.
4. *Advance*: the slot may forget it. PostgreSQL keeps that in memory until its next checkpoint and may come
   back from a kill at an older position; the mark, which is newer, then decides.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import psycopg
from botocore.exceptions import ClientError
from psycopg import sql

from assay.errors import StackError
from assay.local import landing
from assay.local.landing import Captured
from assay.local.names import SCHEMA
from assay.local.pgoutput import Change, Commit, Decoder, Relation

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

NAME = "assay_landing"
"""Of the publication and of the slot."""
STATE = f"_dms_state/{NAME}"
MAX_CHANGES = 500_000
"""A batch ends with the transaction that reaches this many: it is held in memory."""
ROWS_PER_FILE = 1_000_000
# The log level keeps the announcements of every decoding (LOG) out of the server's log.
_SESSION = "-c timezone=UTC -c datestyle=ISO -c extra_float_digits=1 -c log_min_messages=fatal"
_COLUMNS = """
    select c.relname, array_agg(a.attname order by a.attnum), array_agg(a.atttypid::int order by a.attnum),
           array_agg(a.atttypmod order by a.attnum)
    from pg_class c join pg_attribute a on a.attrelid = c.oid
    where c.relnamespace = %s::regnamespace and c.relkind = 'r'
      and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
    group by c.relname
"""


def _never(_point: str) -> None:
    """Crash nowhere."""


@dataclass(slots=True)
class Batch:
    """Whole transactions, in order of commit.

    Attributes:
        changes: Of each table; a table altered in between counts as two.
        last: The last transaction's end; None if there were no changes.
    """

    changes: dict[Relation, list[Captured]] = field(default_factory=dict)
    last: Commit | None = None

    def files(self, milliseconds: int) -> Iterator[tuple[str, Relation, list[Captured]]]:
        """Key, table and changes of each file, in the order of writing.

        Args:
            milliseconds: The batch's time; later forms of an altered table take the following ones.
        """
        seen: dict[str, int] = {}
        for relation in landing.in_order(list(self.changes)):
            form = seen.get(relation.name, 0)
            seen[relation.name] = form + 1
            yield landing.change_key(relation, milliseconds + form), relation, self.changes[relation]

    @property
    def forms(self) -> int:
        """The most forms that any table has in this batch."""
        names = [relation.name for relation in self.changes]
        return max((names.count(name) for name in names), default=1)


@dataclass(slots=True)
class Capture:
    """A capture of one schema into one bucket.

    Attributes:
        dsn: The database.
        s3: The client of S3.
        bucket: The landing bucket.
        crash: Called with the name of each point where a kill could fall; tests raise there.
    """

    dsn: str
    s3: S3Client
    bucket: str
    crash: Callable[[str], None] = _never
    rows_per_file: int = ROWS_PER_FILE
    max_changes: int = MAX_CHANGES
    _connection: psycopg.Connection | None = field(default=None, repr=False)
    _seen: int = field(default=-1, repr=False)

    def prepare(self) -> None:
        """Publication, slot and full load, unless they are there; a half-done load begins again.

        Raises:
            StackError: The load was done once, but PostgreSQL lost the slot or cut it off.
        """
        loaded = self._get("full_load")
        status = self._slot_status()
        if loaded and status in {None, "lost"}:
            message = (
                f"the change capture lost its place in the database (slot {NAME}: {status or 'missing'}): "
                "changes may be missing from the landing bucket; start afresh with `assay reset`"
            )
            raise StackError(message)
        if not loaded:
            self._full_load()

    def cycle(self) -> int:
        """Land one batch of whole transactions.

        Returns:
            How many changes were written; 0 when there are none.
        """
        confirmed, now = self._positions()
        if now in {self._seen, confirmed}:
            return 0
        marked = self._get("last") or {"end": 0, "ms": 0}
        if confirmed < marked["end"]:  # PostgreSQL came back from a kill at an older position
            self._advance(marked["end"])
            confirmed = marked["end"]
        plan = self._get(f"{confirmed:016X}")
        batch = self._peek(plan["end"] if plan else None)
        if batch.last is None:
            self._advance(now)  # nothing of ours up to here: let PostgreSQL recycle its log
            self._seen = now
            return 0
        if plan is None:
            plan = self._plan(confirmed, batch, batch.last, marked["ms"])
        return self._write(confirmed, plan, batch)

    def close(self) -> None:
        """Close the connection; the next call opens it again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _plan(self, start: int, batch: Batch, last: Commit, previous: int) -> dict[str, int]:
        first = max(last.microseconds // 1000, previous + 1)  # names must strictly increase
        plan = {"start": start, "end": last.end, "first": first, "ms": first + batch.forms - 1}
        self._put(f"{start:016X}", plan)
        self.crash("after plan")
        return plan

    def _write(self, start: int, plan: dict[str, int], batch: Batch) -> int:
        count = 0
        for key, relation, changes in batch.files(plan["first"]):
            landing.put(self.s3, self.bucket, key, landing.changes_table(relation, changes))
            count += len(changes)
            self.crash("after a file")
        self._put("last", plan)
        self.crash("after mark")
        self._advance(plan["end"])
        self.crash("after advance")
        self.s3.delete_object(Bucket=self.bucket, Key=f"{STATE}/{start:016X}.json")
        return count

    def _peek(self, end: int | None) -> Batch:
        """Decode changes from the slot's position on, consuming nothing.

        Args:
            end: Where a planned batch ends; None for as much as is there, up to the limit.
        """
        cursor = self._open().cursor(binary=True)
        limit = (_lsn_text(end), None) if end else (None, self.max_changes)
        cursor.execute(
            "select data from pg_logical_slot_peek_binary_changes("
            "%s, %s, %s, 'proto_version', '1', 'publication_names', %s)",
            [NAME, *limit, NAME],
        )
        decoder, batch, pending = Decoder(), Batch(), list[Change]()
        for (message,) in cursor:
            event = decoder.decode(message)
            if isinstance(event, Change):
                pending.append(event)
            elif isinstance(event, Commit) and pending:
                _add(batch, pending, event)
                pending = []
        return batch

    def _full_load(self) -> None:
        """The slot comes first and exports the snapshot that the load reads: no gap and no overlap."""
        connection = self._open()
        if self._slot_status() is not None:
            connection.execute("select pg_drop_replication_slot(%s)", [NAME])
        found = connection.execute("select 1 from pg_publication where pubname = %s", [NAME]).fetchone()
        if found is None:  # TRUNCATE is left out: it has no form in a change file
            connection.execute(
                f"create publication {NAME} for tables in schema {SCHEMA} "
                "with (publish = 'insert, update, delete')"
            )
        with psycopg.connect(self.dsn, autocommit=True, replication="database") as replication:
            made = replication.execute(f"CREATE_REPLICATION_SLOT {NAME} LOGICAL pgoutput (SNAPSHOT 'export')")
            _, position, snapshot, _ = made.fetchone() or ()
            self.crash("after slot")
            self._load(snapshot)
        self._put("full_load", {"position": position})

    def _load(self, snapshot: str) -> None:
        with psycopg.connect(self.dsn, options=_SESSION) as reader:
            reader.execute("set transaction isolation level repeatable read")
            reader.execute(sql.SQL("set transaction snapshot {}").format(snapshot))
            tables = [
                Relation(SCHEMA, name, tuple(columns), tuple(types), tuple(modifiers))
                for name, columns, types, modifiers in reader.execute(_COLUMNS, [SCHEMA])
            ]
            for relation in landing.in_order(tables):
                self._load_table(reader, relation)

    def _load_table(self, reader: psycopg.Connection, relation: Relation) -> None:
        texts = sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(c)) for c in relation.columns)
        table = sql.Identifier(relation.schema, relation.name)
        now = datetime.now(UTC)
        with reader.cursor(name="load") as cursor:
            cursor.execute(sql.SQL("select {} from {}").format(texts, table))
            number = 1
            while rows := cursor.fetchmany(self.rows_per_file):
                content = landing.load_table(relation, rows, now)
                landing.put(self.s3, self.bucket, landing.load_key(relation, number), content)
                self.crash("after a load file")
                number += 1

    def _positions(self) -> tuple[int, int]:
        """The slot's confirmed position and the end of the flushed log."""
        row = (
            self._open()
            .execute(
                "select confirmed_flush_lsn::text, pg_current_wal_flush_lsn()::text "
                "from pg_replication_slots where slot_name = %s",
                [NAME],
            )
            .fetchone()
        )
        if row is None:
            raise StackError(f"the slot {NAME} is gone from the database: start afresh with `assay reset`")
        return lsn_number(row[0]), lsn_number(row[1])

    def _advance(self, end: int) -> None:
        self._open().execute("select pg_replication_slot_advance(%s, %s)", [NAME, _lsn_text(end)])

    def _slot_status(self) -> str | None:
        found = self._open().execute(
            "select wal_status from pg_replication_slots where slot_name = %s", [NAME]
        )
        row = found.fetchone()
        return None if row is None else str(row[0])

    def _open(self) -> psycopg.Connection:
        if self._connection is None:
            self._connection = psycopg.connect(self.dsn, autocommit=True, options=_SESSION)
        return self._connection

    def _get(self, name: str) -> dict[str, Any] | None:
        try:
            found = self.s3.get_object(Bucket=self.bucket, Key=f"{STATE}/{name}.json")
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchKey":
                return None
            raise
        document: dict[str, Any] = json.loads(found["Body"].read())
        return document

    def _put(self, name: str, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode()
        self.s3.put_object(Bucket=self.bucket, Key=f"{STATE}/{name}.json", Body=body)


def lsn_number(text: str) -> int:
    """A log position as PostgreSQL prints it (`16/B374D848`), as a number."""
    high, _, low = text.partition("/")
    return int(high, 16) << 32 | int(low, 16)


def _lsn_text(number: int) -> str:
    return f"{number >> 32:X}/{number & 0xFFFFFFFF:X}"


def _add(batch: Batch, changes: list[Change], commit: Commit) -> None:
    for place, (operation, relation, row) in enumerate(changes):
        mark = landing.sequence(commit.lsn, place)
        captured = Captured(operation, row, commit.microseconds, mark)
        batch.changes.setdefault(relation, []).append(captured)
    batch.last = commit
