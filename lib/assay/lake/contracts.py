"""What a table promises: columns, keys, rules, partitioning, owner and freshness, from its contract file.

The files in `glue_configs/contracts/` are the one place where these stand; Spark schemas, DDL and rules
derive from them here.
"""

from __future__ import annotations

import typing
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property, lru_cache
from pathlib import Path

from assay import configs
from assay.errors import InputError, did_you_mean

if typing.TYPE_CHECKING:
    from pyspark.sql.types import StructType

FOLDER = "glue_configs/contracts"
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


SchemaMode = typing.Literal["evolve", "freeze", "discard_row", "discard_value"]
"""What becomes of a column that the contract does not know, or of a value whose type has changed:

- `evolve`: it is kept beside the row until the contract names it;
- `freeze`: the run stops;
- `discard_row`: the row is set aside with a reason;
- `discard_value`: the value is left out and counted, the row goes on.
"""
Severity = typing.Literal["warn", "quarantine", "halt"]
UnitMark = typing.Literal["id", "inside", "mentioned"]
"""How a column can hold a unit (a customer), for the right to erasure:

- `id`: the value identifies the unit that the row is about;
- `inside`: the value is a row of another table as JSON, and with it a unit;
- `mentioned`: the value is a text for people that may name a unit; the row is about something else.
"""


@dataclass(frozen=True, slots=True)
class Field:
    """One column.

    Attributes:
        name: The column's name.
        type: Its Spark SQL type, for example `"decimal(18,2)"`.
        required: Whether null breaks the contract.
        description: One line of meaning, with the unit.
        unit: How it can hold a unit, None if it cannot.
    """

    name: str
    type: str
    required: bool
    description: str
    unit: UnitMark | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition that every row keeps.

    Attributes:
        text: How the rule reads in a reason, for example `"notional >= 0"`.
        expression: A boolean Spark SQL expression; a row breaks the rule when it is false. Null keeps it:
            absence is the business of `required`.
        severity: What a broken row means: `warn` counts it and lets it through, `quarantine` sets it aside,
            `halt` stops the run.
    """

    text: str
    expression: str
    severity: Severity = "quarantine"


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
        return _load(name, folder or configs.path(FOLDER))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns' names in order."""
        return tuple(field.name for field in self.fields)

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
        folder: Where the contract files are; the shipped ones by default.
    """
    return tuple(sorted(path.stem for path in (folder or configs.path(FOLDER)).glob("*.yaml")))


@lru_cache(maxsize=128)
def _load(name: str, folder: Path) -> Contract:
    from assay.lake import odcs

    path = folder / f"{name}.yaml"
    if not path.is_file():
        raise InputError(f"no contract for table {name!r} in {FOLDER}; {did_you_mean(name, names(folder))}")
    return odcs.parse(path.read_text(encoding="utf-8"), source=f"contracts/{path.name}", name=name)


def _quoted(text: str) -> str:
    """A Spark SQL string literal."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
