"""What a query reads, found out before anything is read: tables, columns, and the rows that can be left out.

The same for every engine, so that an unknown table or column is the same sentence on each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import pyarrow as pa
from pyiceberg.catalog import Catalog
from pyiceberg.catalog.glue import GlueCatalog
from sqlglot import exp

from assay.errors import InputError
from assay.serving.queries import (
    catalog,
    columns,
    information,
    macros,
    parquet,
    pushdown,
    scan,
    statement,
    translation,
    views,
)
from assay.spec.fact import is_in_place

Name = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Plan:
    """A query whose names are all known.

    Attributes:
        query: Plain Athena SQL, parsed; macros and views are written out.
        resolved: The same, qualified and typed, with the columns that it needs.
        types: Athena's types of all columns of each (database, table).
        tables: The tables.
        virtual: The views of the catalog that it reads, filled.
        filters: What of WHERE Iceberg can apply to whole files.
    """

    query: exp.Query
    resolved: translation.Resolved
    types: Mapping[Name, Mapping[str, str]]
    tables: Mapping[Name, scan.Source]
    virtual: Mapping[Name, pa.Table]
    filters: Mapping[Name, pushdown.Filter]

    def bounded(self, most: int) -> Plan:
        """The plan itself, if what it reads is within a limit.

        Args:
            most: Bytes.

        Raises:
            InputError: It would read more; the message names the table that counts most.
            TransientError: The catalog or the object store does not answer.
        """
        with catalog.answering():
            scan.check(
                {name: (table, self.resolved.columns[name]) for name, table in self.tables.items()},
                self.filters,
                most=most,
            )
        return self


def parsed(sql: str) -> exp.Query:
    """The one query in a text, its macros and views written out.

    Raises:
        InputError: It is not one query that only reads.
    """
    with _not_too_deep():
        return views.inline(statement.parse(macros.expand(sql)))


def plain(sql: str) -> str:
    """The text with its macros and views written out, for an engine that knows neither.

    Raises:
        InputError: It is not one query that only reads.
    """
    written = macros.expand(sql)
    with _not_too_deep():
        query = statement.parse(written)
        inlined = views.inline(query)
        return written if inlined is query else inlined.sql(statement.DIALECT, pretty=True)


def plan(sql: str, source: Catalog | None = None) -> Plan:
    """Find out what a query reads.

    Args:
        sql: Athena (Trino) SQL.
        source: The catalog; Glue's, as the environment names it, if not given.

    Raises:
        InputError: It is not one query that only reads, or it names what does not exist.
        TransientError: The catalog does not answer.
    """
    query = parsed(sql)
    with _not_too_deep():
        wanted = translation.tables(query)
        place = source if source is not None or not wanted else catalog.glue()
        loaded = {n: _load(place, n) for n in wanted if place and n[0] != information.DATABASE}
        virtual = {n: information.table(place, n[1]) for n in wanted if place and n not in loaded}
        types = {
            **{name: _types(table) for name, table in loaded.items()},
            **{name: information.types(table) for name, table in virtual.items()},
        }
        resolved = translation.resolve(query, types)
        return Plan(query, resolved, types, loaded, virtual, pushdown.filters(resolved.query))


@contextmanager
def _not_too_deep() -> Iterator[None]:
    try:
        yield
    except RecursionError:  # what can be parsed may still be too deep to be understood
        raise InputError(statement.TOO_DEEP) from None


def _load(place: Catalog, name: Name) -> scan.Source:
    """A table of ours, or one that is somebody else's, Iceberg or Parquet."""
    mine = not isinstance(place, GlueCatalog) or not is_in_place(".".join(name))
    return (None if mine else parquet.load(*name)) or catalog.load(place, *name)


def _types(table: scan.Source) -> Mapping[str, str]:
    return table.types if isinstance(table, parquet.ParquetTable) else columns.of(table.schema())
