"""Contract files: the Open Data Contract Standard, read into `Contract`.

Of the standard, Assay uses: one schema object per file; `physicalType` as the Spark type; `primaryKey`,
`required`, `partitioned`; the `logicalTypeOptions` minimum, maximum, their exclusive forms and pattern;
`enum`; `quality` and `relationships` as `odcs_rules` says; the SLA `latency` with the `element` whose newest
value tells the age (and its custom property `severity`, warn or halt); the custom properties `schemaMode` and
`filledBy`, which is `sources` where the sources job fills a silver table; and of a column `unit`: how it can
hold a unit (`UnitMark`).
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Sequence
from datetime import timedelta

import yaml
from open_data_contract_standard.model import (
    OpenDataContractStandard,
    SchemaProperty,
    ServiceLevelAgreementProperty,
    Team,
)
from pydantic import BaseModel, ValidationError

from assay.errors import InputError, did_you_mean
from assay.lake.contracts import Contract
from assay.lake.odcs_rules import (
    SEVERITY,
    column_rules,
    custom,
    distributions,
    references,
    row_count,
    row_rules,
    table_severity,
)
from assay.lake.terms import Field, SchemaMode, UnitMark
from assay.libyaml import SafeLoader

_UNITS = {"d": timedelta(days=1), "h": timedelta(hours=1)}
_TIMES = ("date", "timestamp")
_SCHEMA_MODE, _FILLED_BY, _SOURCES = "schemaMode", "filledBy", "sources"
_MODES: tuple[str, ...] = typing.get_args(SchemaMode)
_UNIT = "unit"
_MARKS: tuple[str, ...] = typing.get_args(UnitMark)
# Iceberg refuses to read a table with these, but not to make and to write it.
_RESERVED = frozenset({
    "_file", "_pos", "_deleted", "_spec_id", "_partition", "_row_id", "_last_updated_sequence_number",
    "_change_type", "_change_ordinal", "_commit_snapshot_id",
})  # fmt: skip
# What every silver table has of its lineage; one that sources fill need not write it out.
OF_SOURCES = (
    Field("_change_seq", "string", True, "Number of the newest row of the source that the row reflects."),
    Field("_run_id", "string", True, "Run that last wrote the row."),
)
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
    sourced = _sourced(standard, source, name)
    fields = tuple(_field(each, source) for each in properties)
    if sourced:
        fields = (*fields, *(each for each in OF_SOURCES if each.name not in {f.name for f in fields}))
    latency = _latency(standard, source)
    stale = custom(latency.customProperties, (SEVERITY,), f"{source}, slaProperties")
    drifts = tuple(drift for each in properties for drift in distributions(each, source))
    for drift in drifts:
        _need_time(drift.over, fields, f"{source}, {drift.column}.quality, over is {drift.over!r}")
    return Contract(
        name=name,
        fields=fields,
        keys=_ordered(properties, lambda p: bool(p.primaryKey), lambda p: p.primaryKeyPosition, source),
        partitions=_ordered(
            properties, lambda p: bool(p.partitioned), lambda p: p.partitionKeyPosition, source
        ),
        rules=(*(r for each in properties for r in column_rules(each, source)), *row_rules(table, source)),
        purpose=_given(
            standard.description.purpose if standard.description else None, source, "description.purpose"
        ),
        owner=_given(standard.team.name if isinstance(standard.team, Team) else None, source, "team.name"),
        freshness=typing.cast("float", latency.value) * _UNITS[latency.unit or ""],
        version=_given(standard.version, source, "version"),
        schema_mode=_schema_mode(standard, source),
        newest=_newest(latency, fields, source),
        stale=table_severity(stale.get(SEVERITY), f"{source}, slaProperties"),
        references=tuple(r for each in properties for r in references(each, source)),
        row_count=row_count(table, source),
        distributions=drifts,
        sourced=sourced,
    )


def table_of(document: str, *, source: str) -> str:
    """The table that a contract file describes.

    Args:
        document: As for `parse`.
        source: How errors name the file.

    Raises:
        InputError: The text is no contract of one table.
    """
    tables = _standard(document, source).schema_ or []
    return _given(tables[0].physicalName if len(tables) == 1 else None, source, "schema.physicalName")


def _standard(document: str, source: str) -> OpenDataContractStandard:
    try:
        raw = yaml.load(document, SafeLoader)  # noqa: S506 it is the safe one
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
    mark = custom(column.customProperties, (_UNIT,), where).get(_UNIT)
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


def _sourced(standard: OpenDataContractStandard, source: str, name: str) -> bool:
    by = custom(standard.customProperties, (_SCHEMA_MODE, _FILLED_BY), source).get(_FILLED_BY)
    if by is not None and (by != _SOURCES or not name.startswith("silver.")):
        raise InputError(f"{source}, {_FILLED_BY} is {by!r}; it may be {_SOURCES!r}, on a table of silver")
    return by is not None


def _schema_mode(standard: OpenDataContractStandard, source: str) -> SchemaMode:
    found = custom(standard.customProperties, (_SCHEMA_MODE, _FILLED_BY), source)
    mode = found.get(_SCHEMA_MODE, "evolve" if found.get(_FILLED_BY) else "freeze")
    if mode not in _MODES:
        raise InputError(f"{source}, {_SCHEMA_MODE} is {mode!r}; {did_you_mean(str(mode), _MODES)}")
    return typing.cast("SchemaMode", mode)


def _latency(standard: OpenDataContractStandard, source: str) -> ServiceLevelAgreementProperty:
    promised = [each for each in standard.slaProperties or [] if each.property == "latency"]
    value = promised[0].value if promised else None
    number = isinstance(value, int | float) and not isinstance(value, bool) and value > 0
    if not number or promised[0].unit not in _UNITS:
        raise InputError(f"{source}, slaProperties: give one latency, a number above 0 with unit d or h")
    return promised[0]


def _newest(latency: ServiceLevelAgreementProperty, fields: Sequence[Field], source: str) -> str | None:
    """The column that tells the age of the data, of an element `table.column`."""
    if latency.element is None:
        return None
    name = latency.element.rpartition(".")[2]
    _need_time(name, fields, f"{source}, slaProperties.element is {latency.element!r}")
    return name


def _need_time(name: str, fields: Sequence[Field], where: str) -> None:
    times = [each.name for each in fields if each.type in _TIMES]
    if name not in times:
        raise InputError(
            f"{where}; it must name a date or timestamp of the table; {did_you_mean(name, times)}"
        )


def _given(value: T | None, source: str, where: str) -> T:
    """A value that the standard leaves optional and Assay does not."""
    if not value:
        raise InputError(f"{source}, {where}: missing; every contract states it")
    return value
