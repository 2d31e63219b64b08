"""Do a blueprint's exposures, facts, metrics and segments fit their tables?

What a table of ours has stands in its contract; what one that is read in place has, in the Data Catalog. A
misspelt column would be found by Spark as well, an hour later and in a page of Java.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from assay.errors import InputError, did_you_mean
from assay.lake.contracts import Contract, names
from assay.lake.measures import is_number, is_simple
from assay.spec import Blueprint, Fact, Metric, Segment
from assay.spec.data_catalog import Catalog, find
from assay.spec.fact import is_in_place
from assay.spec.measure import COUNT, Bounds, Kept, Measure

_TIMES = ("timestamp", "date")
_WHOLE = ("tinyint", "smallint", "int", "bigint")
_TOLD_APART = ("string", "boolean", "date", *_WHOLE)
Types = Mapping[str, str]
"""Column → Spark SQL type."""


def problems(blueprint: Blueprint, catalog: Catalog | None = None) -> list[str]:
    """What does not fit, one sentence each, with the path in the blueprint; empty if all does.

    Args:
        blueprint: The blueprint.
        catalog: Who knows the tables that are read in place; without it they are not looked at.

    Raises:
        TransientError: The catalog does not answer.
    """
    found = list(_exposures(blueprint))
    fitting: dict[str, Types] = {}
    for name, fact in blueprint.facts.items():
        if catalog is not None or not is_in_place(fact.table):
            try:
                types = _types(fact.table, catalog)
            except InputError as error:
                found.append(f"facts.{name}.table: {error.message}")
                continue
            mine = _fact(f"facts.{name}", fact, types)
            found += mine
            fitting |= {} if mine else {name: types}
    for name, metric in blueprint.metrics.items():
        if all(measure.fact in fitting for measure in metric.measures):
            found += _metric(f"metrics.{name}", metric, blueprint, fitting)
    for name, segment in blueprint.segments.items():
        if catalog is not None or not is_in_place(segment.table):
            found += _segment(f"segments.{name}", segment, catalog)
    return list(dict.fromkeys(found))


def refuse(blueprint: Blueprint, source: str, catalog: Catalog | None = None) -> None:
    """Refuse a blueprint that does not fit.

    Args:
        blueprint: The blueprint.
        source: What to call it in the message, for example the file's path.
        catalog: As for `problems`.

    Raises:
        InputError: The first of the `problems`.
        TransientError: The catalog does not answer.
    """
    for sentence in problems(blueprint, catalog):
        raise InputError(f"{source}, {sentence}")


def _types(table: str, catalog: Catalog | None) -> Types:
    """The columns of a table.

    Raises:
        InputError: There is none of that name, or it cannot be read; without the path.
    """
    if catalog is not None and is_in_place(table):
        return find(catalog, table).columns
    if table not in (known := names()):
        raise InputError(f"is {table!r}, and no contract is of that name; {did_you_mean(table, known)}")
    return {field.name: field.type for field in Contract.load(table).fields}


def _exposures(blueprint: Blueprint) -> Iterator[str]:
    if (named := blueprint.exposures) is None:
        return
    columns = {field: getattr(named, field) for field in ("unit", "arm", "time", "experiment", "cluster")}
    try:
        types = _types(named.table, None)
    except InputError as error:
        yield f"exposures.table: {error.message}"
        return
    yield from _columns("exposures", named.table, types, {k: v for k, v in columns.items() if v is not None})
    cluster = None if named.cluster is None else Contract.load(named.table).field(named.cluster)
    if cluster is not None and not cluster.required:
        yield (
            f"exposures.cluster: {named.table}.{named.cluster} may be missing, and every unit needs its "
            "cluster; make it required in the contract"
        )


def _fact(path: str, fact: Fact, types: Types) -> list[str]:
    mine = list(_columns(path, fact.table, types, {"unit": fact.unit, "time": fact.time}))
    return mine or list(_numbers(path, fact.table, types, fact.values))


def _columns(path: str, table: str, types: Types, columns: Mapping[str, str]) -> Iterator[str]:
    """The table has the columns, its time is one, and its unit can be told from others."""
    for field, column in columns.items():
        kind = types.get(column)
        if kind is None:
            hint = did_you_mean(column, types)
            yield f"{path}.{field}: {table} has no column {column!r}; {hint}"
        elif field == "time" and kind not in _TIMES:
            yield f"{path}.time: {table}.{column} is a {kind}; a time must be a timestamp or a date"
        elif field == "unit" and kind != "string" and not _is_whole(kind):
            yield f"{path}.unit: {table}.{column} is a {kind}; a unit must be a text or a whole number"


def _is_whole(kind: str) -> bool:
    return kind in _WHOLE or (kind.startswith("decimal(") and kind.endswith(",0)"))


def _numbers(path: str, table: str, types: Types, columns: list[str]) -> Iterator[str]:
    for column in columns:
        if column not in types:
            yield f"{path}.values: {table} has no column {column!r}; {did_you_mean(column, types)}"
        elif not is_number(types[column]) and types[column] != "boolean":
            yield f"{path}.values: {table}.{column} is a {types[column]}; only numbers and truths add up"


def _metric(path: str, metric: Metric, blueprint: Blueprint, fitting: Mapping[str, Types]) -> Iterator[str]:
    for measure in metric.measures:
        table, types = blueprint.facts[measure.fact].table, fitting[measure.fact]
        if measure.aggregate == "distinct" and measure.column != COUNT:
            kind = types.get(measure.column)
            if kind is None:
                hint = did_you_mean(measure.column, types)
                yield f"{path}.numerator: {table} has no column {measure.column!r}; {hint}"
            elif not is_simple(kind):
                yield f"{path}.numerator: {table}.{measure.column} is a {kind}, no single value"
        yield from _conditions(f"{path}.where", table, types, measure)


def _conditions(path: str, table: str, types: Types, measure: Measure) -> Iterator[str]:
    for column, kept in measure.where:
        if column not in types:
            yield f"{path}: {table} has no column {column!r}; {did_you_mean(column, types)}"
        elif not _fits(types[column], kept):
            yield f"{path}.{column}: {table}.{column} is a {types[column]}, which {_shown(kept)} is not"


def _segment(path: str, segment: Segment, catalog: Catalog | None) -> Iterator[str]:
    try:
        types = _types(segment.table, catalog)
    except InputError as error:
        yield f"{path}.table: {error.message}"
        return
    wrong = list(_columns(path, segment.table, types, {"unit": segment.unit, "column": segment.column}))
    yield from wrong
    if not wrong and (kind := types[segment.column]) not in _TOLD_APART:
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
