"""The landing bucket → bronze, over real S3 and DynamoDB interfaces: once, whole, with where it came from."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from assay.errors import ReconciliationError, TransientError
from assay.lake.refine import refine
from assay.lake.tables import Lake
from assay.medallion.promise import Change
from assay.medallion.reconcile import Promise, missing, promises
from assay.runtime import clients
from assay.runtime.journal import Journal
from assay.sources.entries import Entries
from assay.sources.intake import Intake

WEEK = date(2026, 1, 5)
COMMITTED = "2026-01-12 03:15:00.123456"
AT = datetime(2026, 1, 6, 10, tzinfo=UTC)
Source = Any  # of conftest.py, which cannot be imported


@pytest.fixture
def intake(lake: Lake, source: Source) -> Intake:
    return Intake(lake, source.landing)


# -- change files --------------------------------------------------------------------------------
def test_a_week_is_taken_in_as_it_came(intake: Intake, lake: Lake, source: Source) -> None:
    source.quotes("LOAD00000001", 1, first=None)
    source.quotes("20260112-031500123", 2, 3)
    source.load("20260112-031500123")
    assert intake.week(WEEK, wait_seconds=0) == 4
    rows = lake.read("bronze.quotes").orderBy("quoted_at").collect()
    assert [row["_change_seq"] for row in rows] == [None, "0001", "0002"]
    row = rows[1]
    assert row["quoted_at"] == datetime(2026, 1, 6, 12)  # noqa: DTZ001 Spark gives naive UTC
    assert row["_committed_at"] == datetime(2026, 1, 12, 3, 15, 0, 123456)  # noqa: DTZ001 as above
    assert (row["_op"], row["_source"], row["_run_id"]) == ("I", "rds", "r-1")
    assert (
        row["_source_file"] == f"s3://{source.landing.bucket}/rds/brokerage/quotes/20260112-031500123.parquet"
    )
    assert intake.week(WEEK, wait_seconds=0) == 0
    assert lake.read("bronze.quotes").count() == 3


def test_a_week_that_does_not_come_is_waited_for_and_then_an_error(
    intake: Intake, lake: Lake, source: Source
) -> None:
    source.quotes("20260112-031500123", 2, 3)
    with pytest.raises(
        TransientError, match=r"week 2026-01-05 has not arrived within 0 s: brokerage\.loads has no row"
    ):
        intake.week(WEEK, wait_seconds=0)
    assert lake.read("bronze.quotes").count() == 2


def test_files_that_come_while_waiting_complete_the_week(lake: Lake, source: Source) -> None:
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 2:
            source.quotes("20260112-031500124", 3, first=2)

    source.quotes("20260112-031500123", 2)
    source.load("20260112-031500123")
    taken = Intake(lake, source.landing, sleep=sleep, clock=lambda: 0.0).week(WEEK, wait_seconds=60)
    assert (taken, len(waits)) == (3, 2)


def test_what_arrived_only_in_part_is_said(intake: Intake, source: Source) -> None:
    source.quotes("20260112-031500123", 2)
    source.load("20260112-031500123")
    with pytest.raises(TransientError, match=r"bronze.quotes, week 2026-01-05: 1 of 2 changes"):
        intake.week(WEEK, wait_seconds=0)


def test_more_than_the_source_changed_is_refused(intake: Intake, source: Source) -> None:
    source.quotes("20260112-031500123", 2, 3, 4)
    source.load("20260112-031500123")
    with pytest.raises(ReconciliationError, match="3 changes arrived of a transaction that made 2"):
        intake.week(WEEK, wait_seconds=0)


def test_a_file_captured_twice_reconciles_and_counts_once_in_silver(
    intake: Intake, lake: Lake, source: Source
) -> None:
    source.quotes("20260112-031500123", 2, 3)
    source.quotes("20260112-031500999", 2, 3)
    source.load("20260112-031500999")
    assert intake.week(WEEK, wait_seconds=0) == 5
    refine(lake)
    assert lake.read("silver.quotes").count() == 2


def test_changes_of_other_transactions_are_not_counted(intake: Intake, source: Source) -> None:
    source.quotes("20260112-031500123", 2, 3)
    source.load("20260112-031500123")
    source.quotes("20260113-000000000", 5, committed="2026-01-13 00:00:00.000000", first=90)
    assert intake.week(WEEK, wait_seconds=0) == 4


def test_a_week_of_the_full_load_promises_nothing(intake: Intake, source: Source) -> None:
    source.quotes("LOAD00000001", 1, first=None)
    source.load("LOAD00000001", first=None)
    assert intake.week(WEEK, wait_seconds=0) == 2


MONEY = '{"trades": {"changes": 3, "notional": {"I": "30.30", "U": "5.05", "D": "0.00"}}}'


@pytest.mark.parametrize("updated", ["5.05", "5.06"])
def test_money_is_compared_to_the_cent_and_each_change_once(
    intake: Intake, source: Source, updated: str
) -> None:
    amounts = (("I", "10.10"), ("I", "20.20"), ("U", updated))
    rows = [
        {
            **dict.fromkeys(("customer_id", "asset", "side")),
            "trade_id": n,
            "notional": pa.scalar(Decimal(amount), pa.decimal128(18, 2)),
            "Op": op,
        }
        for n, (op, amount) in enumerate(amounts)
    ]
    for name in ("20260112-031500123", "20260112-031500124"):  # the same file once more
        source.file("trades", name, rows)
    source.load("20260112-031500124", changes=MONEY)
    if updated == "5.05":
        assert intake.week(WEEK, wait_seconds=0) == 7
        return
    sentence = (
        r"bronze\.trades, week 2026-01-05: notional of the updated rows sums to 5\.06 and the source says "
        r"5\.05; all 3 changes are there"
    )
    with pytest.raises(ReconciliationError, match=sentence):
        intake.week(WEEK, wait_seconds=0)


def test_promises_that_cannot_be_read_are_refused(intake: Intake, source: Source) -> None:
    source.load("20260112-031500123", changes="many")
    with pytest.raises(
        ReconciliationError, match="loads, week 2026-01-05: changes is 'many'; it must be a JSON"
    ):
        intake.week(WEEK, wait_seconds=0)


def test_killed_between_tables_and_repeated_takes_each_row_once(
    intake: Intake, lake: Lake, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    source.quotes("20260112-031500123", 2, 3)
    source.load("20260112-031500123")
    append = Lake.append

    def kill(self: Lake, name: str, *more: Any) -> Any:
        if name == "bronze.quotes":
            raise KeyboardInterrupt
        return append(self, name, *more)

    with monkeypatch.context() as patch:
        patch.setattr(Lake, "append", kill)
        with pytest.raises(KeyboardInterrupt):
            intake.week(WEEK, wait_seconds=0)
    again = Intake(Lake(lake.spark, "r-1", lake.catalog), source.landing)
    assert again.week(WEEK, wait_seconds=0) == 2
    assert (lake.read("bronze.loads").count(), lake.read("bronze.quotes").count()) == (1, 2)


def test_nothing_promised_nothing_missing(lake: Lake) -> None:
    assert promises(lake.read("bronze.loads")) == []
    promise = Promise(WEEK, 0, {"quotes": Change(2)})
    assert missing([promise], {}) == ["bronze.quotes, week 2026-01-05: 0 of 2 changes"]
    assert missing([promise], {("quotes", 0): Change(2)}) == []


def test_what_was_given_up_to_forget_a_person_has_arrived() -> None:
    money = Change(3, {("notional", "I"): Decimal(10)})
    promise = Promise(WEEK, 5, {"trades": money})
    here = {("trades", 5): Change(2, {("notional", "I"): Decimal(7)})}
    assert missing([promise], here, {("trades", 5): 1}) == []
    assert missing([promise], here, {("trades", 4): 1, ("quotes", 5): 1}) == [
        "bronze.trades, week 2026-01-05: 2 of 3 changes"
    ]
    assert missing([promise], {}, {("trades", 5): 1}) == ["bronze.trades, week 2026-01-05: 1 of 3 changes"]
    with pytest.raises(ReconciliationError, match="4 changes arrived of a transaction that made 3"):
        missing([promise], here, {("trades", 5): 2})


# -- documents and journal -----------------------------------------------------------------------
def test_documents_that_cannot_be_read_leave_their_column_empty(
    lake: Lake, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr("assay.sources.intake.MAX_DOCUMENT", 10)
    monkeypatch.setattr("assay.sources.intake.DOCUMENTS_AT_A_TIME", 20)
    for n, body in enumerate((b"{}", b"\xff", b"x" * 11, b""), 1):
        key = f"parameters/shop/v{n:06}.json"
        source.landing.client.put_object(Bucket=source.landing.bucket, Key=key, Body=body)
    assert Intake(lake, source.landing, warn=said.append).documents() == 4
    rows = lake.read("bronze.parameters").orderBy("version").collect()
    assert [(row["document"], row["_extra"]) for row in rows] == [
        ("{}", None),
        (None, '{"document": "base64:/w=="}'),
        (None, '{"document": "11 bytes"}'),
        ("", None),
    ]
    folder = f"s3://{source.landing.bucket}/parameters/shop"
    assert said == [
        f"{folder}/v000002.json is no UTF-8 at byte 0; kept in _extra as base64",
        f"{folder}/v000003.json has 11 bytes; a document may have 10. It was not read",
    ]
    assert len([*lake.history("bronze.parameters", 10)]) == 2


def test_documents_come_once(intake: Intake, lake: Lake, source: Source) -> None:
    client, bucket = source.landing.client, source.landing.bucket
    assert intake.documents() == 0
    client.put_object(Bucket=bucket, Key="parameters/shop/v000001.json", Body=b'{"name": "shop"}')
    assert (intake.documents(), intake.documents()) == (1, 0)
    client.put_object(Bucket=bucket, Key="parameters/bank/v000001.json", Body=b"{}")
    client.put_object(Bucket=bucket, Key="parameters/shop/v000002.json", Body=b"{}")
    assert (intake.documents(), intake.documents()) == (2, 0)
    rows = lake.read("bronze.parameters").orderBy("blueprint", "version").collect()
    assert [(r["blueprint"], r["version"]) for r in rows] == [
        ("bank", "v000001"),
        ("shop", "v000001"),
        ("shop", "v000002"),
    ]
    assert rows[1]["_source_file"] == f"s3://{bucket}/parameters/shop/v000001.json"


def test_journal_entries_come_once_also_those_that_were_late(intake: Intake, lake: Lake) -> None:
    client = clients.dynamodb()
    table = f"journal-{uuid.uuid4().hex[:8]}"
    client.create_table(
        TableName=table,
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
    noon = datetime(2026, 1, 12, 12, tzinfo=UTC)
    entries = Entries(client, table)
    reading = Intake(lake, intake.landing, now=lambda: noon + timedelta(minutes=5))
    assert reading.journal(entries) == 0

    def write(at: datetime) -> None:
        with Journal("r-0", "assay-ingest", WEEK, table, now=lambda: at).step("s") as step:
            step.rows_in = 5

    write(noon)
    assert (reading.journal(entries), reading.journal(entries)) == (2, 0)
    write(noon - timedelta(hours=11))  # of a machine whose clock is behind
    write(noon + timedelta(minutes=1))
    assert (reading.journal(entries), reading.journal(entries)) == (4, 0)
    rows = lake.read("bronze.journal").collect()
    assert {row["rows_in"] for row in rows} == {None, 5}
    assert {row["week"] for row in rows} == {"2026-01-05"}
    assert all(row["_source_file"].startswith(f"dynamodb:{table}/2026-01-12/") for row in rows)
    refine(lake)
    assert lake.read("silver.journal").count() == 6
