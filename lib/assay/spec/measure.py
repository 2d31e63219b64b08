"""Measures: how the events of a fact become a number per unit, before anything is compared.

A blueprint writes them as short formulas:

    trades.count             how many events
    trades.notional          the sum of a value
    max(trades.notional)     the largest value; 0 without an event
    distinct(trades.asset)   how many different values
    first(trades)            days from the exposure to the first event

A metric may keep some of the events only (`where`) and some of the days after the exposure only (`window`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Literal, get_args

from pydantic import Discriminator, Field, Tag, model_validator

from assay.spec.model import Model, problem

COUNT = "count"
Aggregate = Literal["sum", "max", "distinct", "first"]
Value = str | bool | int | float
_NAME = r"[a-z][a-z0-9_]*"
_SUM = re.compile(rf"(?P<fact>{_NAME})\.(?P<column>{_NAME})")
_OF_COLUMN = re.compile(rf"(?P<aggregate>max|distinct)\((?P<fact>{_NAME})\.(?!count\))(?P<column>{_NAME})\)")
_OF_EVENTS = re.compile(rf"(?P<aggregate>first)\((?P<fact>{_NAME})\)")
_AGGREGATES: dict[str, Aggregate] = {name: name for name in get_args(Aggregate)}
_FORMS = "<fact>.count, <fact>.<value>, max(<fact>.<value>), distinct(<fact>.<column>) or first(<fact>)"


class Bounds(Model):
    """A range that a column's value must lie in.

    Attributes:
        at_least: Smallest value.
        above: Value that it must exceed.
        at_most: Largest value.
        below: Value that it must not reach.
    """

    at_least: float | None = None
    above: float | None = None
    at_most: float | None = None
    below: float | None = None

    @model_validator(mode="after")
    def _check(self) -> Bounds:
        if not self.given:
            raise problem("", "is empty; name one of at_least, above, at_most and below")
        return self

    @property
    def given(self) -> dict[str, float]:
        """The bounds that are set, by name."""
        return {name: value for name in _SIGNS if (value := getattr(self, name)) is not None}


_SIGNS = {"at_least": ">=", "above": ">", "at_most": "<=", "below": "<"}


def _kind(condition: object) -> str:
    if isinstance(condition, dict | Bounds):
        return "bounds"
    return "list" if isinstance(condition, list) else "value"


Condition = Annotated[
    Annotated[Value, Tag("value")]
    | Annotated[list[Value], Field(min_length=1), Tag("list")]
    | Annotated[Bounds, Tag("bounds")],
    Discriminator(_kind),
]
"""What a column must be: a value, one of several, or within bounds."""
Kept = Value | tuple[Value, ...] | Bounds
"""A condition, as a measure keeps it."""


class Window(Model):
    """Days after a unit's exposure whose events count.

    A unit is analysed from the look on at which its last day is over, so that every unit has had the same
    time: what it does afterwards changes nothing.

    Attributes:
        from_day: First day, 0 for the day (24 hours) that begins with the exposure.
        to_day: Day before which the window ends; greater than `from_day`.
    """

    from_day: int = Field(default=0, ge=0, le=3650)
    to_day: int = Field(ge=1, le=3650)

    @model_validator(mode="after")
    def _check(self) -> Window:
        if not self.from_day < self.to_day:
            raise problem("to_day", f"is {self.to_day}; it must exceed from_day, {self.from_day}")
        return self


@dataclass(frozen=True, slots=True, order=True)
class Measure:
    """A formula with what a metric restricts it to.

    Attributes:
        key: What tables call it; equal for equal measures.
        fact: The fact.
        column: The column; `count` for the events themselves.
        aggregate: How values become one.
        where: Column and what it must be, in order of the columns' names.
        window: Days after the exposure; None for all.
    """

    key: str
    fact: str
    column: str
    aggregate: Aggregate
    where: tuple[tuple[str, Kept], ...] = ()
    window: Window | None = None

    @classmethod
    def parse(cls, formula: str) -> Measure:
        """Read a formula.

        Raises:
            ValueError: It is none; the message says which there are.

        Example:
            >>> Measure.parse("distinct(trades.asset)").aggregate
            'distinct'
        """
        for pattern in (_SUM, _OF_COLUMN, _OF_EVENTS):
            if found := pattern.fullmatch(formula):
                named = {"aggregate": "sum", "column": COUNT} | found.groupdict()
                return cls(formula, named["fact"], named["column"], _AGGREGATES[named["aggregate"]])
        raise ValueError(f"is {formula!r}, which is no measure; write {_FORMS}")

    def restricted(self, where: dict[str, Condition], window: Window | None) -> Measure:
        """The same of some events only, with a key that says of which."""
        kept = tuple((column, _kept(condition)) for column, condition in sorted(where.items()))
        parts = [f"{column}{_text(condition)}" for column, condition in kept]
        if window is not None:
            parts.append(f"day {window.from_day}-{window.to_day}")
        key = f"{self.key}[{'; '.join(parts)}]" if parts else self.key
        return Measure(key, self.fact, self.column, self.aggregate, kept, window)

    @property
    def columns(self) -> frozenset[str]:
        """Columns of the fact's table that it reads, beside unit and time."""
        return frozenset({self.column, *(column for column, _ in self.where)} - {COUNT})

    @property
    def texts(self) -> frozenset[str]:
        """Those that it compares, not sums: of conditions, and of different values."""
        counted = {self.column} if self.aggregate == "distinct" else set()
        return frozenset({*counted, *(column for column, _ in self.where)})

    @property
    def is_plain(self) -> bool:
        """Whether it sums or counts all events from the exposure on."""
        return self.aggregate == "sum" and not self.where and self.window is None


def _kept(condition: Condition) -> Kept:
    return tuple(condition) if isinstance(condition, list) else condition


def _text(condition: Kept) -> str:
    if isinstance(condition, Bounds):
        return "".join(f"{_SIGNS[name]}{value:g}" for name, value in condition.given.items())
    values = condition if isinstance(condition, tuple) else (condition,)
    return "=" + "|".join(str(value) for value in values)
