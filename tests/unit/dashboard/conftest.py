"""A lake with the gold of a real run, in real Iceberg tables, behind the real engine."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyiceberg.catalog import Catalog

from assay.serving.queries import engine

Rows = list[dict[str, Any]]
Query = Callable[[str], pa.Table]
HERE = Path(__file__).parent
_TIMES = {"week": date.fromisoformat, "as_of": date.fromisoformat, **dict.fromkeys(("started_at", "ended_at"), datetime.fromisoformat)}  # fmt: skip  # noqa: E501


def rows(table: str) -> Rows:
    """The rows of `data/<table>.json`, which `make_data.py` wrote."""
    found: Rows = json.loads((HERE / "data" / f"{table}.json").read_text())["rows"]
    return [{name: _TIMES.get(name, _same)(value) for name, value in row.items()} for row in found]


def _same(value: Any) -> Any:
    return value


def folder_catalog(folder: Path) -> Any:
    """The catalog of tests/unit/queries, which is no package."""
    place = HERE.parent / "queries" / "conftest.py"
    spec = importlib.util.spec_from_file_location("folder_catalog", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module.FolderCatalog(folder)


@pytest.fixture
def lake(tmp_path: Path) -> Callable[..., Query]:
    """Makes a lake from rows per table of gold; its answers to SQL."""

    def make(**tables: Rows) -> Query:
        catalog: Catalog = folder_catalog(tmp_path)
        for name, content in tables.items():
            data = pa.Table.from_pylist(content)
            # A column without a value has no type; the real table has one.
            typed = [f.with_type(pa.string()) if pa.types.is_null(f.type) else f for f in data.schema]
            schema = pa.schema(typed)
            catalog.create_table(("gold", name), schema).append(data.cast(schema))
        return lambda sql: engine.query(sql, source=catalog)

    return make


@pytest.fixture
def results() -> Rows:
    return rows("experiment_results")


@pytest.fixture
def runs() -> Rows:
    return rows("runs")
