"""Contract files: the Open Data Contract Standard, read into `Contract`.

Of the standard, Assay uses: one schema object per file; `physicalType` as the Spark type; `primaryKey`,
`required`, `partitioned`; the `logicalTypeOptions` minimum, maximum, their exclusive forms and pattern;
`enum`; `quality` of type custom and engine sparkExpression for rules on whole rows, with its `severity`; the
SLA `latency`; the custom property `schemaMode`, and of a column `unit`: how it can hold a unit (`UnitMark`).
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta

import yaml
from open_data_contract_standard.model import (
    DataQuality,
    OpenDataContractStandard,
    SchemaObject,
    SchemaProperty,
    Team,
)
from pydantic import BaseModel, ValidationError

from assay.errors import InputError, did_you_mean
from assay.lake.contracts import Contract, Field, Rule, SchemaMode, Severity, UnitMark

ENGINE = "sparkExpression"
_UNITS = {"d": timedelta(days=1), "h": timedelta(hours=1)}
_BOUNDS = {"minimum": ">=", "exclusiveMinimum": ">", "maximum": "<=", "exclusiveMaximum": "<"}
_OPTIONS = (*_BOUNDS, "pattern")
_SCHEMA_MODE = "schemaMode"
_MODES: tuple[str, ...] = typing.get_args(SchemaMode)
_SEVERITIES: tuple[str, ...] = typing.get_args(Severity)
_UNIT = "unit"
_MARKS: tuple[str, ...] = typing.get_args(UnitMark)
# Iceberg refuses to read a table with these, but not to make and to write it.
_RESERVED = frozenset({
    "_file", "_pos", "_deleted", "_spec_id", "_partition", "_row_id", "_last_updated_sequence_number",
    "_change_type", "_change_ordinal", "_commit_snapshot_id",
})  # fmt: skip
T = typing.TypeVar("T")


def parse(document: str, *, source: str, name: str) -> Contract:
    """A contract from the text of its file.

    Args:
        document: YAML in the Open Data Contract Standard.
        source: How errors name the file.
        name: The table that the file must describe.

    Raises:
        InputError: The text is no such document, names a field that does not exist, or asks for something
            that Assay does not enforce: a rule that is not checked would be a promise that is not kept.
    """
    standard = _standard(document, source)
    tables = standard.schema_ or []
    if len(tables) != 1 or tables[0].physicalName != name:
        found = ", ".join(repr(table.physicalName) for table in tables) or "none"
        raise InputError(f"{source}, schema: found {found}; it must describe one table, {name!r}")
    table = tables[0]
    properties = table.properties or []
    if not properties:
        raise InputError(f"{source}, schema.{table.name}.properties: no columns; list at least one")
    fields = tuple(_field(each, source) for each in properties)
    return Contract(
        name=name,
        fields=fields,
        keys=_ordered(properties, lambda p: bool(p.primaryKey), lambda p: p.primaryKeyPosition, source),
        partitions=_ordered(
            properties, lambda p: bool(p.partitioned), lambda p: p.partitionKeyPosition, source
        ),
        rules=(*(r for each in properties for r in _column_rules(each, source)), *_row_rules(table, source)),
        purpose=_given(
            standard.description.purpose if standard.description else None, source, "description.purpose"
        ),
        owner=_given(standard.team.name if isinstance(standard.team, Team) else None, source, "team.name"),
        freshness=_freshness(standard, source),
        version=_given(standard.version, source, "version"),
        schema_mode=_schema_mode(standard, source),
    )


def _standard(document: str, source: str) -> OpenDataContractStandard:
    try:
        raw = yaml.safe_load(document)
    except yaml.YAMLError as error:
        raise InputError(f"{source} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(raw, dict):
        raise InputError(f"{source} holds a {type(raw).__name__}; it must be a data contract (an object)")
    try:
        standard = OpenDataContractStandard.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(f"{source}, {where}: {first['msg']}") from error
    _refuse_unknown(raw, standard, source, "")
    return standard


def _refuse_unknown(raw: object, model: object, source: str, path: str) -> None:
    """Refuse fields that the standard does not have; its models silently drop them below the top level."""
    if isinstance(raw, list) and isinstance(model, list):
        for n, (raw_item, item) in enumerate(zip(raw, model, strict=True)):
            _refuse_unknown(raw_item, item, source, f"{path}[{n}]")
    if not isinstance(raw, dict) or not isinstance(model, BaseModel):
        return
    allowed = {f.alias or n: n for n, f in type(model).model_fields.items()}
    for key, value in raw.items():
        where = f"{path}.{key}".lstrip(".")
        if key not in allowed:
            raise InputError(
                f"{source}, {where}: the standard has no such field; {did_you_mean(key, allowed)}"
            )
        _refuse_unknown(value, getattr(model, allowed[key]), source, where)


def _field(column: SchemaProperty, source: str) -> Field:
    name = _given(column.name, source, "schema.properties.name")
    if name in _RESERVED:
        raise InputError(f"{source}, {name}: the name is reserved by Iceberg; choose another one")
    return Field(
        name=name,
        type=_given(column.physicalType, source, f"{name}.physicalType"),
        required=bool(column.required),
        description=_given(column.description, source, f"{name}.description"),
        unit=_unit(column, f"{source}, {name}"),
    )


def _unit(column: SchemaProperty, where: str) -> UnitMark | None:
    given = {each.property: each.value for each in column.customProperties or []}
    mark = given.pop(_UNIT, None)
    if given:
        hint = did_you_mean(str(next(iter(given))), [_UNIT])
        raise InputError(f"{where}.customProperties: {', '.join(map(repr, given))} means nothing; {hint}")
    if mark is not None and mark not in _MARKS:
        raise InputError(f"{where}, {_UNIT} is {mark!r}; {did_you_mean(str(mark), _MARKS)}")
    return typing.cast("UnitMark | None", mark)


def _ordered(
    columns: list[SchemaProperty],
    chosen: Callable[[SchemaProperty], bool],
    position: Callable[[SchemaProperty], int | None],
    source: str,
) -> tuple[str, ...]:
    """The names of the chosen columns by their position, which must be 1, 2, ... without gaps."""
    found = {column.name or "": position(column) for column in columns if chosen(column)}
    if sorted(p or 0 for p in found.values()) != list(range(1, len(found) + 1)):
        raise InputError(f"{source}: key positions are {found}; they must count 1, 2, ... without gaps")
    return tuple(sorted(found, key=lambda name: found[name] or 0))


def _column_rules(column: SchemaProperty, source: str) -> Iterator[Rule]:
    name = column.name or ""
    if column.required:
        yield Rule(f"{name} is not null", f"`{name}` is not null")
    elif column.primaryKey:
        raise InputError(f"{source}, {name}: a key column must be required; write `required: true`")
    options: Mapping[str, object] = column.logicalTypeOptions or {}
    for option, value in options.items():
        if option not in _OPTIONS:
            hint = did_you_mean(option, _OPTIONS)
            raise InputError(f"{source}, {name}.logicalTypeOptions.{option} is not enforced; {hint}")
        yield _option_rule(name, option, value, source)
    if column.enum:
        values = ", ".join(_literal(each.value) for each in column.enum)
        yield Rule(f"{name} in ({values})", f"`{name}` in ({values})")
    if column.quality:
        raise InputError(
            f"{source}, {name}.quality is not enforced; write the rule under the table's quality"
        )


def _option_rule(name: str, option: str, value: object, source: str) -> Rule:
    if option == "pattern":
        # A raw literal: Spark would otherwise read the pattern's backslashes as escapes.
        return Rule(f"{name} matches {value}", f"`{name}` rlike r'{value}'")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"{source}, {name}.{option} is {value!r}; it must be a number")
    sign = _BOUNDS[option]
    return Rule(f"{name} {sign} {value}", f"`{name}` {sign} {value}")


def _row_rules(table: SchemaObject, source: str) -> Iterator[Rule]:
    for rule in table.quality or []:
        yield _row_rule(rule, source)


def _row_rule(rule: DataQuality, source: str) -> Rule:
    if rule.type != "custom" or rule.engine != ENGINE or not isinstance(rule.implementation, str):
        raise InputError(
            f"{source}, quality: a rule of type {rule.type!r} and engine {rule.engine!r} is not enforced; "
            f"write type custom, engine {ENGINE}, implementation: a boolean SQL expression"
        )
    severity = rule.severity or _SEVERITIES[1]
    if severity not in _SEVERITIES:
        hint = did_you_mean(severity, _SEVERITIES)
        raise InputError(f"{source}, quality.severity is {severity!r}; {hint}")
    return Rule(rule.implementation, rule.implementation, typing.cast("Severity", severity))


def _schema_mode(standard: OpenDataContractStandard, source: str) -> SchemaMode:
    given = {each.property: each.value for each in standard.customProperties or []}
    mode = given.pop(_SCHEMA_MODE, "freeze")
    if given:
        hint = did_you_mean(str(next(iter(given))), [_SCHEMA_MODE])
        raise InputError(f"{source}, customProperties: {', '.join(map(repr, given))} means nothing; {hint}")
    if mode not in _MODES:
        raise InputError(f"{source}, {_SCHEMA_MODE} is {mode!r}; {did_you_mean(str(mode), _MODES)}")
    return typing.cast("SchemaMode", mode)


def _literal(value: object) -> str:
    text = str(value).replace("'", "\\'")
    return f"'{text}'" if isinstance(value, str) else text


def _freshness(standard: OpenDataContractStandard, source: str) -> timedelta:
    promised = [each for each in standard.slaProperties or [] if each.property == "latency"]
    unit = _UNITS.get(promised[0].unit or "") if promised else None
    value = promised[0].value if promised else None
    if unit is None or isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        raise InputError(f"{source}, slaProperties: give one latency, a number above 0 with unit d or h")
    return value * unit


def _given(value: T | None, source: str, where: str) -> T:
    """A value that the standard leaves optional and Assay does not."""
    if not value:
        raise InputError(f"{source}, {where}: missing; every contract states it")
    return value
