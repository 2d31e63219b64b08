"""Change files whose columns or bytes are not what the contract says, on real S3 and Spark."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, get_args

import pyarrow as pa
import pytest
from pyspark.sql import functions as F

from assay.errors import ContractError, TerminalError
from assay.lake.contracts import Contract, SchemaMode
from assay.lake.refine import refine
from assay.lake.tables import Lake
from assay.sources import changes
from assay.sources.inspection import unreadable
from assay.sources.intake import Intake
from assay.sources.landing import Position

AT = datetime(2026, 1, 6, 10, tzinfo=UTC)
NAMES = [f"20260112-03150000{n}" for n in range(10)]
Source = Any  # of conftest.py, which cannot be imported
TRADE: dict[str, Any] = {
    "trade_id": 1, "customer_id": 1, "asset": "X", "side": "buy", "quantity": 1, "price": 1, "notional": 1,
    "traded_at": AT,
}  # fmt: skip
NOT_TEXT = pa.array([b"A\xff"], pa.binary()).cast(pa.string(), safe=False)[0]


def quote(hour: int, **more: Any) -> dict[str, Any]:
    price = pa.scalar(Decimal(10), pa.decimal128(18, 4))
    return {"asset": "ABC", "quoted_at": AT + timedelta(hours=hour), "price": price, **more}


def folder(source: Source, table: str) -> str:
    return f"s3://{source.landing.bucket}/rds/brokerage/{table}/"


def without(row: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != name}


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def intake(lake: Lake, source: Source, said: list[str]) -> Intake:
    return Intake(lake, source.landing, warn=said.append)


def test_columns_that_change_are_kept_and_nothing_is_rounded(
    intake: Intake, lake: Lake, source: Source, said: list[str]
) -> None:
    exact, finer = Decimal("1.5"), Decimal("1.00005")
    wide = pa.decimal128(30, 8)
    source.file("quotes", NAMES[0], [quote(0)], first=1)
    source.file(
        "quotes",
        NAMES[1],
        [
            quote(1, price=pa.scalar(exact, wide), venue="X", at=AT),
            quote(2, price=pa.scalar(finer, wide), venue=None, at=None),
        ],
        first=2,
    )
    source.file("quotes", NAMES[2], [without(quote(3), "price")], first=4)
    source.file("quotes", NAMES[3], [quote(4, asset=NOT_TEXT)], first=5)
    source.file("quotes", NAMES[4], [quote(0, quoted_at=date(1, 1, 1), price=float("nan"))], first=6)
    assert intake.tables() == 6
    when = F.col("quoted_at").cast("string")  # Python has no moment in the first day of year 1
    rows = lake.read("bronze.quotes").withColumn("quoted_at", when).orderBy("_change_seq").collect()
    assert [row["price"] for row in rows] == [Decimal(10), exact, None, None, Decimal(10), None]
    assert rows[5]["quoted_at"] == "0001-01-01 00:00:00"
    assert rows[4]["asset"] is None
    assert [json.loads(row["_extra"] or "null") for row in rows] == [
        None,
        {"venue": "X", "at": "2026-01-06T10:00:00.000000Z"},
        {"price": 1.00005},
        None,
        {"asset": "base64:Qf8="},
        {"price": "NaN"},
    ]
    assert [sentence.partition(" (first")[0].partition(f" {NAMES[2]}")[0] for sentence in sorted(said)] == [
        "bronze.quotes: 1 values of asset are no string",
        "bronze.quotes: 1 values of at are of a column that the contract does not know",
        "bronze.quotes: 1 values of venue are of a column that the contract does not know",
        "bronze.quotes: 2 values of price are no decimal(18,4)",
        f"bronze.quotes: {folder(source, 'quotes')}{NAMES[2]}.parquet lacks price (1 such files): null there",
    ]


def take(lake: Lake, source: Source, mode: SchemaMode, said: list[str]) -> int:
    contract = replace(Contract.load("bronze.quotes"), schema_mode=mode)
    files = source.landing.captured("quotes", Position()).files
    batch = changes.Batch(source.landing, files, [], {"landing": "x"})
    return changes.take(lake, contract, [batch], at=AT, warn=said.append)


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (quote(0, venue="X"), r"quotes/20260112-031500001.parquet has column venue, which the contract does"),
        (
            quote(0, price=1.5),
            r"has price as double, not decimal\(18,4\), and the contract's schemaMode is fr",
        ),
        (without(quote(0), "price"), "lacks column price, and the contract's schemaMode is freeze"),
        (quote(0, asset=NOT_TEXT), r"1 values of asset do not fit its type \(first in s3://\S+1.parquet\)"),
    ],
)
def test_a_frozen_contract_halts_before_anything_is_written(
    lake: Lake, source: Source, row: dict[str, Any], sentence: str
) -> None:
    source.file("quotes", NAMES[0], [quote(1)])
    source.file("quotes", NAMES[1], [row])
    with pytest.raises(ContractError, match=sentence):
        take(lake, source, "freeze", [])
    assert not lake.exists("bronze.quotes")


def test_values_that_are_to_be_left_out_are_counted(lake: Lake, source: Source, said: list[str]) -> None:
    source.file("quotes", NAMES[0], [quote(0, venue="X"), quote(1, venue="Y")])
    assert take(lake, source, "discard_value", said) == 2
    assert lake.read("bronze.quotes").where("_extra is not null").isEmpty()
    (sentence,) = said
    assert sentence.startswith("bronze.quotes: 2 values of venue are of a column that the contract does not")
    assert sentence.endswith("; left out")
    assert set(get_args(SchemaMode)) == {"evolve", "freeze", "discard_row", "discard_value"}


def test_a_bad_file_stops_its_table_alone_until_it_is_put_right(
    intake: Intake, lake: Lake, source: Source
) -> None:
    source.quotes(NAMES[0], 0)
    empty = source.put("quotes", NAMES[1], b"")
    source.landing.client.put_object(
        Bucket=source.landing.bucket, Key="rds/brokerage/quotes/notes.txt", Body=b"?"
    )
    source.load(NAMES[1])
    sentence = rf"of 3 new files 2 cannot be taken in: \S+notes.txt has a name .* {empty} is empty .*put each"
    with pytest.raises(TerminalError, match=sentence):
        intake.tables()
    assert lake.read("bronze.loads").count() == 1
    assert lake.read("bronze.quotes").isEmpty()
    source.landing.client.delete_object(Bucket=source.landing.bucket, Key="rds/brokerage/quotes/notes.txt")
    source.quotes(NAMES[1], 1, first=2)
    assert intake.tables() == 2
    assert intake.tables() == 0


@pytest.mark.parametrize(
    ("row", "drop", "sentence"),
    [
        ({"asset": "X"}, None, "is of another table: it has the columns asset, Op, dms_ts, change_seq"),
        (TRADE, None, "is of another table: it has the columns trade_id, customer_id, asset,"),
        (quote(0), "change_seq", "has no column change_seq, without which changes have no order"),
        (
            quote(0, change_seq=1),
            None,
            "has a column change_seq of type bigint; change capture writes a string",
        ),
        (
            quote(0, noon=pa.scalar(1, pa.time64("us"))),
            None,
            r"of a type that Spark cannot read, (INT64 \(TIME\(MICROS,false\)\)|TIME); change its type",
        ),
    ],
)
def test_a_file_that_does_not_belong_is_refused(
    intake: Intake, source: Source, row: dict[str, Any], drop: str | None, sentence: str
) -> None:
    source.file("quotes", NAMES[0], [row], drop=drop)
    with pytest.raises(TerminalError, match=sentence):
        intake.tables()


def test_damage_between_the_pages_names_the_file(intake: Intake, lake: Lake, source: Source) -> None:
    source.quotes(NAMES[0], *range(5))
    key = f"rds/brokerage/quotes/{NAMES[0]}.parquet"
    body = source.landing.client.get_object(Bucket=source.landing.bucket, Key=key)["Body"].read()
    damaged = source.put("quotes", NAMES[0], body[:4] + b"\xff" * 60 + body[64:])
    with pytest.raises(TerminalError, match=f"{damaged} is damaged: its columns cannot be unpacked; put it"):
        intake.tables()
    assert lake.read("bronze.quotes").isEmpty()
    assert unreadable(ValueError("of something else")) is None


def keys(lake: Lake) -> Sequence[int]:
    return [row["customer_id"] for row in lake.read("silver.customers").orderBy("customer_id").collect()]


def test_files_in_any_order_and_twice_end_in_the_same_rows(
    intake: Intake, lake: Lake, source: Source, said: list[str]
) -> None:
    def change(name: str, operation: str, number: int, key: int) -> None:
        row = {"customer_id": key, "signed_up_at": AT, "country": "IE", "tier": "basic"}
        source.file("customers", name, [row], first=number, operation=operation)

    change(NAMES[5], "D", 5, 1)
    change(NAMES[6], "I", 6, 2)
    intake.tables()
    refine(lake)
    change(NAMES[1], "I", 1, 1)  # before its delete, but behind it
    change(NAMES[2], "I", 2, 3)
    change(NAMES[7], "I", 6, 2)  # the same change under a new name
    assert intake.tables(look_back=False) == 1
    assert intake.tables() == 2
    late = ", ".join(f"{folder(source, 'customers')}{name}.parquet" for name in NAMES[1:3])
    assert said == [f"bronze.customers: 2 files arrived behind others: {late}"]
    refine(lake)
    assert keys(lake) == [2, 3]
    source.landing.client.delete_object(
        Bucket=source.landing.bucket, Key=f"rds/brokerage/customers/{NAMES[2]}.parquet"
    )
    assert intake.tables() == 0  # a file that was taken in may go
    refine(lake)
    assert keys(lake) == [2, 3]
