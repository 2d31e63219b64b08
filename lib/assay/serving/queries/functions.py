"""Functions that DuckDB lacks (the normal law), or has with another meaning (`max_by`, `min_by`).

sqlglot does not know the type of the former either, so that a division by one of them would be refused.

References:
    Trino documentation, "Mathematical functions": `normal_cdf`, `inverse_normal_cdf`.
"""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow as pa
from duckdb.func import PythonUDFType
from numpy.typing import NDArray
from scipy import special
from sqlglot import exp

_NORMAL = ("normal_cdf", "inverse_normal_cdf")
_DOUBLE = "DOUBLE"
_ROOT_OF_TWO = 2**0.5
Array = NDArray[np.float64]


def declare(query: exp.Expr) -> None:
    """Give the functions' results their type, in place."""
    for call in reversed(list(query.find_all(exp.Anonymous))):  # what is within another call comes first
        if call.name.lower() in _NORMAL:
            call.replace(exp.cast(call.copy(), _DOUBLE))


def translate(query: exp.Expr) -> None:
    """Rewrite a query in place: Athena's `max_by` gives the value of that row, also where it is NULL.

    DuckDB's functions `max_by` and `min_by` pass over NULL.
    """
    for node in list(query.find_all(exp.ArgMax, exp.ArgMin)):
        name = "ARG_MAX_NULL" if isinstance(node, exp.ArgMax) else "ARG_MIN_NULL"
        if node.args.get("count") is None:
            node.replace(exp.Anonymous(this=name, expressions=[node.this.copy(), node.expression.copy()]))


def register(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Make the functions that a query names known to DuckDB.

    Args:
        connection: Where the query will run.
        sql: The query in DuckDB's words.
    """
    named = sql.lower()
    for name, function in zip(_NORMAL, (_normal_cdf, _inverse_normal_cdf), strict=True):
        if name in named:
            connection.create_function(name, function, [_DOUBLE] * 3, _DOUBLE, type=PythonUDFType.ARROW)


def _normal_cdf(mean: pa.Array, deviation: pa.Array, value: pa.Array) -> pa.Array:
    """Trino's digits: by 1 + erf, which has few left of a far lower tail (the macro `normal` keeps them)."""
    centre, scale, x = _numbers(mean, deviation, value)
    _refuse(~(scale > 0), "the standard deviation of normal_cdf must be above 0")
    return pa.array(0.5 * (1 + special.erf((x - centre) / (scale * _ROOT_OF_TWO))))


def _inverse_normal_cdf(mean: pa.Array, deviation: pa.Array, share: pa.Array) -> pa.Array:
    centre, scale, p = _numbers(mean, deviation, share)
    _refuse(~((p > 0) & (p < 1)), "p of inverse_normal_cdf must lie strictly between 0 and 1")
    _refuse(~(scale > 0), "the standard deviation of inverse_normal_cdf must be above 0")
    return pa.array(centre + scale * special.ndtri(p))


def _numbers(*columns: pa.Array) -> tuple[Array, ...]:
    return tuple(np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.float64) for column in columns)


def _refuse(bad: NDArray[np.bool_], sentence: str) -> None:
    if bad.any():
        raise ValueError(sentence)
