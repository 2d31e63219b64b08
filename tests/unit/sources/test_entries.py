"""The journal as a source, on a real DynamoDB interface: what the journal writes is what bronze reads."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from assay.errors import InputError
from assay.runtime import clients
from assay.runtime.journal import Journal
from assay.sources.entries import Entries

NOON = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
TODAY = date(2026, 1, 7)


@pytest.fixture
def entries(aws: str) -> Entries:
    assert aws
    name = f"journal-{uuid.uuid4().hex[:8]}"
    client = clients.dynamodb()
    client.create_table(
        TableName=name,
        KeySchema=[
            {"AttributeName": "day", "KeyType": "HASH"},
            {"AttributeName": "entry", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": "day", "AttributeType": "S"},
            {"AttributeName": "entry", "AttributeType": "S"},
            {"AttributeName": "run_id", "AttributeType": "S"},
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "run",
                "KeySchema": [
                    {"AttributeName": "run_id", "KeyType": "HASH"},
                    {"AttributeName": "entry", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    return Entries(client, name)


def journal(entries: Entries, at: datetime) -> Journal:
    now: Callable[[], datetime] = lambda: at  # noqa: E731 a clock that stands
    return Journal("r-1", "assay-ingest", date(2026, 1, 5), entries.table, now=now)


def test_what_the_journal_writes_is_read_in_python_types(entries: Entries) -> None:
    with journal(entries, NOON).step("load rds") as step:
        step.rows_in, step.rows_out = 12, 10
    started, ended = entries.since(None, TODAY)
    assert started == {
        "day": "2026-01-05", "entry": "2026-01-05T12:00:00.000000Z#r-1#assay-ingest#load rds",
        "run_id": "r-1", "job": "assay-ingest", "step": "load rds",
        "state": "STARTED", "rows_in": None, "rows_out": None,
        "rows_quarantined": None, "seconds": None, "error": None, "warnings": None, "week": "2026-01-05",
        "_extra": None,
    }  # fmt: skip
    assert (ended["state"], ended["rows_in"], ended["rows_out"]) == ("SUCCEEDED", 12, 10)
    assert isinstance(ended["seconds"], float)


def test_from_a_point_in_time_over_days(entries: Entries) -> None:
    for days in (-1, 0, 1, 2):
        with journal(entries, NOON + timedelta(days=days)).step("s"):
            pass
    found = [str(entry["entry"])[:13] for entry in entries.since("2026-01-05T12", TODAY)]
    assert found == ["2026-01-05T12"] * 2 + ["2026-01-06T12"] * 2 + ["2026-01-07T12"] * 2
    assert list(entries.since("2026-01-07T12:00:00.000002", TODAY)) == []
    assert len(list(entries.since(None, TODAY))) == 8


def test_what_the_journal_never_writes_is_kept_beside_the_entry(entries: Entries) -> None:
    item: dict[str, Any] = {
        "day": {"S": "2026-01-05"}, "entry": {"S": "2026-01-05T12:00:00.000000Z#r#j#s"},
        "rows_in": {"N": "99999999999999999999"}, "rows_out": {"N": "1.5"}, "rows_quarantined": {"S": "2"},
        "seconds": {"N": "1E+100"}, "error": {"B": b"\xff"}, "week": {"NULL": True},
    }  # fmt: skip
    entries.client.put_item(TableName=entries.table, Item=item)
    (found,) = entries.since(None, TODAY)
    assert {name for name, value in found.items() if value is not None} == {"day", "entry", "_extra"}
    kept = json.loads(str(found["_extra"]))
    assert sorted(kept) == ["error", "rows_in", "rows_out", "rows_quarantined", "seconds"]
    assert kept["rows_in"] == {"N": "99999999999999999999"}


def test_a_journal_that_is_not_there_is_named(entries: Entries) -> None:
    with pytest.raises(InputError, match="cannot read the journal nowhere"):
        list(Entries(entries.client, "nowhere").since(None, TODAY))


def test_the_entries_of_one_run(entries: Entries) -> None:
    for run_id, at in (("r-2", NOON), ("r-1", NOON + timedelta(days=1)), ("r-2", NOON + timedelta(days=1))):
        with Journal(run_id, "assay-ingest", date(2026, 1, 5), entries.table, now=lambda at=at: at).step("s"):  # type: ignore[misc]
            pass
    found = list(entries.of_run("r-2"))
    assert [(entry["run_id"], str(entry["day"])) for entry in found] == [
        ("r-2", "2026-01-05"), ("r-2", "2026-01-05"), ("r-2", "2026-01-06"), ("r-2", "2026-01-06"),
    ]  # fmt: skip
    assert list(entries.of_run("r-3")) == []
    with pytest.raises(InputError, match="cannot read the journal nowhere"):
        list(Entries(entries.client, "nowhere").of_run("r-1"))
