"""Where DuckDB's dates differ silently from Athena's: differences in whole units, and dates that stay dates.

* `date_diff` counts whole units that have passed; DuckDB's function of that name counts boundaries crossed
  (23:00 to 01:00 is 0 days in Athena, 1 in DuckDB). DuckDB's `date_sub` is what Athena means.
* A date plus days, and a truncated date, are dates; DuckDB makes timestamps of them.
"""

from __future__ import annotations

from sqlglot import exp

_DATE = exp.DataType.Type.DATE
_SHIFTS = (exp.Add, exp.Sub, exp.DateAdd, exp.DateSub)
_TRUNCATIONS = (exp.DateTrunc, exp.TimestampTrunc)


def translate(query: exp.Expr) -> None:
    """Rewrite a qualified and typed query in place."""
    for node in reversed(list(query.walk(bfs=False))):
        if isinstance(node, exp.DateDiff):
            node.replace(_whole_units(node))
        elif (isinstance(node, _SHIFTS) and _shifts_date(node)) or (
            isinstance(node, _TRUNCATIONS) and node.this.is_type(_DATE)
        ):
            kept = exp.cast(node.copy(), "DATE")
            kept.type = exp.DataType.build("DATE")
            node.replace(kept)


def _shifts_date(node: exp.Expr) -> bool:
    interval = isinstance(node.expression, exp.Interval) or isinstance(node, exp.DateAdd | exp.DateSub)
    return interval and bool(node.this.is_type(_DATE))


def _whole_units(node: exp.DateDiff) -> exp.Expr:
    unit = node.args.get("unit") or exp.Var(this="day")
    ends = (exp.cast(side.copy(), "TIMESTAMP") for side in (node.expression, node.this))
    counted = exp.Anonymous(this="DATE_SUB", expressions=[exp.Literal.string(unit.name.lower()), *ends])
    counted.type = exp.DataType.build("BIGINT")
    return counted
