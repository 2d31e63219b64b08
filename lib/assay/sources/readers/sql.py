"""A table or view of any database that SQLAlchemy knows, read in one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, NoSuchTableError, SQLAlchemyError
from typing_extensions import override

from assay.errors import AssayError, InputError, TerminalError, TransientError
from assay.sources.readers.base import Asked, Batch, Part, Reader
from assay.spec.source import Sql

_COMPARED = frozenset({datetime, date, int, float, Decimal, str})


class SqlReader(Reader):
    """Reads a database."""

    def __init__(self, source: Sql, asked: Asked) -> None:
        self._source, self._asked = source, asked
        self._url = _url(source, asked)
        try:
            self._engine = sa.create_engine(self._url, pool_pre_ping=True)
        except (NoSuchModuleError, ArgumentError, ImportError) as error:
            raise InputError(
                f"source {source.name}: no driver for {self._url.drivername!r} is installed; give the "
                "secret's url as postgresql+psycopg://, sqlite:///, or install the driver beside Assay"
            ) from error

    @override
    def parts(self, seen: Mapping[str, str]) -> list[Part]:
        """One."""
        return [Part("", self._asked.values(self._source))]

    @override
    def read(self, part: Part, since: str | None) -> Iterator[Batch]:
        """The table's rows, oldest first where the source has `since`."""
        source = self._source
        origin = f"{self._url.drivername.partition('+')[0]}:{self._url.database or ''}/{source.relation}"
        try:
            with self._engine.connect() as connection:
                self._asked.count()
                table = self._table(connection)
                found = connection.execution_options(stream_results=True, yield_per=source.batch).execute(
                    self._query(table, since)
                )
                for rows in found.mappings().partitions():
                    yield Batch(origin, [dict(row) for row in rows])
        except AssayError:
            raise
        except DBAPIError as error:
            raise self._told(error) from error
        except SQLAlchemyError as error:
            raise TerminalError(
                f"source {source.name}: {source.relation} cannot be read: {_line(error)}; correct the source"
            ) from error

    @override
    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    def _table(self, connection: sa.Connection) -> sa.Table:
        schema, _, name = self._source.relation.rpartition(".")
        try:
            return sa.Table(name, sa.MetaData(), schema=schema or None, autoload_with=connection)
        except NoSuchTableError as error:
            have = sa.inspect(connection)
            known = sorted([*have.get_table_names(schema or None), *have.get_view_names(schema or None)])
            raise TerminalError(
                f"source {self._source.name}: the database has no table {self._source.relation!r}; it has "
                f"{', '.join(known[:20]) or 'none that this user sees'}"
            ) from error

    def _query(self, table: sa.Table, since: str | None) -> sa.Select[Any]:
        query = sa.select(table)
        wanted = self._source.since
        if wanted is None:
            return query
        place = self._source.columns.get(wanted.column, wanted.column)
        if place not in table.c:
            raise TerminalError(
                f"source {self._source.name}, since.column: {self._source.relation} has no column {place!r}; "
                f"it has {', '.join(table.c.keys())}"
            )
        column = table.c[place]
        if since is not None:
            query = query.where(column >= self._typed(column, since))
        if self._asked.as_of is not None and _kind(column) in {date, datetime}:
            query = query.where(column < self._typed(column, self._asked.as_of.isoformat()))
        return query.order_by(column)

    def _typed(self, column: sa.Column[Any], text: str) -> object:
        """A value of the state in the column's own type."""
        kind = _kind(column)
        try:
            if kind is datetime:
                return datetime.fromisoformat(text)
            if kind is date:
                return datetime.fromisoformat(text).date()
            if kind is int:
                return int(Decimal(text))
            return kind(text)
        except (ValueError, ArithmeticError) as error:
            raise TerminalError(
                f"source {self._source.name}, since: {text!r} is no {kind.__name__}, which column "
                f"{column.name!r} is; correct 'since.first', or read the source from the beginning with "
                "--full"
            ) from error

    def _told(self, error: DBAPIError) -> AssayError:
        what = f"source {self._source.name}: the database at {self._url.host or self._url.database}"
        if isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError) or error.connection_invalidated:
            return TransientError(f"{what} does not answer: {_line(error)}; is it up? Run the source again")
        return TerminalError(f"{what} refuses: {_line(error)}; correct the source, or what its user may read")


def _kind(column: sa.Column[Any]) -> type:
    """What Python has for a column's type; text where it has nothing that can be compared."""
    try:
        kind = column.type.python_type
    except NotImplementedError:
        return str
    return kind if kind in _COMPARED else str


def _url(source: Sql, asked: Asked) -> URL:
    if "url" in asked.secret:
        try:
            return make_url(asked.of_secret(source, "url")[0])
        except ArgumentError as error:
            raise InputError(
                f"source {source.name}: the url in secret {source.secret} is none; for example "
                "postgresql+psycopg://user:password@host/database"
            ) from error
    user, password, host, name = asked.of_secret(source, "username", "password", "host", "dbname")
    port = asked.secret.get("port")
    return URL.create(
        asked.secret.get("driver", "postgresql+psycopg"),
        username=user,
        password=password,
        host=host,
        port=None if port is None else int(port),
        database=name,
    )


def _line(error: SQLAlchemyError) -> str:
    """The first line of the driver's own text: without the statement, its values, and what a row holds."""
    told = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    lines = str(told).strip().splitlines() or [type(told).__name__]
    return lines[0].rstrip(".")[:200]
