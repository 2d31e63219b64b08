"""What a contract is made of: columns, rules of rows, and checks of whole tables, each with its severity."""

from __future__ import annotations

import typing
from dataclasses import dataclass

SchemaMode = typing.Literal["evolve", "freeze", "discard_row", "discard_value"]
"""What becomes of a column that the contract does not know, or of a value whose type has changed:

- `evolve`: it is kept beside the row until the contract names it;
- `freeze`: the run stops;
- `discard_row`: the row is set aside with a reason;
- `discard_value`: the value is left out and counted, the row goes on.
"""
Severity = typing.Literal["warn", "quarantine", "halt"]
"""What a broken rule means for the row that breaks it: `warn` counts it and lets it through, `quarantine`
sets it aside, `halt` stops the run before anything of the table is published.
"""
TableSeverity = typing.Literal["warn", "halt"]
"""What a broken check of a whole table means: a sentence in the journal, or a failed job."""
Kind = typing.Literal[
    "required", "minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "pattern", "enum", "expression"
]
"""Where in its contract a rule stands; `expression` is one written in SQL."""


UnitMark = typing.Literal["id", "inside", "mentioned"]
"""How a column can hold a unit (a customer), for the right to erasure:

- `id`: the value identifies the unit that the row is about;
- `inside`: the value is a row of another table as JSON, and with it a unit;
- `mentioned`: the value is a text for people that may name a unit; the row is about something else.
"""


@dataclass(frozen=True, slots=True)
class Field:
    """One column.

    Attributes:
        name: The column's name.
        type: Its Spark SQL type, for example `"decimal(18,2)"`.
        required: Whether null breaks the contract.
        description: One line of meaning, with the unit.
        unit: How it can hold a unit, None if it cannot.
    """

    name: str
    type: str
    required: bool
    description: str
    unit: UnitMark | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition that every row keeps.

    Attributes:
        text: How the rule reads in a reason, for example `"notional >= 0"`.
        expression: A boolean Spark SQL expression; a row breaks the rule when it is false. Null keeps it:
            absence is the business of `required`.
        severity: What a broken rule means.
        column: The column that states it; None for a rule of the whole row.
        kind: Where in the contract it stands.
        value: What the contract gives for it: a bound, a pattern, the values of an enumeration.
    """

    text: str
    expression: str
    severity: Severity = "quarantine"
    column: str | None = None
    kind: Kind = "expression"
    value: object = None


@dataclass(frozen=True, slots=True)
class Reference:
    """A column whose values must exist in another table.

    Attributes:
        column: The column; null refers to nothing.
        table: The other table, `<layer>.<table>`.
        target: Its column.
        severity: What values that are missing there mean.
    """

    column: str
    table: str
    target: str
    severity: TableSeverity = "warn"

    @property
    def text(self) -> str:
        """How it reads in a report."""
        return f"{self.column} in {self.table}.{self.target}"


@dataclass(frozen=True, slots=True)
class RowCountDrift:
    """How many rows a commit adds, against the commits before it.

    Attributes:
        commits: How many earlier commits to compare with.
        factor: The growth must lie within median / factor and median × factor; above 1.
        severity: What a growth outside means.
    """

    commits: int
    factor: float
    severity: TableSeverity = "warn"


@dataclass(frozen=True, slots=True)
class DistributionDrift:
    """How the values of a column lie in the newest week, against the weeks before it.

    Attributes:
        column: The column.
        over: The date or timestamp that puts a row into a week.
        weeks: How many earlier weeks to compare with.
        limit: The largest population stability index (0.1 is a small shift, 0.25 a large one).
        severity: What a larger index means.
    """

    column: str
    over: str
    weeks: int
    limit: float
    severity: TableSeverity = "warn"
