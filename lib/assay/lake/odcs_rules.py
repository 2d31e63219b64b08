"""The rules and checks of a contract file: what every row keeps, and what is asked of the table as a whole.

A rule of rows is a column's `required`, an option or an `enum`, which set a row aside, or SQL under `quality`
of a column or of the table (type custom, engine sparkExpression), which may carry a `severity`. Checks of
tables are a column's `relationships`, and `quality` of engine assay, whose `implementation` is an object:

- of the table: `{check: rowCountDrift, commits: 8, factor: 3}`;
- of a column: `{check: distributionDrift, over: traded_at, weeks: 4, limit: 0.25}`.

Their severity is warn where none is given, or halt; a relationship has its own as the custom property
`severity`.
"""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping

from open_data_contract_standard.model import (
    CustomProperty,
    DataQuality,
    Relationship,
    SchemaObject,
    SchemaProperty,
)

from assay.errors import InputError, did_you_mean
from assay.lake.terms import (
    DistributionDrift,
    Kind,
    Reference,
    RowCountDrift,
    Rule,
    Severity,
    TableSeverity,
)

ENGINE, CHECKS = "sparkExpression", "assay"
SEVERITY = "severity"
ROW_COUNT, DISTRIBUTION = "rowCountDrift", "distributionDrift"
BOUNDS = {"minimum": ">=", "exclusiveMinimum": ">", "maximum": "<=", "exclusiveMaximum": "<"}
_OPTIONS = (*BOUNDS, "pattern")
_SEVERITIES: tuple[str, ...] = typing.get_args(Severity)
_TABLE_SEVERITIES: tuple[str, ...] = typing.get_args(TableSeverity)
_ARGUMENTS = {ROW_COUNT: ("commits", "factor"), DISTRIBUTION: ("over", "weeks", "limit")}


def column_rules(column: SchemaProperty, source: str) -> Iterator[Rule]:
    """What every row keeps of a column."""
    name = column.name or ""
    if column.required:
        yield Rule(f"{name} is not null", f"`{name}` is not null", column=name, kind="required")
    elif column.primaryKey:
        raise InputError(f"{source}, {name}: a key column must be required; write `required: true`")
    options: Mapping[str, object] = column.logicalTypeOptions or {}
    for option, value in options.items():
        if option not in _OPTIONS:
            hint = did_you_mean(option, _OPTIONS)
            raise InputError(f"{source}, {name}.logicalTypeOptions.{option} is not enforced; {hint}")
        yield _option_rule(name, option, value, source)
    if column.enum:
        values = tuple(each.value for each in column.enum)
        allowed = ", ".join(_literal(value) for value in values)
        yield Rule(
            f"{name} in ({allowed})", f"`{name}` in ({allowed})", column=name, kind="enum", value=values
        )
    for quality in column.quality or []:
        if quality.engine != CHECKS:
            yield _expression(quality, f"{source}, {name}.quality", column=name)


def row_rules(table: SchemaObject, source: str) -> Iterator[Rule]:
    """What every row keeps across its columns."""
    for quality in table.quality or []:
        if quality.engine != CHECKS:
            yield _expression(quality, f"{source}, quality")


def references(column: SchemaProperty, source: str) -> Iterator[Reference]:
    """The tables in which a column's values must exist."""
    for relationship in column.relationships or []:
        yield _reference(column.name or "", relationship, f"{source}, {column.name}.relationships")


def row_count(table: SchemaObject, source: str) -> RowCountDrift | None:
    """What the growth of a table is compared with."""
    where = f"{source}, quality"
    found = [each for each in table.quality or [] if each.engine == CHECKS]
    if len(found) > 1:
        raise InputError(f"{where}: {ROW_COUNT} stands there {len(found)} times; keep one")
    for quality in found:
        given = _arguments(quality, ROW_COUNT, where)
        return RowCountDrift(
            commits=_whole(given["commits"], f"{where}, commits"),
            factor=_above(given["factor"], 1, f"{where}, factor"),
            severity=table_severity(quality.severity, where),
        )
    return None


def distributions(column: SchemaProperty, source: str) -> Iterator[DistributionDrift]:
    """What the values of a column are compared with."""
    name, where = column.name or "", f"{source}, {column.name}.quality"
    for quality in column.quality or []:
        if quality.engine == CHECKS:
            given = _arguments(quality, DISTRIBUTION, where)
            yield DistributionDrift(
                column=name,
                over=str(given["over"]),
                weeks=_whole(given["weeks"], f"{where}, weeks"),
                limit=_above(given["limit"], 0, f"{where}, limit"),
                severity=table_severity(quality.severity, where),
            )


def table_severity(given: object, where: str) -> TableSeverity:
    """The severity of a check of a whole table, in which no single row can be set aside."""
    severity = "warn" if given is None else given
    if severity not in _TABLE_SEVERITIES:
        hint = did_you_mean(str(severity), _TABLE_SEVERITIES)
        raise InputError(f"{where}: severity is {severity!r}; a check of a table has warn or halt: {hint}")
    return typing.cast("TableSeverity", severity)


def custom(
    properties: list[CustomProperty] | None, allowed: tuple[str, ...], where: str
) -> dict[str, object]:
    """Custom properties by name; what Assay gives no meaning is refused."""
    given = {str(each.property): each.value for each in properties or []}
    unknown = [name for name in given if name not in allowed]
    if unknown:
        hint = did_you_mean(unknown[0], allowed)
        raise InputError(f"{where}, customProperties: {', '.join(map(repr, unknown))} means nothing; {hint}")
    return given


def _option_rule(name: str, option: str, value: object, source: str) -> Rule:
    kind = typing.cast("Kind", option)
    if option == "pattern":
        # A raw literal: Spark would otherwise read the pattern's backslashes as escapes.
        expression = f"`{name}` rlike r'{value}'"
        return Rule(f"{name} matches {value}", expression, column=name, kind=kind, value=value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"{source}, {name}.{option} is {value!r}; it must be a number")
    sign = BOUNDS[option]
    return Rule(f"{name} {sign} {value}", f"`{name}` {sign} {value}", column=name, kind=kind, value=value)


def _expression(quality: DataQuality, where: str, *, column: str | None = None) -> Rule:
    if quality.type != "custom" or quality.engine != ENGINE or not isinstance(quality.implementation, str):
        raise InputError(
            f"{where}: a rule of type {quality.type!r} and engine {quality.engine!r} is not enforced; "
            f"write type custom, engine {ENGINE}, implementation: a boolean SQL expression"
        )
    severity = quality.severity or "quarantine"
    if severity not in _SEVERITIES:
        hint = did_you_mean(severity, _SEVERITIES)
        raise InputError(f"{where}.severity is {severity!r}; {hint}")
    text = " ".join(quality.implementation.split())
    return Rule(text, quality.implementation, typing.cast("Severity", severity), column=column)


def _reference(column: str, relationship: Relationship, where: str) -> Reference:
    if relationship.type not in {None, "foreignKey"} or relationship.from_ is not None:
        raise InputError(f"{where}: only a foreignKey of this column is checked; give `to` and nothing else")
    table, _, target = str(relationship.to or "").rpartition(".")
    if not isinstance(relationship.to, str) or "." not in table:
        raise InputError(f"{where}: to is {relationship.to!r}; name layer.table.column")
    given = custom(relationship.customProperties, (SEVERITY,), where)
    return Reference(column, table, target, table_severity(given.get(SEVERITY), where))


def _arguments(quality: DataQuality, check: str, where: str) -> Mapping[str, object]:
    given = quality.implementation if isinstance(quality.implementation, dict) else {}
    if quality.type != "custom" or given.get("check") != check:
        raise InputError(
            f"{where}: engine {CHECKS} checks {given.get('check')!r}; here it can check {check}: write type "
            f"custom, implementation: {{check: {check}, {', '.join(_ARGUMENTS[check])}}}"
        )
    lacking = [name for name in _ARGUMENTS[check] if name not in given]
    unknown = [name for name in given if name not in (*_ARGUMENTS[check], "check")]
    if lacking or unknown:
        what = f"lacks {', '.join(lacking)}" if lacking else f"does not know {', '.join(unknown)}"
        raise InputError(f"{where}: {check} {what}; it is told {', '.join(_ARGUMENTS[check])}")
    return given


def _whole(value: object, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InputError(f"{where} is {value!r}; it must be a whole number from 1 on")
    return value


def _above(value: object, least: float, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > least:
        raise InputError(f"{where} is {value!r}; it must be a number above {least}")
    return float(value)


def _literal(value: object) -> str:
    text = str(value).replace("'", "\\'")
    return f"'{text}'" if isinstance(value, str) else text
