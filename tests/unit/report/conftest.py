"""The results that a real run left of one experiment, in real Iceberg tables, behind the real engine."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from assay.lake.contracts import Contract
from assay.serving.queries import engine
from assay.serving.queries.states import states
from assay.serving.report import reading
from assay.serving.report.reading import Found
from assay.spec import load_blueprint

Rows = list[dict[str, Any]]
HERE = Path(__file__).parent
DASHBOARD, BLUEPRINT = HERE.parent / "dashboard", HERE.parents[1] / "data" / "blueprints" / "small.yaml"
EXPERIMENT = "button_colour"
_TYPES: dict[str, pa.DataType] = {
    "string": pa.string(), "bigint": pa.int64(), "int": pa.int32(), "double": pa.float64(),
    "boolean": pa.bool_(), "date": pa.date32(), "timestamp": pa.timestamp("us", "UTC"),
    "array<string>": pa.list_(pa.string()),
}  # fmt: skip


@dataclass(frozen=True)
class Lake:
    """A lake of its own."""

    catalog: Any

    def query(self, sql: str) -> pa.Table:
        return engine.query(sql, source=self.catalog)

    def states(self, tables: Iterable[str]) -> Mapping[str, str]:
        return states(tables, source=self.catalog)

    def found(self, experiment: str = EXPERIMENT, **options: Any) -> Found:
        return reading.read(self.query, self.states, experiment, **options)


def rows(table: str) -> Rows:
    """What the run left of the experiment; checks and certificates are given by the tests of them."""
    if table == "gold.experiment_results":
        found = json.loads((DASHBOARD / "data" / "experiment_results.json").read_text())["rows"]
        mine = [row for row in found if row["experiment"] == EXPERIMENT]
        dated = [row | {"as_of": date.fromisoformat(row["as_of"])} for row in mine]
        return sorted(dated, key=lambda row: (row["as_of"], row["metric"]))
    blueprint = load_blueprint(BLUEPRINT)
    if table == "silver.blueprints":
        document = {"document": blueprint.document()}
        return [{"blueprint": blueprint.name, "version": "v000001", "number": 1, **document}]
    if table == "silver.loads":
        return [{"blueprint": blueprint.name, "week": blueprint.week_start(n)} for n in range(1, 9)]
    return []


def arrow(table: str, content: Rows) -> pa.Table:
    """Rows with the types of their contract."""
    fields = [(field.name, _typed(field.type)) for field in Contract.load(table).fields]
    schema = pa.schema(fields)
    return pa.Table.from_pylist(
        [{name: row.get(name) for name, _ in fields} for row in content], schema=schema
    )


def _typed(kind: str) -> pa.DataType:
    decimal = re.fullmatch(r"decimal\((\d+),(\d+)\)", kind)
    return pa.decimal128(*map(int, decimal.groups())) if decimal else _TYPES[kind]


def folder_catalog(folder: Path) -> Any:
    """The catalog of tests/unit/queries, which is no package."""
    place = HERE.parent / "queries" / "conftest.py"
    spec = importlib.util.spec_from_file_location("folder_catalog_of_report", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module.FolderCatalog(folder)


def made(folder: Path, **changed: Rows) -> Lake:
    catalog = folder_catalog(folder)
    for table in reading.TABLES:
        content = changed.get(table.partition(".")[2], rows(table))
        data = arrow(table, content)
        catalog.create_table(tuple(table.split(".")), data.schema).append(data)
    return Lake(catalog)


@pytest.fixture
def make_lake(tmp_path: Path) -> Callable[..., Lake]:
    """Makes a lake in which some tables, by their names without the database, have other rows."""
    return partial(made, tmp_path)


@pytest.fixture(scope="session")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """What the run left."""
    return made(tmp_path_factory.mktemp("lake"))


@pytest.fixture(scope="session")
def found(lake: Lake) -> Found:
    """The experiment at its newest look."""
    return lake.found()
