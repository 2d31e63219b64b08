"""How many decimals does an exact expression have? By Trino's rules, through subqueries.

sqlglot's types keep the scale of a column and lose it in arithmetic; without it a decimal division cannot be
rounded as Athena rounds.

References:
    Trino documentation, "Decimal functions and operators": the result types of the arithmetic operators.
"""

from __future__ import annotations

from sqlglot import exp
from sqlglot.optimizer.scope import Scope, traverse_scope

_SAME = (
    exp.Paren, exp.Neg, exp.Abs, exp.Sum, exp.Avg, exp.Min, exp.Max, exp.Window, exp.Filter, exp.Alias,
    exp.Nullif, exp.AnyValue, exp.FirstValue, exp.LastValue, exp.Lag, exp.Lead, exp.ArgMax, exp.ArgMin,
)  # fmt: skip
_FLOATS = (exp.DataType.Type.DOUBLE, exp.DataType.Type.FLOAT)
_LARGER = (exp.Add, exp.Sub, exp.Div, exp.Mod)


def of(query: exp.Expr) -> dict[int, int | None]:
    """The scale of every exact division and average by the node's `id`; None where it cannot be told.

    Those of doubles have none. They are passed over at once: long formulas of doubles would be walked through
    again for each of their parts.
    """
    return {
        id(node): scale(node, scope)
        for scope in traverse_scope(query)
        for node in scope.find_all(exp.Div, exp.Avg)
        if not any(floating(side) for side in node.iter_expressions())
    }


def floating(node: exp.Expr) -> bool:
    """The expression is a double or a real."""
    return bool(node.is_type(*_FLOATS))


def whole(node: exp.Expr) -> bool:
    """The expression is an integer."""
    return bool(node.is_type(*exp.DataType.INTEGER_TYPES))


def decimal(node: exp.Expr) -> bool:
    """The expression is a decimal, of whatever precision."""
    return node.type is not None and node.type.this == exp.DataType.Type.DECIMAL


def scale(node: exp.Expr, scope: Scope) -> int | None:
    """The decimals of an exact expression; 0 for an integer, None if they cannot be told."""
    if whole(node) or node.is_type(exp.DataType.Type.NULL):
        return 0
    if isinstance(node, exp.Column):
        return _of_column(node, scope)
    if isinstance(node, exp.Cast):
        return _of_type(node.to)
    if isinstance(node, exp.Mul):
        parts = [scale(side, scope) for side in (node.left, node.right)]
        return None if None in parts else sum(part for part in parts if part is not None)
    if isinstance(node, _SAME):
        return scale(node.this, scope)
    return _largest(_values(node), scope)


def _values(node: exp.Expr) -> list[exp.Expr]:
    """The expressions of which one is, or together make, the value."""
    if isinstance(node, _LARGER):
        return [node.left, node.right]
    if isinstance(node, exp.Coalesce | exp.Greatest | exp.Least):
        return [node.this, *node.expressions]
    if isinstance(node, exp.If):
        return [side for side in (node.args.get("true"), node.args.get("false")) if side is not None]
    if isinstance(node, exp.Case):
        return [
            *(branch.args["true"] for branch in node.args["ifs"]),
            *filter(None, [node.args.get("default")]),
        ]
    return []


def _largest(nodes: list[exp.Expr], scope: Scope) -> int | None:
    parts = [scale(node, scope) for node in nodes]
    known = [part for part in parts if part is not None]
    return max(known) if known and len(known) == len(parts) else None


def _of_column(column: exp.Column, scope: Scope) -> int | None:
    source = scope.sources.get(column.table)
    if not isinstance(source, Scope):
        return _of_type(column.type)
    inner = source
    while inner.set_operation_scopes:
        inner = inner.set_operation_scopes[0]
    for item in inner.expression.selects if isinstance(inner.expression, exp.Query) else []:
        if item.alias_or_name == column.name:
            return scale(item.unalias(), inner)
    return None


def _of_type(kind: exp.DataType | None) -> int | None:
    """The scale in `DECIMAL(18, 2)`; Trino's plain `DECIMAL` has none."""
    if kind is None or kind.this != exp.DataType.Type.DECIMAL:
        return None
    sizes = [int(size.name) for size in kind.expressions]
    return sizes[1] if len(sizes) > 1 else 0
