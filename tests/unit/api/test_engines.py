# ruff: noqa: E501 - tables of cases
"""The engine of Lambda: what Athena is asked, and its texts as records. Athena's calls: unit/runtime."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from pydantic import TypeAdapter

from assay.client import records
from assay.errors import InputError, TerminalError
from assay.runtime import athena
from assay.runtime.athena import Column, Result
from assay.serving.api import engines, package, resources


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What Athena was asked; it answers with one job."""
    seen: list[Any] = []

    def ask(sql: str, **given: Any) -> Result:
        seen.append((sql, given))
        names = ("run", "job", "state", "started_at", "ended_at", "seconds", "error")
        zoned = "timestamp with time zone"
        kinds = ("varchar", "varchar", "varchar", zoned, zoned, "double", "varchar")
        row = ("r", "assay-gold", "FAILED", "2026-03-02 03:15:00.123456 UTC", None, "4.15E1", "it is 5 UTC")
        return Result(tuple(map(_column, names, kinds)), (row,), 10)

    monkeypatch.setattr(athena, "ask", ask)
    return seen


def _column(name: str, kind: str) -> Column:
    return Column(name, kind, 0, 0)


def test_athena_is_asked_for_a_state_with_values_bound(
    asked: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(engines.WORKGROUP_VARIABLE, "assay-api")
    given = {"experiment": "o'clock", "final": "true"}
    (row,) = engines.chosen()(resources.RESULTS.statement(given, offset=100, most=51), 77)
    ((sql, how),) = asked
    assert "FROM gold.experiment_results FOR VERSION AS OF 77\n" in sql
    assert "WHERE experiment = ? AND final = CAST(? AS boolean)\n" in sql
    assert sql.endswith("ORDER BY experiment, as_of, metric, segment, contrast, method OFFSET 100 LIMIT 51")
    assert how == {"workgroup": "assay-api", "seconds": 12.0, "values": ["'o''clock'", "'true'"]}
    job = TypeAdapter(records.Job).validate_python(row)
    assert job.started_at == datetime(2026, 3, 2, 3, 15, 0, 123456, tzinfo=UTC)
    assert (job.ended_at, job.seconds, job.error) == (None, 41.5, "it is 5 UTC")


def test_texts_of_athena_are_what_a_record_holds() -> None:
    day = {
        **dict.fromkeys(("open", "high", "low", "close_account", "exchange", "is_session", "currency")),
        **dict.fromkeys(("adjusted_close", "log_return", "spread")),
        "asset": "BTC", "day": "2026-01-05", "close": "11.2500", "trades": "3", "volume": "1.000001",
        "traded_value": "12345678901234567890.12", "customers": "2", "volatility_20": "NaN",
        "sources": ["a"], "dissenting": [], "run": "r",
    }  # fmt: skip
    found = TypeAdapter(records.Price).validate_python(day)
    assert (found.day, found.trades, found.close) == (date(2026, 1, 5), 3, Decimal("11.2500"))
    assert found.traded_value == Decimal("12345678901234567890.12")


def test_a_question_that_athena_refuses_is_the_operators_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> Result:
        raise InputError("Athena refuses the query: no such column")

    monkeypatch.setattr(athena, "ask", refuse)
    with pytest.raises(TerminalError) as caught:
        engines.on_athena(resources.RUNS.statement({}, most=1), 1, "w")
    assert not isinstance(caught.value, InputError)


def test_the_function_needs_nothing_that_is_not_packed() -> None:
    """Lambda's modules import each other, what is packed with them, and what Lambda brings; no engine."""
    code = f"""
import sys
from pathlib import Path
from importlib.abc import MetaPathFinder

class Missing(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] in {{"duckdb", "pyarrow", "pyiceberg", "sqlglot", "httpx", "pandas", "typer"}}:
            raise ImportError(name)

sys.meta_path.insert(0, Missing())
import assay
from assay.serving.api import lambda_handler, tables, engines, workflow
root = Path(assay.__file__).parent
parts = {package.PARTS!r}
for name, module in sorted(sys.modules.items()):
    file = getattr(module, "__file__", None)
    if name.partition(".")[0] == "assay" and file:
        place = Path(file).relative_to(root).as_posix()
        if not any(place == part or place.startswith(part + "/") for part in parts):
            print(place)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
