"""The journal: what a step leaves behind when it works, fails, or cannot be journalled."""

from __future__ import annotations

import json
import logging
from datetime import UTC, date, datetime
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError

from assay.errors import InputError, TransientError
from assay.runtime.journal import Journal

NOON = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


class Table:
    """A real DynamoDB client whose requests are recorded before they leave the process."""

    def __init__(self, *, fails_from: int = 10**6) -> None:
        self.items: list[dict[str, Any]] = []
        self.client = boto3.client("dynamodb", region_name="eu-west-1")
        self.client.meta.events.register(
            "before-call.dynamodb.PutItem",
            self._record,  # type: ignore[arg-type] # an answer given here is not sent: botocore documents it
        )
        self._fails_from = fails_from

    def _record(self, params: dict[str, Any], **_: object) -> tuple[Any, dict[str, Any]]:
        if len(self.items) >= self._fails_from:
            raise EndpointConnectionError(endpoint_url="http://127.0.0.1:9")
        self.items.append(json.loads(params["body"])["Item"])

        class Answer:
            status_code = 200

        return Answer(), {}


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


def journal(table: Table, **more: Any) -> Journal:
    return Journal("wr_1", "assay-ingest", now=lambda: NOON, client=lambda: table.client, **more)


def test_what_a_step_warns_of_stands_at_its_end() -> None:
    table = Table()
    with journal(table).step("compact") as step:
        step.warnings += ["silver.trades has 1,204 files", "gold.runs is 9 days old"]
    started, ended = table.items
    assert "warnings" not in started
    assert ended["warnings"] == {"S": "silver.trades has 1,204 files\ngold.runs is 9 days old"}


def test_a_step_that_works_is_started_and_succeeded() -> None:
    table = Table()
    with journal(table, week=date(2026, 1, 5)).step("load rds") as step:
        step.rows_in, step.rows_out, step.rows_quarantined = 12, 10, 2
    started, ended = table.items
    assert started == {
        "day": {"S": "2026-01-05"},
        "entry": {"S": "2026-01-05T12:00:00.000000Z#wr_1#assay-ingest#load rds"},
        "run_id": {"S": "wr_1"},
        "job": {"S": "assay-ingest"},
        "step": {"S": "load rds"},
        "state": {"S": "STARTED"},
        "expires": {"N": str(int(datetime(2026, 4, 5, 12, tzinfo=UTC).timestamp()))},  # 90 days later
        "week": {"S": "2026-01-05"},
    }
    assert ended["state"] == {"S": "SUCCEEDED"}
    assert (ended["rows_in"], ended["rows_out"], ended["rows_quarantined"]) == (
        {"N": "12"},
        {"N": "10"},
        {"N": "2"},
    )
    assert float(ended["seconds"]["N"]) >= 0
    assert "error" not in ended


def test_entries_of_one_instant_have_different_keys_in_order() -> None:
    table = Table()
    mine = journal(table)
    for name in ("a", "a", "b"):
        with mine.step(name):
            pass
    entries = [item["entry"]["S"] for item in table.items]
    assert len(set(entries)) == 6
    assert entries == sorted(entries)


def divide(mine: Journal) -> None:
    with mine.step("divide") as step:
        step.rows_in = 3
        raise ZeroDivisionError("n is 0")


def test_a_step_that_fails_is_failed_and_its_error_goes_on() -> None:
    table = Table()
    with pytest.raises(ZeroDivisionError, match="n is 0"):
        divide(journal(table))
    failed = table.items[-1]
    assert (failed["state"], failed["error"]) == ({"S": "FAILED"}, {"S": "ZeroDivisionError: n is …"})
    assert failed["rows_in"] == {"N": "3"}
    assert "rows_out" not in failed
    assert "week" not in failed


def refuse(row: str) -> None:
    try:
        {}[row]
    except KeyError as cause:
        raise InputError("week 2026-01-05 was refused: trades has a row twice") from cause


def test_the_journal_keeps_what_caused_an_error_and_nothing_of_a_row() -> None:
    table = Table()
    with pytest.raises(InputError), journal(table).step("load"):
        refuse("Key (email)=(ada@example.com)")
    assert table.items[-1]["error"]["S"] == (
        "InputError: week 2026-01-05 was refused: trades has a row twice; caused by KeyError: …"
    )


def test_an_interrupted_step_is_failed() -> None:
    table = Table()
    with pytest.raises(KeyboardInterrupt), journal(table).step("wait"):
        raise KeyboardInterrupt
    assert table.items[-1]["state"] == {"S": "FAILED"}


def test_a_long_error_is_cut() -> None:
    table = Table()
    with pytest.raises(InputError, match="xxx"), journal(table).step("s"):
        raise InputError("x" * 10_000)
    assert len(table.items[-1]["error"]["S"]) == 2_000


def test_a_step_that_cannot_be_journalled_does_not_run() -> None:
    ran = False
    with (
        pytest.raises(TransientError, match="cannot write to the journal assay-journal"),
        journal(Table(fails_from=0)).step("s"),
    ):
        ran = True
    assert not ran


def test_the_steps_own_error_is_reported_when_the_journal_fails_too(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("assay").propagate = True
    with (
        caplog.at_level("ERROR", "assay"),
        pytest.raises(ZeroDivisionError),
        journal(Table(fails_from=1)).step("s"),
    ):
        raise ZeroDivisionError
    assert "journal entry lost" in caplog.text


@pytest.mark.parametrize("name", ["", "a#b"])
def test_a_name_that_would_break_the_key_is_a_defect(name: str) -> None:
    with pytest.raises(ValueError, match="must be a text without '#'"), journal(Table()).step(name):
        pass
