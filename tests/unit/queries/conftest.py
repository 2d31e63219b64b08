"""Real Iceberg tables on disk behind a small catalog: pyiceberg's own need a server or SQLAlchemy."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyiceberg.catalog import MetastoreCatalog
from pyiceberg.catalog.noop import NoopCatalog
from pyiceberg.exceptions import NoSuchTableError
from pyiceberg.io import load_file_io
from pyiceberg.partitioning import UNPARTITIONED_PARTITION_SPEC
from pyiceberg.schema import Schema, assign_fresh_schema_ids
from pyiceberg.table import CommitTableResponse, Table
from pyiceberg.table.metadata import new_table_metadata
from pyiceberg.table.sorting import UNSORTED_SORT_ORDER


class FolderCatalog(NoopCatalog, MetastoreCatalog):
    """Tables of one process, their data and metadata in a folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__("folder")
        self.folder = folder
        self.tables: dict[tuple[str, ...], Table] = {}

    def create_table(self, identifier: Any, schema: Any, **_: Any) -> Table:  # type: ignore[override]
        location = f"file://{self.folder}/{'/'.join(identifier)}"
        found = self._convert_schema_if_needed(schema)
        metadata = new_table_metadata(
            assign_fresh_schema_ids(found),
            UNPARTITIONED_PARTITION_SPEC,
            UNSORTED_SORT_ORDER,
            location,
            {"format-version": "2"},
        )
        place = f"{location}/metadata/00000-{uuid.uuid4()}.metadata.json"
        self.tables[identifier] = Table(identifier, metadata, place, load_file_io({}, location), self)
        self._write_metadata(metadata, self.tables[identifier].io, place)
        return self.tables[identifier]

    def commit_table(self, table: Table, requirements: Any, updates: Any) -> CommitTableResponse:
        current = self.tables[table.name()]
        staged = self._update_and_stage_table(current, table.name(), requirements, updates)
        self._write_metadata(staged.metadata, staged.io, staged.metadata_location)
        self.tables[table.name()] = Table(
            table.name(), staged.metadata, staged.metadata_location, staged.io, self
        )
        return CommitTableResponse(metadata=staged.metadata, metadata_location=staged.metadata_location)

    def load_table(self, identifier: Any) -> Table:
        if identifier not in self.tables:
            raise NoSuchTableError(str(identifier))
        return self.tables[identifier]

    def list_namespaces(self, namespace: Any = ()) -> list[Any]:
        del namespace
        return sorted({(identifier[0],) for identifier in self.tables})

    def list_tables(self, namespace: Any) -> list[Any]:
        return [identifier for identifier in self.tables if identifier[0] == namespace]


SCHEMA = pa.schema([
    ("trade_id", pa.int64()),
    ("asset", pa.string()),
    ("quantity", pa.int32()),
    ("price", pa.decimal128(18, 4)),
    ("notional", pa.decimal128(18, 2)),
    ("weight", pa.float64()),
    ("day", pa.date32()),
    ("traded_at", pa.timestamp("us")),
    ("settled_at", pa.timestamp("us", tz="UTC")),
    ("tags", pa.list_(pa.string())),
    ("note", pa.string()),
])  # fmt: skip


def trades() -> list[dict[str, object]]:
    """Twelve trades, three assets; written in two commits, so that a scan reads more than one file."""
    return [
        {
            "trade_id": i,
            "asset": ("gold", "oil", "tin")[i % 3],
            "quantity": i,
            "price": Decimal("1.2500") * i,
            "notional": Decimal("0.29") * i,
            "weight": i + 0.5,
            "day": date(2026, 1, 5 + i),
            "traded_at": datetime(2026, 1, 5 + i, 23 if i % 2 else 1, 30),  # noqa: DTZ001 - Iceberg's timestamp
            "settled_at": datetime(2026, 1, 6 + i, 1, tzinfo=UTC),
            "tags": ["a", f"t{i}"] if i % 2 else [],
            "note": None if i % 4 == 0 else f'{{"k": {i}}}',
        }
        for i in range(12)
    ]


@pytest.fixture(scope="session")
def lake(tmp_path_factory: pytest.TempPathFactory) -> FolderCatalog:
    """silver.trades (12 rows), gold.assets (3 rows), gold.empty."""
    catalog = FolderCatalog(tmp_path_factory.mktemp("lake"))
    silver = catalog.create_table(("silver", "trades"), SCHEMA)
    rows = trades()
    for part in (rows[:6], rows[6:]):
        silver.append(pa.Table.from_pylist(part, schema=SCHEMA))
    assets = pa.schema([("asset", pa.string()), ("unit", pa.string())])
    gold = catalog.create_table(("gold", "assets"), assets)
    gold.append(
        pa.Table.from_pylist(
            [{"asset": "gold", "unit": "oz"}, {"asset": "oil", "unit": "bbl"}], schema=assets
        )
    )
    catalog.create_table(("gold", "empty"), assets)
    return catalog


__all__ = ["FolderCatalog", "Schema", "lake", "trades"]
