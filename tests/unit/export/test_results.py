"""An experiment's comparisons, asked of gold behind the real engine."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow as pa
import pytest

from assay.errors import InputError
from assay.serving.export import results
from assay.serving.queries import engine

UNIT = Path(__file__).parents[1]
Query = Callable[[str], pa.Table]


def module(place: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("folder_catalog_of_export", place)
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def catalog(folder: Path) -> Any:
    return module(UNIT / "queries" / "conftest.py").FolderCatalog(folder)


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Query:
    rows = json.loads((UNIT / "dashboard" / "data" / "experiment_results.json").read_text())["rows"]
    odd = [row | {"experiment": "it's"} for row in rows[:1]]
    newest = max((row for row in rows if row["experiment"] == "button_colour"), key=lambda row: row["as_of"])
    odd.append(newest | {"segment": "country=DE", "decision": "exploratory"})
    data = pa.Table.from_pylist([row | {"as_of": date.fromisoformat(row["as_of"])} for row in rows + odd])
    schema = pa.schema([f.with_type(pa.string()) if pa.types.is_null(f.type) else f for f in data.schema])
    found = catalog(tmp_path_factory.mktemp("lake"))
    found.create_table(("gold", "experiment_results"), schema).append(data.cast(schema))
    checks = [
        {"experiment": "button_colour", "as_of": day, "check": check, "p_value": p}
        for day in sorted(set(data.column("as_of").to_pylist()))
        for check, p in (("srm", 0.25), ("multi_exposure", None))
    ]
    health = pa.Table.from_pylist(checks)
    found.create_table(("gold", "experiment_health"), health.schema).append(health)
    return lambda sql: engine.query(sql, source=found)


def test_the_newest_look_a_named_one_or_all(ask: Query) -> None:
    every = results.read(ask, "button_colour", every=True)
    looks = sorted(set(every.column("as_of").to_pylist()))
    assert len(looks) > 1
    assert set(results.read(ask, "button_colour").column("as_of").to_pylist()) == {looks[-1]}
    assert set(results.read(ask, "button_colour", as_of=looks[0]).column("as_of").to_pylist()) == {looks[0]}
    assert "_run_id" in every.column_names
    assert set(every.column("srm_p_value").to_pylist()) == {0.25}
    assert results.read(ask, "it's").column("srm_p_value").to_pylist() == [None]


def test_segments_are_there_where_they_are_asked_for(ask: Query) -> None:
    assert set(results.read(ask, "button_colour", every=True).column("segment").to_pylist()) == {"all"}
    part = results.read(ask, "button_colour", segments=True)
    counts = part.column("segment").value_counts().to_pylist()
    assert {each["values"]: each["counts"] for each in counts} == {"all": 4, "country=DE": 1}


def test_what_is_not_there_is_named(ask: Query) -> None:
    with pytest.raises(
        InputError, match="no results of an experiment 'button'; did you mean 'button_colour'"
    ):
        results.read(ask, "button")
    with pytest.raises(InputError, match="no results of an experiment"):
        results.read(ask, "' OR '1'='1")
    with pytest.raises(InputError, match="has no look as of 1999-01-01; its looks are 2026-"):
        results.read(ask, "button_colour", as_of=date(1999, 1, 1))


def test_a_lake_without_results(tmp_path: Path) -> None:
    empty = catalog(tmp_path)
    with pytest.raises(InputError, match="has no results yet; `assay run` makes them"):
        results.read(lambda sql: engine.query(sql, source=empty), "x")
    no_rows = pa.schema([("experiment", pa.string()), ("as_of", pa.date32())])
    empty.create_table(("gold", "experiment_results"), no_rows)
    with pytest.raises(InputError, match="has no results yet; `assay run` makes them"):
        results.read(lambda sql: engine.query(sql, source=empty), "x")
