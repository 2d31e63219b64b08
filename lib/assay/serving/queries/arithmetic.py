"""Where DuckDB would silently give another number than Athena, say what Athena means.

Each rule here was found by comparing results; Athena's semantics are those of Trino's documentation.

* Integers divide to integers; sqlglot's way by a double loses digits beyond 2^53.
* An exact number divided by zero is an error in Athena (NULL inside `try`); DuckDB gives NULL or infinity.
* A decimal divided or averaged is a decimal, rounded half up; in DuckDB it becomes a double.
* The sum of integers is a bigint; in DuckDB it has 128 bits and leaves as a decimal.
* A double cast to an integer is rounded half away from zero; DuckDB rounds half to even.
"""

from __future__ import annotations

from sqlglot import exp

from assay.errors import InputError
from assay.serving.queries import scales

_ARITHMETIC = (
    exp.Paren, exp.Neg, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.Case, exp.If, exp.Coalesce,
)  # fmt: skip
_AROUND = (exp.Window, exp.Filter, exp.IgnoreNulls, exp.RespectNulls)
_MOST_DIGITS = 38
# A tie such as 0.29 / 2 is 0.14499... as a double: cut there first, so that it rounds as the exact 0.145.
_GUARD_DIGITS = 6
ZERO = "Division by zero"


def exact_literals(query: exp.Expr) -> None:
    """Make the `3.0` of a division the decimal that Athena reads; sqlglot's types would call it a double."""
    for node in list(query.find_all(exp.Div, exp.Avg)):
        for literal in _literals(node):
            whole, _, fraction = literal.name.partition(".")
            digits = max(len(whole.lstrip("0")) + len(fraction), 1)
            literal.replace(exp.cast(literal.copy(), f"DECIMAL({digits}, {len(fraction)})"))


def translate(query: exp.Expr) -> None:
    """Rewrite a qualified and typed query in place, so that DuckDB's numbers are Athena's.

    Raises:
        InputError: The type or the scale of a division cannot be told; the message names the remedy.
    """
    known = scales.of(query)  # read from the untouched query; the rewriting then goes from leaf to root
    for node in reversed(list(query.walk(bfs=False))):
        if isinstance(node, exp.Div | exp.Mod):
            _divide(node, known.get(id(node)))
        elif isinstance(node, exp.Sum) and scales.whole(node.this):
            outer = _outermost(node)
            _replace(outer, exp.cast(outer.copy(), "BIGINT"))
        elif isinstance(node, exp.Avg) and scales.decimal(node.this):
            outer = _outermost(node)
            _replace(outer, _rounded(outer.copy(), known.get(id(node)), node))
        elif isinstance(node, exp.Cast) and scales.whole(node) and scales.floating(node.this):
            node.set("this", exp.func("ROUND", node.this.copy()))


def _literals(node: exp.Expr) -> list[exp.Literal]:
    """The plain decimal literals that take part in the arithmetic below a node."""
    found = []
    for child in node.iter_expressions():
        if isinstance(child, exp.Literal) and not child.is_string and _is_decimal(child.name):
            found.append(child)
        elif isinstance(child, _ARITHMETIC):
            found.extend(_literals(child))
    return found


def _is_decimal(digits: str) -> bool:
    return "." in digits and "e" not in digits.lower()


def _divide(node: exp.Div | exp.Mod, scale: int | None) -> None:
    if scales.floating(node.left) or scales.floating(node.right):
        return
    for side in (node.left, node.right):
        if not (scales.whole(side) or scales.decimal(side) or side.is_type(exp.DataType.Type.NULL)):
            raise InputError(
                f"the type of {side.sql('athena')} in a division cannot be told, so its result could be "
                f"wrong; write CAST({side.sql('athena')} AS DOUBLE) or AS BIGINT"
            )
    left, right = _closed(node.left.copy()), _not_zero(node.right)
    if isinstance(node, exp.Mod):
        node.set("expression", right)
    elif scales.decimal(node.left) or scales.decimal(node.right):
        _replace(node, _rounded(exp.Div(this=left, expression=right), scale, node))
    else:
        _replace(node, exp.Paren(this=exp.IntDiv(this=left, expression=right)))


def _not_zero(divisor: exp.Expr) -> exp.Expr:
    """The divisor, such that zero fails when it is met: a failing cast, because `error()` cannot be tried."""
    if isinstance(divisor, exp.Literal) and divisor.name.strip("0."):
        return divisor.copy()
    fails = exp.cast(exp.Literal.string(ZERO), "BIGINT")
    is_zero = exp.EQ(this=_closed(divisor.copy()), expression=exp.Literal.number(0))
    return exp.Paren(this=exp.Case().when(is_zero, fails).else_(divisor.copy()))


def _rounded(value: exp.Expr, scale: int | None, asked: exp.Expr) -> exp.Expr:
    if scale is None:
        raise InputError(
            f"the number of decimals of {asked.sql('athena')} cannot be told, so its result could be wrong; "
            f"cast an operand, for example AS DOUBLE"
        )
    cut = exp.cast(value, f"DECIMAL({_MOST_DIGITS}, {min(scale + _GUARD_DIGITS, _MOST_DIGITS)})")
    return exp.cast(exp.func("ROUND", cut, exp.Literal.number(scale)), f"DECIMAL({_MOST_DIGITS}, {scale})")


def _outermost(aggregate: exp.Expr) -> exp.Expr:
    """The aggregate with its FILTER and OVER."""
    node = aggregate
    while isinstance(node.parent, _AROUND) and node.arg_key == "this":
        node = node.parent
    return node


def _replace(node: exp.Expr, new: exp.Expr) -> None:
    new.type = node.type
    node.replace(new)


def _closed(node: exp.Expr) -> exp.Expr:
    if not isinstance(node, exp.Binary | exp.Neg):
        return node
    closed = exp.Paren(this=node)
    closed.type = node.type
    return closed
