"""Which rows need not be read at all? Plain conditions of WHERE, handed to Iceberg so that it skips files.

Only a shortcut: DuckDB applies every condition again. A condition is handed down if its table is read in one
place only, and if it is one of the conjuncts of that place's WHERE: a comparison of a column with a constant,
which no NULL passes, so that outer joins lose nothing by it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

from pyiceberg import expressions as iceberg
from sqlglot import exp
from sqlglot.optimizer.scope import Scope, traverse_scope

Filter = iceberg.BooleanExpression
Name = tuple[str, str]
_Constant = str | int

_COMPARISONS: Mapping[type[exp.Expr], Callable[..., Filter]] = {
    exp.EQ: iceberg.EqualTo,
    exp.GT: iceberg.GreaterThan,
    exp.GTE: iceberg.GreaterThanOrEqual,
    exp.LT: iceberg.LessThan,
    exp.LTE: iceberg.LessThanOrEqual,
}
_TEXT = (exp.DataType.Type.VARCHAR, exp.DataType.Type.TEXT)


def filters(query: exp.Query) -> dict[Name, Filter]:
    """The condition that can be handed down for each (database, table), if there is one.

    Args:
        query: Qualified and typed.
    """
    scopes = traverse_scope(query)
    uses = Counter(
        (source.db, source.name)
        for scope in scopes
        for source in scope.sources.values()
        if isinstance(source, exp.Table)
    )
    found: dict[Name, Filter] = {}
    for scope in scopes:
        where = scope.expression.args.get("where")
        for condition in (
            where.this.flatten() if where and isinstance(where.this, exp.And) else [where and where.this]
        ):
            name, handed = _handed(condition, scope)
            if handed is not None and uses[name] == 1:
                found[name] = iceberg.And(found[name], handed) if name in found else handed
    return found


def _handed(condition: exp.Expr | None, scope: Scope) -> tuple[Name, Filter | None]:
    """The table that a condition is about, and the condition in Iceberg's words."""
    nothing: tuple[Name, Filter | None] = (("", ""), None)
    make = _COMPARISONS.get(type(condition)) if condition is not None else None
    if make is None or condition is None:
        return nothing
    column, constant = condition.this, _constant(condition.expression)
    source = scope.sources.get(column.table) if isinstance(column, exp.Column) else None
    if not isinstance(source, exp.Table) or constant is None or not _fits(column, condition.expression):
        return nothing
    return (source.db, source.name), make(column.name, constant)


def _constant(node: exp.Expr) -> _Constant | None:
    """A text, a whole number, or the text of a date."""
    if isinstance(node, exp.Cast) and node.is_type(exp.DataType.Type.DATE):
        node = node.this
        return str(node.name) if isinstance(node, exp.Literal) and node.is_string else None
    if not isinstance(node, exp.Literal):
        return None
    if node.is_string:
        return str(node.name)
    return int(node.name) if node.name.isdigit() else None


def _fits(column: exp.Expr, constant: exp.Expr) -> bool:
    """Both sides have one type, so that Iceberg compares as the query does."""
    if constant.is_type(exp.DataType.Type.DATE):
        return bool(column.is_type(exp.DataType.Type.DATE))
    if isinstance(constant, exp.Literal) and constant.is_string:
        return bool(column.is_type(*_TEXT))
    return bool(column.is_type(*exp.DataType.INTEGER_TYPES))
