"""Do a blueprint's exposures, facts, metrics and segments fit the contracts of their tables?

A misspelt column would be found by Spark as well, an hour later and in a page of Java.
"""

from __future__ import annotations

from collections.abc import Iterator

from assay.errors import InputError, did_you_mean
from assay.lake.contracts import Contract, names
from assay.lake.measures import is_number
from assay.spec import Blueprint, Metric, Segment
from assay.spec.measure import COUNT, Bounds, Kept, Measure

_TIMES = ("timestamp", "date")
_TOLD_APART = ("string", "boolean", "tinyint", "smallint", "int", "bigint", "date")


def problems(blueprint: Blueprint) -> list[str]:
    """What does not fit, one sentence each, with the path in the blueprint; empty if all does."""
    found = list(_exposures(blueprint))
    wrong = set()
    for name, fact in blueprint.facts.items():
        path = f"facts.{name}"
        mine = list(_columns(path, fact.table, {"unit": fact.unit, "time": fact.time}))
        mine += _numbers(path, fact.table, fact.values) if not mine else []
        found += mine
        wrong |= {name} if mine else set()
    for name, metric in blueprint.metrics.items():
        if not wrong & {measure.fact for measure in metric.measures}:
            found += _metric(f"metrics.{name}", metric, blueprint)
    for name, segment in blueprint.segments.items():
        found += _segment(f"segments.{name}", segment)
    return list(dict.fromkeys(found))


def refuse(blueprint: Blueprint, source: str) -> None:
    """Refuse a blueprint that does not fit.

    Args:
        blueprint: The blueprint.
        source: What to call it in the message, for example the file's path.

    Raises:
        InputError: The first of the `problems`.
    """
    for sentence in problems(blueprint):
        raise InputError(f"{source}, {sentence}")


def _exposures(blueprint: Blueprint) -> Iterator[str]:
    if (named := blueprint.exposures) is None:
        return
    columns = {field: getattr(named, field) for field in ("unit", "arm", "time", "experiment")}
    yield from _columns("exposures", named.table, {k: v for k, v in columns.items() if v is not None})


def _columns(path: str, table: str, columns: dict[str, str]) -> Iterator[str]:
    """The table is known, has the columns, and its time is one."""
    if table not in (known := names()):
        yield f"{path}.table: is {table!r}, and no contract is of that name; {did_you_mean(table, known)}"
        return
    types = _types(table)
    for field, column in columns.items():
        if column not in types:
            hint = did_you_mean(column, types)
            yield f"{path}.{field}: {table} has no column {column!r}; {hint}"
        elif field == "time" and types[column] not in _TIMES:
            yield f"{path}.time: {table}.{column} is a {types[column]}; a time must be a timestamp or a date"


def _numbers(path: str, table: str, columns: list[str]) -> Iterator[str]:
    types = _types(table)
    for column in columns:
        if column not in types:
            yield f"{path}.values: {table} has no column {column!r}; {did_you_mean(column, types)}"
        elif not is_number(types[column]) and types[column] != "boolean":
            yield f"{path}.values: {table}.{column} is a {types[column]}; only numbers and truths add up"


def _metric(path: str, metric: Metric, blueprint: Blueprint) -> Iterator[str]:
    for measure in metric.measures:
        table = blueprint.facts[measure.fact].table
        types = _types(table)
        if measure.aggregate == "distinct" and measure.column not in {COUNT, *types}:
            hint = did_you_mean(measure.column, types)
            yield f"{path}.numerator: {table} has no column {measure.column!r}; {hint}"
        yield from _conditions(f"{path}.where", table, measure)


def _conditions(path: str, table: str, measure: Measure) -> Iterator[str]:
    types = _types(table)
    for column, kept in measure.where:
        if column not in types:
            yield f"{path}: {table} has no column {column!r}; {did_you_mean(column, types)}"
        elif not _fits(types[column], kept):
            yield f"{path}.{column}: {table}.{column} is a {types[column]}, which {_shown(kept)} is not"


def _segment(path: str, segment: Segment) -> Iterator[str]:
    wrong = list(_columns(path, segment.table, {"unit": segment.unit, "column": segment.column}))
    yield from wrong
    if not wrong and (kind := _types(segment.table)[segment.column]) not in _TOLD_APART:
        yield (
            f"{path}.column: {segment.table}.{segment.column} is a {kind}; units are told apart by a text, a "
            "whole number, a truth or a day"
        )


def _fits(kind: str, kept: Kept) -> bool:
    """Whether values of a column can be compared with a condition's."""
    if isinstance(kept, Bounds):
        return is_number(kind)
    values = kept if isinstance(kept, tuple) else (kept,)
    if kind == "boolean":
        return all(isinstance(value, bool) for value in values)
    if is_number(kind):
        return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    return kind == "string" and all(isinstance(value, str) for value in values)


def _shown(kept: Kept) -> str:
    if isinstance(kept, Bounds):
        return "a range of numbers"
    return " or ".join(repr(value) for value in (kept if isinstance(kept, tuple) else (kept,)))


def _types(table: str) -> dict[str, str]:
    return {field.name: field.type for field in Contract.load(table).fields}
