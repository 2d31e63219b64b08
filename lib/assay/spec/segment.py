"""Segments: attributes of units, for each of whose values results are shown beside those of everyone."""

from __future__ import annotations

from pydantic import Field, model_validator

from assay.spec.model import Model, Name, problem

ALL = "all"
"""What tables call everyone; a segment is called `<name>=<value>`, for example `country=DE`."""
NONE, OTHER = "(none)", "other"
"""The value of units that have none, and of those whose value `values` does not name."""
MOST = 50
"""Values that one segment may have: more are a list that nobody reads, and a share of chance findings."""


class Segment(Model):
    """An attribute of units.

    A unit's value is what the table says now, for its earlier looks too: it must be something that no arm can
    change. Of several rows of a unit the smallest value counts (as text), NULL only where there is no other.

    Attributes:
        table: For example `silver.customers`.
        unit: Column that names the unit.
        column: Column with the value: text, a whole number, a truth or a day.
        values: Those that are told apart, as texts; all others are `other`. None for all that the table has,
            at most 50.
    """

    table: str = Field(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")
    unit: Name
    column: Name
    values: list[str] | None = Field(default=None, min_length=1, max_length=MOST)

    @model_validator(mode="after")
    def _check(self) -> Segment:
        values = self.values or []
        if len(set(values)) < len(values):
            raise problem("values", "a value is named twice; every value must be unique")
        for value in (NONE, OTHER):
            if value in values:
                raise problem("values", f"names {value!r}, which is what the rest is called; leave it out")
        return self


def label(name: str, value: str) -> str:
    """How tables call the units that have a value.

    Example:
        >>> label("country", "DE")
        'country=DE'
    """
    return f"{name}={value}"


def parsed(text: str) -> tuple[str, str]:
    """Name and value of a segment as tables call it.

    Example:
        >>> parsed("band=a=b")
        ('band', 'a=b')
    """
    name, _, value = text.partition("=")
    return name, value
