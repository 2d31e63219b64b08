"""The registry of export formats: adding one is a function from a table to bytes, and an entry here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import pyarrow as pa

from assay.errors import InputError, did_you_mean
from assay.serving.export import columnar, flat, growthbook, latex, markdown, tea_tasting


@dataclass(frozen=True, slots=True)
class Format:
    """One way to write comparisons.

    Attributes:
        name: What `--format` calls it.
        summary: What it is, for people.
        text: Whether it can be printed on a terminal.
        content: The bytes of a table of comparisons.
    """

    name: str
    summary: str
    text: bool
    content: Callable[[pa.Table], bytes]


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        each.name: each
        for each in (
            Format("csv", "a row per comparison, full precision", True, flat.csv_content),
            Format("json", "a list of objects; NaN and infinity are null", True, flat.json_content),
            Format("parquet", "Apache Parquet", False, columnar.parquet_content),
            Format("arrow", "an Arrow IPC file (Feather version 2)", False, columnar.arrow_content),
            Format("markdown", "a table as GitHub shows it", True, markdown.content),
            Format("latex", "a tabular for the package booktabs", True, latex.content),
            Format("growthbook", "JSON as GrowthBook's gbstats answers", True, growthbook.content),
            Format("tea-tasting", "JSON as tea-tasting's to_dicts()", True, tea_tasting.content),
        )
    }
)


def named(name: str) -> Format:
    """The format of that name.

    Raises:
        InputError: There is none; the message hints at the nearest.
    """
    if name not in FORMATS:
        raise InputError(f"there is no format {name!r}; {did_you_mean(name, FORMATS)}")
    return FORMATS[name]
