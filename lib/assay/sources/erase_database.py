"""Forgetting a unit in the source database: its rows in every table that names it, in one transaction.

Change capture carries each of these deletes as a row of the unit, to landing and from there to bronze.
"""

from __future__ import annotations

import psycopg
from psycopg import sql

from assay.lake.units import Unit, id_columns
from assay.sources import forgotten, tables
from assay.sources.database import LOCK
from assay.sources.tables import Table


def count(connection: psycopg.Connection, unit: Unit) -> dict[str, int]:
    """Table → rows of a unit; a table that is not there has none.

    Args:
        connection: To the source database.
        unit: The unit.
    """
    query = sql.SQL("SELECT count(*) FROM {} WHERE {} = %s")
    found = {}
    for table, column in _holding(connection):
        statement = query.format(sql.Identifier(tables.SCHEMA, table.name), sql.Identifier(column))
        row = connection.execute(statement, [unit.number]).fetchone()
        found[table.name] = row[0] if row else 0
    return found


def erase(connection: psycopg.Connection, unit: Unit) -> dict[str, int]:
    """Delete a unit's rows, all or none; table → how many went.

    Args:
        connection: In autocommit mode, to the source database.
        unit: The unit.
    """
    query = sql.SQL("DELETE FROM {} WHERE {} = %s")
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])  # no load brings rows meanwhile
        gone = {}
        for table, column in _holding(connection):
            statement = query.format(sql.Identifier(tables.SCHEMA, table.name), sql.Identifier(column))
            gone[table.name] = connection.execute(statement, [unit.number]).rowcount
        if any(gone.values()):
            forgotten.note(connection)
    return gone


def _holding(connection: psycopg.Connection) -> list[tuple[Table, str]]:
    """The tables that are there and identify a unit, each with the column that does."""
    there = "SELECT table_name FROM information_schema.tables WHERE table_schema = %s"
    existing = {row[0] for row in connection.execute(there, [tables.SCHEMA]).fetchall()}
    return [
        (table, column)
        for table in tables.ALL
        if table.name in existing
        for column in sorted(id_columns() & table.columns.keys())
    ]
