"""Who answers a question about a state of a table: Athena where its workgroup is named, else DuckDB here.

The same SQL goes to both, with its values bound. DuckDB, Arrow and pyiceberg are imported when they are first
asked: the function on Lambda is packed without them, because they would not fit.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final

from assay.runtime import athena
from assay.serving.api.problems import behind
from assay.serving.api.resources import Statement
from assay.serving.api.tables import DATABASE

WORKGROUP_VARIABLE = "ASSAY_API_WORKGROUP"
MOST_BYTES: Final = 2**30
"""Bytes that DuckDB may read for one answer; Athena's limit is its workgroup's."""
_SECONDS = 12.0  # less than an answer may take (`limits.Limits.seconds`), so that Athena is told to stop
_ZONED = "timestamp with time zone"
Row = dict[str, object]
Engine = Callable[[Statement, int], list[Row]]
"""(question, snapshot of its table) → rows."""


def chosen() -> Engine:
    """The engine that the environment names."""
    workgroup = os.environ.get(WORKGROUP_VARIABLE)
    if workgroup is None:
        return duckdb
    return lambda statement, snapshot: on_athena(statement, snapshot, workgroup)


def duckdb(statement: Statement, snapshot: int) -> list[Row]:
    """The rows, by DuckDB over the table's files.

    Args:
        statement: The question.
        snapshot: Of its table.

    Raises:
        TransientError: The catalog or the object store does not answer.
        TerminalError: The question cannot be answered.
    """
    from assay.serving import queries

    name = (DATABASE, statement.table)
    with behind():
        found = queries.query(
            statement.of(".".join(name)), values=statement.values, at={name: snapshot}, most=MOST_BYTES
        )
    rows: list[Row] = found.to_pylist()
    return rows


def on_athena(statement: Statement, snapshot: int, workgroup: str) -> list[Row]:
    """The rows, by Athena; values are texts.

    Args:
        statement: The question.
        snapshot: Of its table.
        workgroup: Says where results go and how much a question may read.

    Raises:
        TransientError: Athena does not answer in time.
        TerminalError: It refuses.
    """
    sql = statement.of(f"{DATABASE}.{statement.table} FOR VERSION AS OF {snapshot:d}")
    with behind():
        found = athena.ask(
            sql, workgroup=workgroup, seconds=_SECONDS, values=[_literal(each) for each in statement.values]
        )
    names = [column.name for column in found.columns]
    kinds = [column.type for column in found.columns]
    return [dict(zip(names, map(_text, kinds, row), strict=True)) for row in found.rows]


def _literal(value: str) -> str:
    """A value as Athena takes it for a question mark: a literal of its SQL.

    References:
        Amazon Athena user guide, "Use parameterized queries"; the rule for quotation marks is SQL's.
    """
    return "'" + value.replace("'", "''") + "'"


def _text(kind: str, text: str | None) -> str | None:
    return text.replace(" UTC", "Z") if text is not None and kind == _ZONED else text
