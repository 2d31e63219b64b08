"""Which tool wrote the table? Each has columns that no other has."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from assay.errors import InputError, did_you_mean
from assay.serving.analysis.requests import TYPES, MetricRequest, parse
from assay.serving.summaries import growthbook, moments, tea_tasting
from assay.serving.summaries.given import Given, Sheet


@dataclass(frozen=True, slots=True)
class Layout:
    """A tool's table of summary statistics.

    Attributes:
        name: The tool.
        arm: Its column of the arm.
        needed: Columns by which the table is recognised.
        read: The metrics that are asked for, with the covariate: `(sheet, metrics, covariate)`.
    """

    name: str
    arm: str
    needed: tuple[str, ...]
    read: Callable[[Sheet, Sequence[str], str | None], list[Given]]


def recognise(names: Sequence[str]) -> Layout:
    """The layout of a table with these columns.

    Raises:
        InputError: They are of none.
    """
    for layout in LAYOUTS:
        if all(name in names for name in layout.needed):
            return layout
    wanted = "; ".join(f"{each.name}: {', '.join(each.needed)}" for each in LAYOUTS)
    raise InputError(
        f"the columns are {', '.join(names[:_SHOWN])}; summary statistics have those of one of {wanted}"
    )


def kinds(layout: Layout, names: Sequence[str], metrics: Sequence[str]) -> dict[str, str]:
    """The types that the user gives metrics: `revenue:mean` says mean of revenue.

    Args:
        layout: The table's.
        names: Its columns.
        metrics: As asked for.
    """
    if layout.name != _TEA_TASTING:
        return {name: kind for name, kind in map(_typed, metrics) if kind is not None}
    asked = [parse(text, tea_tasting.variables(names)) for text in metrics]
    return {each.name: each.type for each in asked if each.type is not None}


def _typed(text: str) -> tuple[str, str | None]:
    """`revenue:mean` in its parts; a colon before another word belongs to the name."""
    head, _, word = text.rpartition(":")
    return (head, TYPES[word]) if head and word in TYPES else (text, None)


def _growthbook(sheet: Sheet, metrics: Sequence[str], covariate: str | None) -> list[Given]:
    return _chosen(growthbook.read(sheet), metrics, covariate)


def _moments(sheet: Sheet, metrics: Sequence[str], covariate: str | None) -> list[Given]:
    return _chosen(moments.read(sheet), metrics, covariate)


def _tea_tasting(sheet: Sheet, metrics: Sequence[str], covariate: str | None) -> list[Given]:
    there = tea_tasting.variables(sheet.names)
    asked: list[MetricRequest] = [parse(text, there) for text in metrics or there if text != covariate]
    return list(tea_tasting.read(sheet, asked, covariate))


def _chosen(found: Iterable[Given], metrics: Sequence[str], covariate: str | None) -> list[Given]:
    """Of a table whose rows name the metric, those that are asked for."""
    if covariate is not None:
        raise InputError(
            f"the covariate is {covariate!r}, but this table has it in columns of its own; leave it out"
        )
    every = list(found)
    names = list(dict.fromkeys(each.metric for each in every))
    asked = [_typed(text)[0] for text in metrics] or names
    for name in asked:
        if name not in names:
            raise InputError(f"there is no metric {name!r}; {did_you_mean(name, names)}")
    return [each for name in asked for each in every if each.metric == name]


_TEA_TASTING = "tea-tasting"
_SHOWN = 12
LAYOUTS = (
    Layout("GrowthBook", growthbook.ARM, growthbook.NEEDED, _growthbook),
    Layout(_TEA_TASTING, tea_tasting.ARM, (tea_tasting.COUNT,), _tea_tasting),
    Layout("Assay (gold.metric_moments)", moments.ARM, moments.NEEDED, _moments),
)
