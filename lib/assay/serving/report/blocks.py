"""What a report is made of, whatever it is written as."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Sentences.

    Attributes:
        text: As they are.
    """

    text: str


@dataclass(frozen=True, slots=True)
class Points:
    """A list.

    Attributes:
        items: A text per point.
    """

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """A table.

    Attributes:
        caption: What it shows.
        head: Titles of the columns.
        body: Rows of texts.
        numeric: Which columns are aligned to the right.
    """

    caption: str
    head: tuple[str, ...]
    body: tuple[tuple[str, ...], ...]
    numeric: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Figure:
    """A plot; every number of it stands in a table, too.

    Attributes:
        svg: One `<svg>` element in the classes of `assay.serving.analysis.elements`.
    """

    svg: str


Block: TypeAlias = Paragraph | Points | Grid | Figure


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a report.

    Attributes:
        title: Its heading.
        blocks: What it says, in order.
    """

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """A report.

    Attributes:
        title: Its heading.
        as_of: The look that it is about: the one date that a file of it bears.
        lead: What stands below the heading.
        sections: Its parts.
    """

    title: str
    as_of: date
    lead: str
    sections: tuple[Section, ...]
