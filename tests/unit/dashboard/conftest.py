"""Lakes with the gold of a real run, or with rows of a test, in real Iceberg tables behind the real engine.

Tables have the columns and types of their contracts; what a row does not say is NULL.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest
from tests.unit.local.glue.conftest import Glue
from tests.unit.queries.conftest import FolderCatalog
from tests.unit.queries.test_questions import typed

from assay.lake.contracts import Contract
from assay.runtime import workflows
from assay.serving.dashboard import calibration, experiment, experiments, follow, market, pipeline, planning
from assay.serving.dashboard import page as page_of
from assay.serving.dashboard.reading import Query
from assay.serving.dashboard.reading import rows as rows_of
from assay.serving.queries import engine

Rows = list[dict[str, Any]]
Lake = Callable[..., Query]
HERE = Path(__file__).parent
_TIMES = {"week": date.fromisoformat, "as_of": date.fromisoformat, **dict.fromkeys(("started_at", "ended_at"), datetime.fromisoformat)}  # fmt: skip  # noqa: E501
_COLUMNS: dict[str, page_of.Columns] = {
    "results": experiments._COLUMNS,
    "looks": experiment._LOOKS,
    "segments": experiment._SEGMENTS,
    "health": experiment._HEALTH,
    "certificates": experiment._CERTIFICATES,
    "shares": experiment._SHARES,
    "uniform": calibration._UNIFORM,
    "false_alarms": calibration._AGAINST,
    "coverage": calibration._COVERAGE,
    "power": calibration._POWER,
    "methods": calibration._METHODS,
    "gate": calibration._GATE,
    "curve": planning._CURVE,
    "effects": planning._EFFECTS,
    "assets": market._ASSETS,
    "days": market._DAYS,
    "dissent": market._DISSENT,
    "portfolios": market._PORTFOLIOS,
    "runs": pipeline._RUNS,
    "steps": pipeline._STEPS,
    "freshness": pipeline._FRESHNESS,
    "jobs": follow._JOBS,
}
"""Key of a table → its columns."""


def rows(table: str) -> Rows:
    """The rows of `data/<table>.json`, which `make_data.py` wrote."""
    found: Rows = json.loads((HERE / "data" / f"{table}.json").read_text())["rows"]
    return [{name: _TIMES.get(name, _same)(value) for name, value in row.items()} for row in found]


def _same(value: Any) -> Any:
    return value


def page(name: str, query: object) -> AppTest:
    """A page's script, run once; it is given as text to Streamlit, so that its names are its own."""

    def script(name: str, query: object) -> None:
        from importlib import import_module

        import_module(f"assay.serving.dashboard.{name}").show(query)

    return AppTest.from_function(script, args=(name, query), default_timeout=60).run()


def table(app: AppTest, key: str) -> pd.DataFrame:
    """The table of a page by its key; a table that nobody can select in has no key, but its columns."""
    assert not app.exception
    (found,) = [each.value for each in app.dataframe if list(each.value.columns) == list(_COLUMNS[key])]
    return found


def charts(app: AppTest) -> list[dict[str, Any]]:
    """The Vega-Lite documents of a page's charts, from top to bottom."""
    return [json.loads(each.proto.spec) for each in app.get("vega_lite_chart")]


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without AWS: what asks it is told so at once."""
    # Streamlit's AppTest makes its script the main module, which processes that are started later would run.
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    for name in ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Makes a lake from rows per table of gold; its answers to SQL."""

    def make(**tables: Rows) -> Query:
        catalog = FolderCatalog(tmp_path / "lake")
        for name, content in tables.items():
            fields = Contract.load(f"gold.{name}").fields
            schema = pa.schema([(field.name, typed(field.type)[1]) for field in fields])
            assert all(row.keys() <= set(schema.names) for row in content)
            full = [{column: row.get(column) for column in schema.names} for row in content]
            made = catalog.create_table(("gold", name), schema)
            if full:
                made.append(pa.Table.from_pylist(full, schema))
        return lambda sql: rows_of(sql, lambda asked: engine.query(asked, source=catalog))

    return make


@pytest.fixture
def results() -> Rows:
    return rows("experiment_results")


@pytest.fixture
def runs() -> Rows:
    return rows("runs")


@pytest.fixture(autouse=True)
def asked_anew() -> None:
    """What readers of one server share for some seconds is not shared by tests, whose servers differ."""
    st.cache_resource.clear()


@pytest.fixture
def glue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Glue]:
    """A local Glue that is asked by the environment: jobs `w-one` and, after it, `w-two` really run."""
    one = Glue(tmp_path)
    one.resources["W"]["Properties"]["MaxConcurrentRuns"] = 1  # as the stack has it
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{one.port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv(workflows.NAME, "w")
    one.job("w-one")
    one.job("w-two")
    one.start("w-one")
    one.when({"w-one": "SUCCEEDED"}, "w-two")
    yield one
    one.kill_runners()
    one.down()
