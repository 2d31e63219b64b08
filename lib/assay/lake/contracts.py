"""What a table promises: columns, keys, rules, partitioning, owner and freshness, from its contract file.

The files in `glue_configs/contracts/` are the one place where these stand; Spark schemas, DDL and rules
derive from them here.
"""

from __future__ import annotations

import typing
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property, lru_cache
from pathlib import Path

from assay import configs
from assay.errors import InputError, did_you_mean
from assay.lake.terms import (
    DistributionDrift,
    Field,
    Reference,
    RowCountDrift,
    Rule,
    SchemaMode,
    Severity,
    TableSeverity,
)
from assay.medallion.lineage import ORIGIN, SOURCES

if typing.TYPE_CHECKING:
    from pyspark.sql.types import StructType

__all__ = ["Contract", "Field", "Rule", "SchemaMode", "Severity", "names", "unknown_targets"]

_SHOWN = 80  # characters of a name that is none
FOLDER = "glue_configs/contracts"
_CAPTURED = "bronze.quotes"
# Athena cannot read format version 3 and only copy-on-write keeps changelogs readable. Metadata files are
# bounded because every write makes three of them.
PROPERTIES = {
    "format-version": "2",
    "write.delete.mode": "copy-on-write",
    "write.update.mode": "copy-on-write",
    "write.merge.mode": "copy-on-write",
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "50",
}


@dataclass(frozen=True)
class Contract:
    """A table's contract; made by `Contract.load`.

    Attributes:
        name: `<layer>.<table>`.
        fields: The columns in order.
        keys: Columns whose values together are unique; empty for an append-only table of changes.
        partitions: Columns that the table is partitioned by.
        rules: What every row keeps, `required` included.
        purpose: What the table is for.
        owner: The team to ask.
        freshness: How old the newest data may be.
        version: Of the contract, for example `"1.2.0"`.
        schema_mode: What becomes of columns and types that it does not know.
        newest: The column whose newest value says how old the data are; None if none does.
        stale: What older data mean.
        references: Columns whose values must exist in other tables.
        row_count: What its growth is compared with, if at all.
        distributions: Whose columns' values are compared with earlier weeks.
        sourced: Whether the sources job fills it, by way of a bronze table whose contract follows from it.
    """

    name: str
    fields: tuple[Field, ...]
    keys: tuple[str, ...]
    partitions: tuple[str, ...]
    rules: tuple[Rule, ...]
    purpose: str
    owner: str
    freshness: timedelta
    version: str
    schema_mode: SchemaMode
    newest: str | None = None
    stale: TableSeverity = "warn"
    references: tuple[Reference, ...] = ()
    row_count: RowCountDrift | None = None
    distributions: tuple[DistributionDrift, ...] = ()
    sourced: bool = False

    @staticmethod
    def load(name: str, folder: Path | None = None) -> Contract:
        """The contract of a table.

        Args:
            name: `<layer>.<table>`, for example `"silver.trades"`.
            folder: Where the contract files are; the shipped ones by default.

        Raises:
            InputError: There is no such contract, or its file is not acceptable; the message names the file,
                the field and the remedy.
        """
        files = _files(folder)
        return _shipped(name, files) if folder is None else _load(name, files)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns' names in order."""
        return tuple(field.name for field in self.fields)

    def field(self, name: str) -> Field | None:
        """The column of that name, if there is one."""
        return next((each for each in self.fields if each.name == name), None)

    @property
    def key_types(self) -> dict[str, str]:
        """Column of the key → its type."""
        return {field.name: field.type for field in self.fields if field.name in self.keys}

    @cached_property
    def schema(self) -> StructType:
        """The Spark schema. Every column is nullable: `required` is a rule, so that a null is reported with
        its reason and count instead of failing a write half-way.
        """  # noqa: D205 one thought
        from pyspark.sql.types import _parse_datatype_string

        parsed = _parse_datatype_string(", ".join(f"`{f.name}` {f.type}" for f in self.fields))
        return typing.cast("StructType", parsed)

    def ddl(self, catalog: str = "glue_catalog") -> str:
        """The statement that makes the table if it is not there.

        Args:
            catalog: The Iceberg catalog.
        """
        columns = ",\n  ".join(f"`{f.name}` {f.type} COMMENT {_quoted(f.description)}" for f in self.fields)
        partitions = ", ".join(f"`{column}`" for column in self.partitions)
        properties = ", ".join(
            f"{_quoted(key)}={_quoted(value)}"
            for key, value in {**PROPERTIES, "assay.owner": self.owner}.items()
        )
        return (
            f"CREATE TABLE IF NOT EXISTS {catalog}.{self.name} (\n  {columns}\n) USING iceberg\n"
            + (f"PARTITIONED BY ({partitions})\n" if partitions else "")
            + f"COMMENT {_quoted(self.purpose)}\nTBLPROPERTIES ({properties})"
        )


def names(folder: Path | None = None) -> tuple[str, ...]:
    """The names of all tables with a contract, sorted.

    Args:
        folder: Where the contract files are; the shipped and the user's own ones by default.
    """
    files = _files(folder)
    return tuple(sorted({*(name for name, _ in files), *(f"bronze.{table}" for table in _sourced(files))}))


def made_of() -> Mapping[str, str]:
    """Silver table → the bronze table that it is made of: the brokerage's, and those that sources fill."""
    return {**SOURCES, **{f"silver.{table}": f"bronze.{table}" for table in _sourced(_files(None))}}


def unknown_targets(contracts: Mapping[str, Contract]) -> list[str]:
    """The references that lead nowhere, one sentence each.

    Args:
        contracts: Name → contract, of all tables.
    """
    found = []
    for contract in contracts.values():
        for each in contract.references:
            target = contracts.get(each.table)
            if target is None:
                hint = did_you_mean(each.table, contracts)
                found.append(f"{contract.name}, {each.column}: no contract for table {each.table!r}; {hint}")
            elif each.target not in target.columns:
                hint = did_you_mean(each.target, target.columns)
                found.append(f"{contract.name}, {each.column}: {each.table} has no {each.target!r}; {hint}")
    return found


_Files = tuple[tuple[str, Path], ...]
"""Name → file, sorted."""


def _files(folder: Path | None) -> _Files:
    if folder is None:
        return tuple(configs.files(FOLDER).items())
    return tuple(sorted((path.stem, path) for path in folder.glob("*.yaml")))


@lru_cache(maxsize=16)
def _sourced(files: _Files) -> tuple[str, ...]:
    """The silver tables that sources fill, without their layer."""
    silver = [(name, path) for name, path in files if name.startswith("silver.")]
    marked = [(name, path) for name, path in silver if "filledBy" in path.read_text(encoding="utf-8")]
    return tuple(name.removeprefix("silver.") for name, path in marked if _read(name, path).sourced)


@lru_cache(maxsize=128)
def _shipped(name: str, files: _Files) -> Contract:
    return _load(name, files)


def _load(name: str, files: _Files) -> Contract:
    known = dict(files)
    if name in known:  # before it becomes part of a path
        return _read(name, known[name])
    table = name.removeprefix("bronze.")
    if table != name and table in _sourced(files):
        return _landed(_load(f"silver.{table}", files))
    hint = did_you_mean(name[:_SHOWN], known)
    raise InputError(f"no contract for table {name[:_SHOWN]!r} in {FOLDER}; {hint}")


def _read(name: str, path: Path) -> Contract:
    from assay.lake import odcs

    return odcs.parse(path.read_text(encoding="utf-8"), source=f"contracts/{path.name}", name=name)


def _landed(silver: Contract) -> Contract:
    """The contract of the bronze table that sources land in: the silver table's columns, any of them null.

    What bronze adds to every captured row stands in the contract of one that is captured.
    """
    model = _read(_CAPTURED, configs.path(f"{FOLDER}/{_CAPTURED}.yaml"))
    lineage = [field for field in model.fields if field.name.startswith("_")]
    data = [replace(field, required=False) for field in silver.fields if not field.name.startswith("_")]
    origin = Field(ORIGIN, "string", required=False, description="Address that the source read the row from.")
    return replace(
        model,
        name=silver.name.replace("silver.", "bronze.", 1),
        fields=(*data, origin, *lineage),
        rules=tuple(rule for rule in model.rules if rule.column in {field.name for field in lineage}),
        purpose=f"What sources brought for {silver.name}, as it came; append-only.",
        owner=silver.owner,
        freshness=silver.freshness,
        version=silver.version,
        schema_mode=silver.schema_mode,
    )


def _quoted(text: str) -> str:
    """A Spark SQL string literal."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
