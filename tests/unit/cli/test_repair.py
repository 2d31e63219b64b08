"""What `rollback`, `diff`, `backfill`, `replay` and `branch` ask, show and exit with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from assay.cli import backfill, upkeep
from assay.cli.main import app

STATE = {"snapshot": 4217, "at": "2026-01-12T03:20:00+00:00", "run_id": "r-1", "rows": 40}
MOVES = [
    {"table": "silver.trades", "from": STATE | {"snapshot": 4218}, "to": STATE},
    {"table": "gold.asset_daily", "from": STATE | {"snapshot": 4219}, "to": None},
]
NOTHING = {"added": 0, "removed": 0, "changed": 0, "columns": {}}
EQUAL = {"table": "gold.asset_daily", "before": 3, "after": 3, **NOTHING}
DIFFERENT = EQUAL | {"table": "silver.trades", "changed": 1, "columns": {"price": 1}}
EXAMPLE = {"kind": "changed", "key": {"trade_id": 7}, "columns": {"price": ["1.00", "2.00"]}}


class Actions:
    """Stands in the place of the local platform: it keeps what was asked and gives what it is told to."""

    def __init__(self, **reports: Mapping[str, Any]) -> None:
        self.reports = reports
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def perform(self, action: str, options: Mapping[str, object]) -> Mapping[str, Any]:
        self.asked.append((action, dict(options)))
        return self.reports[action]


@pytest.fixture
def actions(monkeypatch: pytest.MonkeyPatch) -> Actions:
    found = Actions(
        rollback={"moves": MOVES},
        diff={"equal": False, "tables": [DIFFERENT | {"examples": [EXAMPLE]}, EQUAL | {"examples": []}]},
        backfill={
            "branch": "backfill_1",
            "equal": True,
            "tables": [EQUAL | {"examples": []}],
            "published": [],
        },
        replay={"branch": "replay_1", "equal": True, "tables": [], "published": ["bronze.loads"]},
        publish={"branch": "backfill_1", "published": ["silver.trades"]},
        drop={"branch": "backfill_1", "dropped": []},
    )
    monkeypatch.setattr(upkeep, "perform", found.perform)
    return found


def assay(*arguments: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(app, list(arguments), input=typed)


def test_rollback_shows_what_moves_and_asks(actions: Actions) -> None:
    asked = ("rollback", "silver.trades", "--to", "4217")
    options = {"table": "silver.trades", "to": 4217}
    said = assay(*asked, typed="n\n")
    assert said.exit_code == 1
    assert "4218" in said.output
    assert "cleared" in said.output
    assert actions.asked == [("rollback", options | {"dry_run": True})]
    assert "2 tables went back" in assay(*asked, typed="y\n").output
    assert actions.asked[2:] == [("rollback", options)]
    assert assay(*asked, "--yes").exit_code == 0
    dry = assay(*asked, "--dry-run", "--json")
    assert json.loads(dry.stdout) == {"moves": MOVES}
    assert actions.asked[-1] == ("rollback", options | {"dry_run": True})
    assert json.loads(assay(*asked, "--yes", "--json").stdout) == {"moves": MOVES}
    refused = assay(*asked, "--json")
    assert refused.exit_code == 2
    assert "--json asks nothing; give --yes" in refused.output


def test_diff_ends_with_1_where_something_differs(actions: Actions) -> None:
    said = assay("diff", "--branch", "backfill_1")
    assert said.exit_code == 1
    assert "price 1" in said.output
    assert (
        '{"kind": "changed", "key": {"trade_id": 7}, "columns": {"price": ["1.00", "2.00"]}}' in said.output
    )
    assert actions.asked == [("diff", {"branch": "backfill_1"})]
    actions.reports["diff"] = {"equal": True, "tables": []}
    same = assay("diff", "silver.trades", "--from", "1", "--to", "2", "--json")
    assert (same.exit_code, json.loads(same.stdout)) == (0, {"equal": True, "tables": []})
    assert actions.asked[-1] == ("diff", {"table": "silver.trades", "from_snapshot": 1, "to_snapshot": 2})


def test_backfill_compares_and_says_what_can_be_done(
    actions: Actions, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ("backfill", "--from", "2026-01-05", "--to", "2026-01-12")
    weeks = {"from_week": "2026-01-05", "to_week": "2026-01-12", "publish": False}
    said = assay(*asked)
    assert "not published; next: `assay branch publish backfill_1`" in said.output
    assert actions.asked == [("backfill", weeks)]
    monkeypatch.setattr(backfill, "_asks", lambda: True)
    assert "published: silver.trades" in assay(*asked, typed="y\n").output
    assert "not published" in assay(*asked, typed="n\n").output
    assert "published: bronze.loads" in assay("replay", "--publish").output
    assert actions.asked[-1] == ("replay", {"publish": True})
    assert json.loads(assay("replay", "--json").stdout)["branch"] == "replay_1"


def test_a_branch_is_published_or_dropped(actions: Actions) -> None:
    assert "published: silver.trades" in assay("branch", "publish", "backfill_1").output
    assert "dropped: nothing, it was done before" in assay("branch", "drop", "backfill_1").output
    assert json.loads(assay("branch", "drop", "backfill_1", "--json").stdout)["dropped"] == []
    assert [action for action, _ in actions.asked] == ["publish", "drop", "drop"]
