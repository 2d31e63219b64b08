"""A unit (a customer) that is to be forgotten, and how each way of holding it is recognised.

The contracts say which columns can hold a unit, and how (`UnitMark`). From that follow the conditions on rows
here, for Spark SQL, and the same patterns for what stands outside of the lake. A unit never shows itself: it
has no `repr`, and no message quotes it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from assay.errors import InputError
from assay.lake.contracts import Contract, names
from assay.lake.terms import UnitMark

REMOVED = "(removed: it named a customer who was forgotten)"
"""Stands in the place of a text that named a unit."""
_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")
_LARGEST = 2**63 - 1
_WHOLE_TYPES = frozenset({"int", "bigint"})


@dataclass(frozen=True, slots=True, repr=False)
class Unit:
    """A customer's id.

    Attributes:
        digits: The id as it is written, without leading zeros.
    """

    digits: str

    @staticmethod
    def parse(text: str) -> Unit:
        """The unit that a text names.

        Raises:
            InputError: The text is no id; the message does not quote it, it may be a person's name.
        """
        if not _NUMBER.fullmatch(text) or int(text) > _LARGEST:
            raise InputError(
                f"the unit is no id of a customer; give its digits alone, a whole number from 0 to {_LARGEST}"
            )
        return Unit(text)

    @property
    def number(self) -> int:
        """The id as a number."""
        return int(self.digits)

    @property
    def alone(self) -> str:
        """A regular expression for a value, as text, that is the id: of any type that can hold it."""
        return rf"^\s*\+?0*{self.digits}(\.0*)?\s*$"

    @property
    def inside(self) -> str:
        r"""A regular expression for JSON in which a column of ids holds it.

        A JSON text within JSON has `\"` for `"`.
        """
        columns = "|".join(sorted(id_columns()))
        quote = r'\\*"'
        value = rf"({quote})?\s*\+?0*{self.digits}(\.0*)?(?![0-9.])"
        return rf"(?i){quote}({columns}){quote}\s*:\s*{value}"

    @property
    def mentioned(self) -> str:
        """A regular expression for a text in which the id stands as a number by itself.

        A small id is also found where the text means something else. That costs a sentence in the journal.
        """
        return rf"(?<![0-9]){self.digits}(?![0-9])"

    def is_mentioned(self, text: str) -> bool:
        """Whether a text mentions it."""
        return re.search(self.mentioned, text) is not None


@dataclass(frozen=True, slots=True, repr=False)
class Held:
    """Which rows of a table hold a unit.

    Attributes:
        rows: The condition on rows that are about the unit and go; None where there can be none.
        texts: Column → the condition on its texts that mention the unit and are blanked.
    """

    rows: str | None
    texts: dict[str, str]


def id_columns() -> frozenset[str]:
    """The names of the columns that identify a unit, of all tables."""
    return _id_columns(names())


def tables() -> tuple[str, ...]:
    """The names of the tables that can hold a unit, sorted."""
    return tuple(name for name in names() if any(field.unit for field in Contract.load(name).fields))


def held(contract: Contract, unit: Unit) -> Held:
    """How a table can hold a unit.

    Args:
        contract: Of the table.
        unit: The unit.
    """
    ids = [_is(contract, column, unit) for column in marked(contract, "id")]
    inside = [f"`{column}` RLIKE {quoted(unit.inside)}" for column in marked(contract, "inside")]
    texts = {column: f"`{column}` RLIKE {quoted(unit.mentioned)}" for column in marked(contract, "mentioned")}
    return Held(" OR ".join([*ids, *inside]) or None, texts)


def marked(contract: Contract, mark: UnitMark) -> list[str]:
    """The columns of a table that hold units in a certain way."""
    return [field.name for field in contract.fields if field.unit == mark]


@lru_cache(maxsize=4)
def _id_columns(tables: tuple[str, ...]) -> frozenset[str]:
    return frozenset(column for name in tables for column in marked(Contract.load(name), "id"))


def _is(contract: Contract, column: str, unit: Unit) -> str:
    """Compared in the column's own type, so that files whose statistics exclude it are not read."""
    field = contract.field(column)
    whole = field is not None and field.type in _WHOLE_TYPES
    return f"`{column}` = {unit.digits}L" if whole else f"`{column}` = '{unit.digits}'"


def quoted(text: str) -> str:
    """A Spark SQL string literal."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
