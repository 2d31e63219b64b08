"""What a loading transaction says it changed: the text in `changes` of the source's `loads`.

A JSON object, table → number of changes; of a table with money, also what its changed rows are worth per
operation, so that what arrives can be compared to the cent:
`{"quotes": 2, "trades": {"changes": 3, "notional": {"I": "20.00", "U": "30.00", "D": "5.00"}}}`. Of an update
the new value counts, of a delete the last one: those are the values that change capture carries.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

INSERTED, UPDATED, DELETED = "I", "U", "D"
OPERATIONS = (INSERTED, UPDATED, DELETED)
_COUNT = "changes"


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to one table.

    Attributes:
        rows: Inserted, updated and deleted rows together.
        money: (column, operation) → sum of the column over the operation's rows, exact.
    """

    rows: int
    money: Mapping[tuple[str, str], Decimal] = field(default_factory=dict)

    def __add__(self, other: Change) -> Change:
        """Both together."""
        keys = self.money.keys() | other.money.keys()
        money = {key: self.money.get(key, Decimal(0)) + other.money.get(key, Decimal(0)) for key in keys}
        return Change(self.rows + other.rows, money)


def text(changes: Mapping[str, Change]) -> str:
    """The promise as it stands in `changes`.

    Example:
        >>> text({"quotes": Change(2), "trades": Change(1, {("notional", "I"): Decimal("20.00")})})
        '{"quotes": 2, "trades": {"changes": 1, "notional": {"I": "20.00"}}}'
    """
    return json.dumps({table: _plain(change) for table, change in changes.items()}, sort_keys=True)


def _plain(change: Change) -> object:
    if not change.money:
        return change.rows
    plain: dict[str, object] = {_COUNT: change.rows}
    columns = Counter(column for column, _ in change.money)
    for column in columns:
        plain[column] = {op: f"{total:f}" for (name, op), total in change.money.items() if name == column}
    return plain


def parse(promised: str | None) -> dict[str, Change]:
    """The promise in a text; a number alone is one of before money was promised.

    Raises:
        ValueError: The text is no promise.
    """
    tree = json.loads(promised or "")
    if not isinstance(tree, dict):
        raise ValueError("not an object")  # noqa: TRY004 what is wrong is a value of the text
    return {table: _change(value) for table, value in tree.items()}


def _change(value: object) -> Change:
    if not isinstance(value, dict):
        return Change(_count(value))
    money = {
        (column, op): _sum(total)
        for column, totals in value.items()
        if column != _COUNT
        for op, total in totals.items()
    }
    return Change(_count(value.get(_COUNT)), money)


def _count(value: object) -> int:
    if type(value) is not int:
        raise ValueError("a count is not a whole number")
    return value


def _sum(value: object) -> Decimal:
    try:
        return Decimal(str(value))
    except InvalidOperation as error:
        raise ValueError("a sum is not a number") from error
