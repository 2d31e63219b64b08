"""`assay runs` on a journal in the emulator's DynamoDB."""

from __future__ import annotations

import json
import uuid
from datetime import date
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from assay.cli import upkeep
from assay.cli.main import app
from assay.errors import TransientError
from assay.runtime import clients
from assay.runtime.journal import Journal


def assay(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["runs", *arguments])


@pytest.fixture
def journal(aws: str) -> str:
    assert aws
    name = f"journal-{uuid.uuid4().hex[:8]}"
    clients.dynamodb().create_table(
        TableName=name,
        KeySchema=[
            {"AttributeName": "day", "KeyType": "HASH"},
            {"AttributeName": "entry", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": "day", "AttributeType": "S"},
            {"AttributeName": "entry", "AttributeType": "S"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    return name


def ran(journal: str) -> None:
    with Journal("wr_1", "assay-silver", date(2026, 1, 5), journal).step("tables") as step:
        step.rows_in, step.rows_out, step.rows_quarantined = 10, 7, 3
        step.warnings.append("silver.trades grows fast")
    with pytest.raises(TransientError), Journal("wr_1", "assay-gold", date(2026, 1, 5), journal).step("runs"):
        raise TransientError("S3 did not answer; run the job again")


def test_runs_are_listed_and_shown(journal: str) -> None:
    asked = ("--aws", "--journal", journal)
    assert assay("list", *asked).stdout.startswith("nothing has run yet")
    assert "nothing has run yet" in assay("show", "wr_1", *asked).stderr
    ran(journal)
    (run,) = json.loads(assay("list", *asked, "--json").stdout)["runs"]
    assert (run["run_id"], run["state"], run["rows_in"], run["rows_quarantined"]) == ("wr_1", "FAILED", 10, 3)
    assert "wr_1" in assay("list", *asked).stdout
    shown = json.loads(assay("show", "wr_1", *asked, "--json").stdout)
    assert [(step["job"], step["step"], step["state"]) for step in shown["steps"]] == [
        ("assay-silver", "tables", "SUCCEEDED"),
        ("assay-gold", "runs", "FAILED"),
    ]
    said = assay("show", "wr_1", *asked).stdout
    assert "assay-silver, tables warns: silver.trades grows fast" in said
    assert "S3 did not answer" in said
    found = assay("show", "wr_2", *asked)
    assert found.exit_code == 2
    assert "did you mean 'wr_1'?" in found.stderr


def test_alarms_decide_the_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    alarm = {"kind": "stale", "what": "gold.runs", "sentence": "gold.runs is 9 days old", "owner": "data"}
    asked: list[Any] = []

    def perform(action: str, options: dict[str, Any]) -> dict[str, Any]:
        asked.append((action, options))
        return {"alarms": [alarm] if options else []}

    monkeypatch.setattr(upkeep, "perform", perform)
    fine = assay("check")
    assert (fine.exit_code, fine.stdout.strip()) == (
        0,
        "every week that is due has run, and no table is too old",
    )
    late = assay("check", "--now", "2026-03-02")
    assert late.exit_code == 1
    assert "gold.runs is 9 days old" in late.stdout
    assert json.loads(assay("check", "--now", "2026-03-02", "--json").stdout)["alarms"] == [alarm]
    assert asked[1] == ("alarms", {"now": "2026-03-02T00:00:00Z"})


def test_what_is_set_aside_is_sent_through_again(monkeypatch: pytest.MonkeyPatch) -> None:
    done = {"contract": "silver.trades", "rows_in": 3, "merged": 2, "still_set_aside": 1}

    def perform(action: str, options: dict[str, Any]) -> dict[str, Any]:
        assert action == "quarantine-replay"
        return {"contracts": [done] if options["contract"] else []}

    monkeypatch.setattr(upkeep, "perform", perform)
    replay = ("quarantine", "replay")
    assert CliRunner().invoke(app, replay).stdout.strip() == "nothing is set aside"
    assert "silver.trades" in CliRunner().invoke(app, [*replay, "--contract", "silver.trades"]).stdout
    said = CliRunner().invoke(app, [*replay, "--contract", "silver.trades", "--json"]).stdout
    assert json.loads(said)["contracts"] == [done]
