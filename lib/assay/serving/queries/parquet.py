"""Parquet tables of somebody else's database, which facts may be read from in place, as queries read them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.io.pyarrow import PyArrowFileIO

from assay.errors import InputError
from assay.runtime.data_catalog import DataCatalog
from assay.serving.queries import catalog
from assay.spec.data_catalog import ICEBERG, PARQUET, READ_IN_PLACE, File

_ARROW: Mapping[str, pa.DataType] = {
    "boolean": pa.bool_(), "tinyint": pa.int8(), "smallint": pa.int16(), "int": pa.int32(),
    "bigint": pa.int64(), "float": pa.float32(), "double": pa.float64(), "string": pa.string(),
    "date": pa.date32(), "timestamp": pa.timestamp("us"),
}  # fmt: skip
_ATHENA: Mapping[str, str] = {"int": "INTEGER", "float": "REAL", "string": "VARCHAR"}
_NULL = "__HIVE_DEFAULT_PARTITION__"


@dataclass(frozen=True, slots=True)
class ParquetTable:
    """A table's columns and files.

    Attributes:
        name: `<database>.<table>`.
        columns: Column → Spark SQL type, of single values; others cannot be asked for.
        keys: Its partition columns.
        files: Its files.
    """

    name: str
    columns: Mapping[str, str]
    keys: tuple[str, ...]
    files: tuple[File, ...]

    @property
    def types(self) -> dict[str, str]:
        """Column → Athena's type."""
        return {name: _ATHENA.get(kind, kind.upper()) for name, kind in self.columns.items()}

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(file.size for file in self.files)

    def rows(self, names: Sequence[str]) -> pa.Table:
        """All rows.

        Args:
            names: The columns that are needed.

        Raises:
            InputError: A file is not of the types that the catalog declares.
        """
        schema = pa.schema([(name, _arrow(self.columns[name])) for name in names])
        store = PyArrowFileIO(catalog.properties(os.environ))
        return pa.concat_tables(
            [self._read(store, file, schema) for file in self.files] or [schema.empty_table()]
        )

    def _read(self, store: PyArrowFileIO, file: File, schema: pa.Schema) -> pa.Table:
        constants = dict(zip(self.keys, file.values, strict=True))
        with store.new_input(file.address).open() as stream:
            found = pq.ParquetFile(stream)
            there = {name.lower(): name for name in found.schema_arrow.names}
            wanted = [there[name] for name in schema.names if name in there and name not in constants]
            rows = found.read(columns=wanted)
        columns = {name.lower(): column for name, column in zip(rows.column_names, rows.columns, strict=True)}
        for name, value in constants.items():
            columns[name] = pa.array([None if value == _NULL else value] * rows.num_rows, pa.string())
        try:
            arrays = [_cast(columns.get(each.name), each.type, rows.num_rows) for each in schema]
        except pa.ArrowException as error:
            raise InputError(
                f"{self.name}: {file.address} has a column of another type than the catalog declares: {error}"
            ) from error
        return pa.table(arrays, schema=schema)


def load(database: str, name: str) -> ParquetTable | None:
    """A Parquet table of the catalog; None if it has none of that name, or an Iceberg table.

    Raises:
        InputError: The table is of a kind that cannot be read.
        TransientError: The catalog or the object store does not answer.
    """
    known = DataCatalog()
    entry = known.entry(f"{database}.{name}")
    if entry is None or entry.kind == ICEBERG:
        return None
    if entry.kind != PARQUET or entry.projected:
        kind = "whose partitions only Athena computes" if entry.projected else f"of kind {entry.kind}"
        raise InputError(
            f"{entry.name} is a table {kind}; {' and '.join(READ_IN_PLACE)} are read here: ask Athena itself"
        )
    columns = {
        each: kind for each, kind in entry.columns.items() if kind in _ARROW or kind.startswith("decimal(")
    }
    return ParquetTable(entry.name, columns, entry.keys, tuple(known.files(entry)))


def _arrow(kind: str) -> pa.DataType:
    if kind in _ARROW:
        return _ARROW[kind]
    precision, scale = kind.removeprefix("decimal(").rstrip(")").split(",")
    return pa.decimal128(int(precision), int(scale))


def _cast(
    column: pa.ChunkedArray | pa.Array | None, kind: pa.DataType, rows: int
) -> pa.ChunkedArray | pa.Array:
    """A column as the catalog declares it; NULL in files from before the column."""
    return pa.nulls(rows, kind) if column is None else column.cast(kind, safe=not pa.types.is_timestamp(kind))
