from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from assay.cli import upkeep
from assay.cli.main import app

DONE = {
    "table": "silver.trades",
    "files_before": 1204,
    "files_after": 3,
    "bytes_before": 12_000_000,
    "bytes_after": 9_500_000,
    "small_files": 1,
    "compacted": 1203,
    "branches": 1,
    "expired": 7,
    "kept": 5,
    "kept_since": "2026-01-05T03:15:00+00:00",
    "orphans": 2,
    "statistics": True,
    "seconds": 4.2,
}
UNTOUCHED = DONE | {"table": "gold.runs", "files_after": 1204, "bytes_after": 12_000_000, "expired": 0}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """What the action is told, in place of the job, which tests/spark and tests/stack run."""
    found: list[tuple[str, dict[str, Any]]] = []

    def perform(action: str, options: dict[str, Any]) -> dict[str, Any]:
        found.append((action, options))
        return {"dry_run": options["dry_run"], "tables": [DONE, UNTOUCHED], "warnings": ["too many files"]}

    monkeypatch.setattr(upkeep, "perform", perform)
    return found


def test_each_table_is_a_line_and_a_warning_a_sentence(asked: list[Any]) -> None:
    answer = CliRunner().invoke(app, ["maintain", "--table", "silver.trades", "-t", "gold.runs"])
    assert answer.exit_code == 0
    assert asked == [
        ("maintain", {"tables": ["silver.trades", "gold.runs"], "keep_days": 7, "dry_run": False})
    ]
    for part in (
        "silver.trades",
        "1,204 → 3",
        "12.00 → 9.50",
        "12 → 5",
        "2026-01-05T03:15",
        "too many files",
    ):
        assert part in answer.output


def test_a_program_gets_the_report_as_it_is(asked: list[Any]) -> None:
    answer = CliRunner().invoke(app, ["maintain", "--dry-run", "--keep-days", "30", "--json"])
    assert json.loads(answer.stdout)["tables"][0] == DONE
    assert asked[0][1] == {"tables": [], "keep_days": 30, "dry_run": True}
