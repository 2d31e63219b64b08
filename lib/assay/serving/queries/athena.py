"""Asks Athena itself. Names are not looked up first: the catalog is Athena's, and so is the limit."""

from __future__ import annotations

import pyarrow as pa

from assay.runtime import athena
from assay.serving.queries import plan, wire

# What Athena writes as a text of its own, unlike Trino.
_TEXTS = frozenset({"array", "map", "row", "struct", "varbinary"})


def query(sql: str, *, workgroup: str = athena.WORKGROUP) -> pa.Table:
    """The answer of Athena to one query.

    Args:
        sql: Athena SQL that only reads; macros and views of Assay.
        workgroup: Says where results go and how much a query may read.

    Returns:
        The result as an Arrow table; arrays, maps and rows are texts.

    Raises:
        InputError: The query is not one, or fails by its own fault.
        TransientError: Athena does not answer.
        TerminalError: Athena fails.
    """
    found = athena.ask(plan.plain(sql), workgroup=workgroup)
    kinds = [_type(column) for column in found.columns]
    return wire.table([column.name for column in found.columns], kinds, found.rows)


def _type(column: athena.Column) -> pa.DataType:
    if column.type in _TEXTS:
        return pa.string()
    if column.type == "decimal":
        return pa.decimal128(column.precision, column.scale)
    return wire.arrow_type(column.type)
