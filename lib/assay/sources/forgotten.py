"""That customers of the source database were forgotten, without saying who: a comment on their table.

The generator draws every week for all customers whom it ever drew. Once somebody was forgotten, what a week
brings of customers who are not in the database is left out; before, it is an error.
"""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pyarrow as pa
import pyarrow.compute as pc
from psycopg import sql

from assay.generators.weeks import Week
from assay.sources import tables

_NOTE = "customers were removed on request"
_CUSTOMERS = sql.Identifier(tables.SCHEMA, tables.CUSTOMERS.name)
_NOTED = "SELECT obj_description(to_regclass(%s), 'pg_class')"
_OF_CUSTOMERS = ("customer_updates", "exposures", "trades", "trade_corrections")


def note(connection: psycopg.Connection) -> None:
    """Note that somebody was forgotten; within the transaction that does it."""
    connection.execute(sql.SQL("COMMENT ON TABLE {} IS {}").format(_CUSTOMERS, sql.Literal(_NOTE)))


def is_noted(connection: psycopg.Connection) -> bool:
    """Whether somebody was forgotten."""
    row = connection.execute(_NOTED, [f"{tables.SCHEMA}.{tables.CUSTOMERS.name}"]).fetchone()
    return row is not None and row[0] == _NOTE


def without(connection: psycopg.Connection, week: Week) -> Week:
    """What a week brings, without the rows of customers who were forgotten.

    Args:
        connection: Within the transaction that loads the week.
        week: As it was drawn.
    """
    if not is_noted(connection):
        return week
    there = connection.execute(sql.SQL("SELECT customer_id FROM {}").format(_CUSTOMERS)).fetchall()
    known = pa.concat_arrays([_ids(there), week.customers["customer_id"].combine_chunks()])
    rows = {name: getattr(week, name) for name in _OF_CUSTOMERS}
    kept = {name: each.filter(pc.is_in(each["customer_id"], known)) for name, each in rows.items()}
    gone = _trades(connection, week, kept["trades"])
    return replace(week, **kept, trade_deletes=week.trade_deletes.filter(gone))


def _trades(connection: psycopg.Connection, week: Week, kept: pa.Table) -> pa.ChunkedArray:
    """Which of the trades to delete are there, or come with the week."""
    asked = week.trade_deletes["trade_id"]
    query = sql.SQL("SELECT trade_id FROM {} WHERE trade_id = ANY(%s)")
    place = sql.Identifier(tables.SCHEMA, tables.TRADES.name)
    there = connection.execute(query.format(place), [asked.to_pylist()]).fetchall()
    return pc.is_in(asked, pa.concat_arrays([_ids(there), kept["trade_id"].combine_chunks()]))


def _ids(rows: list[tuple[int]]) -> pa.Int64Array:
    return pa.array([number for (number,) in rows], pa.int64())
