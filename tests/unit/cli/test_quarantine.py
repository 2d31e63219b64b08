"""What `quarantine list`, `show` and `replay` ask, show and exit with."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pytest
from typer.testing import CliRunner, Result

from assay.cli import upkeep
from assay.cli.main import app
from assay.local import stack
from assay.serving.queries import quarantine

REASONS = [
    {"contract": "silver.trades", "reason": "price > 0", "rows": 2, "first_run": "wr_a", "last_run": "wr_b"}
]
ROW = {
    "quarantine_id": "aa01" + "0" * 60,
    "contract": "silver.trades",
    "reasons": ["price > 0", "notional >= 0"],
    "row": '{"trade_id": 7, "asset": "[b]", "price": null}',
}
REPLAYED = {"contract": "silver.trades", "rows_in": 9, "merged": 7, "still_set_aside": 2}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stack, "environment", dict[str, str])


def assay(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["quarantine", *arguments])


def test_reasons_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quarantine, "reasons", lambda: pa.Table.from_pylist(REASONS))
    assert "price > 0" in assay("list").stdout
    assert json.loads(assay("list", "--json").stdout) == {"reasons": REASONS}


def test_an_empty_quarantine_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quarantine, "reasons", lambda: pa.Table.from_pylist(REASONS).slice(0, 0))
    assert assay("list").stdout == "nothing is set aside\n"
    assert json.loads(assay("list", "--json").stdout) == {"reasons": []}


def test_one_row_is_shown_with_its_values(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def row(beginning: str) -> dict[str, object]:
        asked.append(beginning)
        return dict(ROW)

    monkeypatch.setattr(quarantine, "row", row)
    shown = assay("show", "aa01").stdout
    assert all(part in shown for part in ("price > 0; notional >= 0", "trade_id", "[b]", "None"))
    assert json.loads(assay("show", "aa01", "--json").stdout) == ROW | {"row": json.loads(str(ROW["row"]))}
    assert asked == ["aa01", "aa01"]


def test_replay_tells_what_became_of_the_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, dict[str, Any]]] = []
    report: dict[str, Any] = {"contracts": [REPLAYED]}

    def perform(action: str, options: dict[str, Any]) -> dict[str, Any]:
        asked.append((action, options))
        return report

    monkeypatch.setattr(upkeep, "perform", perform)
    shown = assay("replay", "--contract", "silver.trades").stdout
    assert all(part in shown for part in ("silver.trades", "9", "7", "2"))
    assert json.loads(assay("replay", "--id", "aa01", "--json").stdout) == report
    report["contracts"] = []
    assert assay("replay").stdout == "nothing is set aside\n"
    assert asked == [
        ("quarantine-replay", {"contract": "silver.trades", "id": ""}),
        ("quarantine-replay", {"contract": None, "id": "aa01"}),
        ("quarantine-replay", {"contract": None, "id": ""}),
    ]
