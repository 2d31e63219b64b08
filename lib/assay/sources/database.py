"""Loads a week into the source database: one transaction, by COPY, and never twice.

The transaction ends with the week's row in `loads`, so that whoever sees that row sees the whole week, and a
second attempt sees that there is nothing to do. That row also says how many rows the transaction changed and
what they are worth: what arrives in the lake is compared with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
from psycopg import sql

from assay.errors import InputError, ReconciliationError, TerminalError, TransientError
from assay.generators.weeks import Week
from assay.medallion import promise
from assay.medallion.promise import DELETED, INSERTED, UPDATED, Change
from assay.sources import forgotten, tables
from assay.sources.tables import Table

LOCK = 0x6173736179  # "assay": one load at a time, whoever runs it
_BATCH_ROWS = 65_536
_ZONED: pa.DataType = pa.timestamp("us", tz="UTC")
_PLAIN: pa.DataType = pa.timestamp("us")
_CSV = pa_csv.WriteOptions(include_header=False, batch_size=_BATCH_ROWS)
_ABOUT_DATA = frozenset({"22", "23"})
"""Classes of SQLSTATE: data exceptions, and broken constraints."""
_SECRET_NAMES = {
    "host": re.compile(r"[A-Za-z0-9._:-]{1,253}"),
    "port": re.compile(r"[0-9]{1,5}"),
    "dbname": re.compile(r"[A-Za-z0-9_-]{1,63}"),
}
_SECRET_FIELDS = ("host", "port", "dbname", "username", "password")


@dataclass(frozen=True, slots=True)
class Load:
    """A week in the database.

    Attributes:
        week: Its Monday.
        blueprint: Name of the blueprint that drew it.
        version: Version of that blueprint.
        changes: Table → rows of change capture that the loading transaction causes: its inserts, updates and
            deletes, and what they are worth; the row in `loads` itself is not counted.
    """

    week: date
    blueprint: str
    version: str
    changes: Mapping[str, Change]

    @property
    def rows(self) -> int:
        """All changes together."""
        return sum(change.rows for change in self.changes.values())


@contextmanager
def connect(secret: Mapping[str, Any]) -> Iterator[psycopg.Connection]:
    """A connection with the credentials of a secret; it is closed at the end.

    Args:
        secret: host, port, dbname, username, password, and `sslmode` where TLS is to be required.

    Raises:
        InputError: The secret lacks a field, or its host, port or dbname can be none.
        TransientError: The database does not answer, or ended the connection.
        TerminalError: It refused.
    """
    missing = [name for name in _SECRET_FIELDS if name not in secret]
    if missing:
        raise InputError(
            f"the database's secret has no {', '.join(missing)}; it needs {', '.join(_SECRET_FIELDS)}"
        )
    for name, allowed in _SECRET_NAMES.items():
        if not allowed.fullmatch(str(secret[name])):
            # The value itself is never shown: who stores a whole URL there stores the password in it.
            raise InputError(
                f"the database's secret has a {name} that is none; store the {name} alone, not a URL"
            )
    try:
        with psycopg.connect(
            host=secret["host"],
            port=secret["port"],
            dbname=secret["dbname"],
            user=secret["username"],
            password=secret["password"],
            sslmode=secret.get("sslmode", "prefer"),
            connect_timeout=10,
            application_name="assay-ingest",
            options="-c timezone=UTC",
            autocommit=True,
        ) as connection:
            yield connection
    except psycopg.OperationalError as error:
        place = f"{secret['host']}:{secret['port']}/{secret['dbname']}"
        raise TransientError(
            f"database {place}: {_said(error)}; is it running and reachable, and does the secret hold the "
            "password of now?"
        ) from error
    except psycopg.Error as error:
        raise TerminalError(f"the database refused: {_said(error)} ({error.sqlstate})") from error


def create(connection: psycopg.Connection) -> None:
    """Make schema and tables where they are missing."""
    with connection.transaction():
        # Two sessions that create the same schema at once would collide in the system's own index.
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {tables.SCHEMA}")
        existing = {row[0] for row in connection.execute(_TABLES, [tables.SCHEMA]).fetchall()}
        for table in tables.ALL:
            if table.name not in existing:
                connection.execute(table.ddl())


def loaded(
    connection: psycopg.Connection, week: date, number: int, *, blueprint: str, version: str
) -> Load | None:
    """The week as it was loaded; None if it is still to be loaded.

    Args:
        connection: To a database with the tables.
        week: Its Monday.
        number: Its number in the blueprint, from 1.
        blueprint: Name of the blueprint that is about to load it.
        version: Version of that blueprint.

    Raises:
        InputError: The database holds another blueprint, an earlier week is missing, or the week was loaded
            from another version.
    """
    other = connection.execute(_OTHER, [blueprint]).fetchone()
    if other is not None:
        raise InputError(
            f"the database holds blueprint {other[0]!r}, not {blueprint!r}; a database holds one blueprint: "
            "load that one, or start over with `assay reset`"
        )
    row = connection.execute(_LOADED, [week]).fetchone()
    if row is None:
        _require_earlier(connection, week, number)
        return None
    if row[1] != version:
        raise InputError(
            f"week {week} is loaded from version {row[1]} of blueprint {blueprint}, not from {version}; "
            "a week is loaded once: bring back that version, or start over with `assay reset`"
        )
    return Load(week, row[0], row[1], promise.parse(row[2]))


def load(connection: psycopg.Connection, week: Week, *, blueprint: str, version: str) -> tuple[Load, bool]:
    """Load a week in one transaction, unless it is loaded already.

    Args:
        connection: In autocommit mode, to a database with the tables.
        week: What to insert, update and delete.
        blueprint: Name of the blueprint that drew it.
        version: Version of that blueprint.

    Returns:
        The load, and whether it is new.

    Raises:
        InputError: As `loaded`.
        ReconciliationError: An update or delete names a row that is not there; nothing was changed.
    """
    with connection.transaction():
        connection.execute("SET LOCAL timezone TO 'UTC'")  # in which times are written
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        before = loaded(connection, week.start, week.number, blueprint=blueprint, version=version)
        if before is not None:
            return before, False
        week = forgotten.without(connection, week)
        changes = {
            "customers": _insert(connection, tables.CUSTOMERS, week.customers)
            + _update(connection, tables.CUSTOMERS, week.customer_updates),
            "exposures": _insert(connection, tables.EXPOSURES, week.exposures),
            "trades": _insert(connection, tables.TRADES, week.trades)
            + _update(connection, tables.TRADES, week.trade_corrections)
            + _delete(connection, tables.TRADES, week.trade_deletes),
            "quotes": _insert(connection, tables.QUOTES, week.quotes),
        }
        mark = (week.start, blueprint, version, promise.text(changes), datetime.now(UTC))
        connection.execute(_MARK, mark)
    return Load(week.start, blueprint, version, changes), True


def copy(connection: psycopg.Connection, into: sql.Composable, rows: pa.Table) -> int:
    """COPY rows into a table, as CSV that Arrow writes.

    Args:
        connection: Within a transaction whose time zone is UTC.
        into: The table, quoted.
        rows: Columns named as the table's.

    Returns:
        How many rows.
    """
    # In this CSV a missing value is empty and an empty text is "", which is what PostgreSQL expects.
    columns = sql.SQL(", ").join(map(sql.Identifier, rows.column_names))
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv)").format(into, columns)
    with connection.cursor() as cursor:
        with cursor.copy(statement) as stream:
            for batch in _without_zones(rows).to_batches(max_chunksize=_BATCH_ROWS):
                sink = pa.BufferOutputStream()
                pa_csv.write_csv(batch, sink, _CSV)
                stream.write(sink.getvalue().to_pybytes())
        return cursor.rowcount


def _without_zones(rows: pa.Table) -> pa.Table:
    """The rows with plain times, which are in UTC: of a zone Arrow looks each one up, fifty times as long."""
    fields = [field.with_type(_PLAIN) if field.type == _ZONED else field for field in rows.schema]
    return rows.cast(pa.schema(fields))


_TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = %s"
_OTHER = "SELECT blueprint FROM brokerage.loads WHERE blueprint <> %s LIMIT 1"
_EARLIER = "SELECT count(*) FROM brokerage.loads WHERE week < %s"
_LOADED = "SELECT blueprint, version, changes FROM brokerage.loads WHERE week = %s"
_MARK = (
    "INSERT INTO brokerage.loads (week, blueprint, version, changes, loaded_at) VALUES (%s, %s, %s, %s, %s)"
)


def _require_earlier(connection: psycopg.Connection, week: date, number: int) -> None:
    """Updates and deletes of a week are of rows that earlier weeks inserted."""
    row = connection.execute(_EARLIER, [week]).fetchone()
    missing = number - 1 - (row[0] if row else 0)
    if missing > 0:
        raise InputError(
            f"week {week} is week {number} of the blueprint and {missing} earlier weeks are not loaded; "
            "load the weeks in order"
        )


def _insert(connection: psycopg.Connection, table: Table, rows: pa.Table) -> Change:
    money = {(name, INSERTED): pc.sum(rows[name]).as_py() or Decimal(0) for name in table.money}
    return Change(copy(connection, _name(table), rows), money)


def _update(connection: psycopg.Connection, table: Table, rows: pa.Table) -> Change:
    changed = [sql.Identifier(name) for name in rows.column_names if name not in table.key]
    assignments = sql.SQL(", ").join(sql.SQL("{0} = source.{0}").format(name) for name in changed)
    verb = sql.SQL("UPDATE {} AS target SET {} FROM").format(_name(table), assignments)
    return _by_key(connection, table, rows, verb, UPDATED)


def _delete(connection: psycopg.Connection, table: Table, rows: pa.Table) -> Change:
    verb = sql.SQL("DELETE FROM {} AS target USING").format(_name(table))
    return _by_key(connection, table, rows, verb, DELETED)


def _by_key(
    connection: psycopg.Connection, table: Table, rows: pa.Table, verb: sql.Composed, operation: str
) -> Change:
    """Change the rows that share their key with given rows, as one statement over a temporary table."""
    if rows.num_rows == 0:
        return Change(0, {(name, operation): Decimal(0) for name in table.money})
    source = sql.Identifier(f"changes_of_{table.name}")
    columns = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(table.columns[name]))
        for name in rows.column_names
    )
    key = sql.SQL(", ").join(map(sql.Identifier, table.key))
    # With a key of its own a row that is named twice is an error instead of a change that is lost.
    connection.execute(
        sql.SQL("CREATE TEMPORARY TABLE {} ({}, PRIMARY KEY ({}))").format(source, columns, key)
    )
    copy(connection, source, rows)
    connection.execute(sql.SQL("ANALYZE {}").format(source))  # else the planner guesses
    change = _carry_out(connection, table, sql.SQL("{} {} AS source").format(verb, source), operation)
    connection.execute(sql.SQL("DROP TABLE {}").format(source))
    if change.rows != rows.num_rows:
        raise ReconciliationError(
            f"{tables.SCHEMA}.{table.name}: {rows.num_rows:,} changes name {rows.num_rows - change.rows:,} "
            "rows that are not there; nothing was loaded"
        )
    return change


def _carry_out(connection: psycopg.Connection, table: Table, verb: sql.Composed, operation: str) -> Change:
    """Run an UPDATE or DELETE by key; what it returns of the rows is what change capture will say of them."""
    same = sql.SQL(" AND ").join(
        sql.SQL("target.{0} = source.{0}").format(sql.Identifier(name)) for name in table.key
    )
    money = [sql.Identifier(name) for name in table.money]
    returned = [sql.SQL("1"), *(sql.SQL("target.{}").format(name) for name in money)]
    sums = [sql.SQL("count(*)"), *(sql.SQL("coalesce(sum({}), 0)").format(name) for name in money)]
    statement = sql.SQL("WITH changed AS ({} WHERE {} RETURNING {}) SELECT {} FROM changed").format(
        verb, same, sql.SQL(", ").join(returned), sql.SQL(", ").join(sums)
    )
    row = connection.execute(statement).fetchone() or (0, *(Decimal(0) for _ in money))
    return Change(
        row[0], {(name, operation): total for name, total in zip(table.money, row[1:], strict=True)}
    )


def _name(table: Table) -> sql.Identifier:
    return sql.Identifier(tables.SCHEMA, table.name)


def _said(error: psycopg.Error) -> str:
    """An error's first line; of one about data its kind and place, because that line may quote a row."""
    if (error.sqlstate or "")[:2] in _ABOUT_DATA:
        place = (error.diag.table_name, error.diag.column_name, error.diag.constraint_name)
        named = ", ".join(name for name in place if name)
        return f"{type(error).__name__} in {named}" if named else type(error).__name__
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
