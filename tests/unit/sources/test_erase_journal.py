"""Texts of the journal that mention a customer are blanked, on a real DynamoDB interface."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

import pytest

from assay.lake.units import REMOVED, Unit
from assay.runtime import clients
from assay.runtime.journal import Journal
from assay.sources import erase_journal
from assay.sources.entries import Entries

UNIT = Unit.parse("4711")


@pytest.fixture
def entries(aws: str) -> Entries:
    assert aws
    name = f"journal-{uuid.uuid4().hex[:8]}"
    key = [("day", "HASH"), ("entry", "RANGE")]
    clients.dynamodb().create_table(
        TableName=name,
        KeySchema=[{"AttributeName": n, "KeyType": kind} for n, kind in key],  # type: ignore[typeddict-item]
        AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n, _ in key],
        BillingMode="PAY_PER_REQUEST",
    )
    return Entries(clients.dynamodb(), name)


def test_its_texts_are_blanked_and_the_entries_stay(entries: Entries) -> None:
    journal = Journal("r-1", "assay-bronze", date(2026, 1, 5), entries.table)
    with journal.step("a") as step:
        step.rows_in = 4711
        step.warnings.append("customer 4711 looks strange")
    with journal.step("b") as step:
        step.warnings.append("customer 47110 looks strange")
    with pytest.raises(RuntimeError), journal.step("c"):
        raise RuntimeError("refused customer_4711")
    before: list[dict[str, Any]] = list(entries.since(None, date.max))
    assert erase_journal.erase(entries, UNIT, dry_run=True) == 2
    assert list(entries.since(None, date.max)) == before
    assert erase_journal.erase(entries, UNIT) == 2
    after = list(entries.since(None, date.max))
    assert [e["warnings"] for e in after if e["warnings"]] == [REMOVED, "customer 47110 looks strange"]
    assert [e["error"] for e in after if e["error"]] == [REMOVED]
    gone = ("warnings", "error")
    for old, new in zip(before, after, strict=True):
        assert {k: v for k, v in old.items() if k not in gone} == {
            k: v for k, v in new.items() if k not in gone
        }
    assert erase_journal.erase(entries, UNIT) == 0
