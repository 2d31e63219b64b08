"""What a broken rule means: counted, set aside, or the end of the run; and what bronze keeps beside a row."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any, Protocol

import pytest
from pyspark.sql import functions as F

from assay.errors import ContractError
from assay.lake import contracts
from assay.lake.audit import audit
from assay.lake.contracts import Contract
from assay.lake.refine import refine
from assay.lake.tables import Lake
from assay.lake.terms import Field, Rule
from assay.medallion.silver_versions import Counts

TRADES = "silver.trades"
AT = "2026-01-06 11:00:00"
Change = Callable[..., Contract]


class Bronze(Protocol):
    lake: Lake

    def add(self, table: str, *changes: tuple[Any, ...]) -> None: ...
    def rows(self, table: str, changes: Any) -> Any: ...


@pytest.fixture
def change(monkeypatch: pytest.MonkeyPatch) -> Change:
    """Replace parts of a contract, as its file would."""

    def edit(name: str, **parts: Any) -> Contract:
        new = replace(Contract.load(name), **parts)
        load = contracts._shipped
        monkeypatch.setattr(contracts, "_shipped", lambda n, files: new if n == name else load(n, files))
        return new

    return edit


def trade(number: int, *, price: object = 10, side: str = "buy", at: str = AT) -> tuple[Any, ...]:
    return (number, 7, "ABC", side, 2, price, 20, at)


def test_a_rule_that_warns_counts_and_lets_through(lake: Lake, bronze: Bronze, change: Change) -> None:
    rules = Contract.load(TRADES).rules
    cheap, even = (
        Rule("price < 50", "price < 50", "warn"),
        Rule("trade_id % 2 = 0", "trade_id % 2 = 0", "warn"),
    )
    contract = change(TRADES, rules=(*rules, cheap, even))
    bronze.add(
        "trades",
        ("I", "01", *trade(2, price=60)),
        ("I", "02", *trade(3, price=70)),
        ("I", "03", *trade(5, price=80, side="gift")),  # set aside: no warning beside
        ("D", "04", *trade(2, price=90)),  # of a delete only its key matters
        ("I", "05", *trade(4, at="1950-01-01 00:00:00")),
    )
    counts = refine(lake)[TRADES]
    assert counts == Counts(
        5,
        rows_out=3,
        quarantined=1,
        deduplicated=1,
        warned={"price < 50": 2, "trade_id % 2 = 0": 1, "year(traded_at) between 2000 and 2100": 1},
    )
    assert counts.warnings(TRADES)[-2:] == [
        "silver.trades: 2 of 5 rows break `price < 50` (warn)",
        "silver.trades: 1 of 5 rows break `trade_id % 2 = 0` (warn)",
    ]
    assert lake.read("silver.quarantine").select("reasons").collect()[0][0] == ["side in ('buy', 'sell')"]
    # The audit of the table agrees, and a stricter severity makes it refuse the same rows.
    assert audit(contract, lake.read(TRADES)) == 2
    strict = replace(contract, rules=(*rules, replace(cheap, severity="halt")))
    with pytest.raises(ContractError, match="1 of 2 rows break price < 50"):
        audit(strict, lake.read(TRADES))


def test_a_rule_that_halts_stops_before_anything_is_published(
    lake: Lake, bronze: Bronze, change: Change
) -> None:
    rules = Contract.load(TRADES).rules
    halt = Rule("price < 50", "price < 50", "halt")
    change(TRADES, rules=(*rules, halt))
    bronze.add("trades", ("I", "01", *trade(1)))
    refine(lake)
    before = lake.snapshot(TRADES)
    bronze.add("trades", ("I", "02", *trade(2, price=60)), ("I", "03", *trade(3, side="gift")))
    with pytest.raises(ContractError, match=r"silver.trades: of 2 new rows 1 break `price < 50` \(halt\)"):
        refine(lake)
    assert lake.snapshot(TRADES) == before
    assert not lake.exists("silver.quarantine")
    # As the message says: with a milder severity the same run goes on, from where it stopped.
    change(TRADES, rules=(*rules, replace(halt, severity="quarantine")))
    assert refine(lake)[TRADES] == Counts(rows_in=2, rows_out=0, quarantined=2, deduplicated=0)


# -- what bronze keeps beside a row ----------------------------------------------------------------
EXTRA = Field("_extra", "string", False, "Values of columns that the contract does not know, JSON.")


def beside(bronze: Bronze, rows: list[tuple[tuple[Any, ...], str | None]]) -> None:
    """Append rows of bronze.trades with what is kept beside each."""
    frame = bronze.rows("trades", [row for row, _ in rows])
    extras = F.lit(None).cast("string")
    for row, extra in rows:
        extras = F.when(F.col("_change_seq") == row[1], F.lit(extra)).otherwise(extras)
    frame = frame.withColumn("_extra", extras)
    bronze.lake.append("bronze.trades", frame, {"landing": rows[0][0][1]})


def test_values_that_did_not_fit_their_type_are_the_reason(
    lake: Lake, bronze: Bronze, change: Change
) -> None:
    fields = Contract.load("bronze.trades").fields
    if EXTRA.name not in {field.name for field in fields}:
        change("bronze.trades", fields=(*fields, EXTRA))
    beside(
        bronze,
        [
            (("I", "01", *trade(1)), None),
            (("I", "02", *trade(2, price=None)), '{"price": "cheap"}'),
            (("I", "03", *trade(3, price=None)), '{"price": "10.12345"}'),  # a digit would be lost
            (("I", "04", *trade(4, price=None)), '{"price": "10.5"}'),  # fits after all
            (("I", "05", *trade(5)), '{"colour": "red"}'),  # of no concern here
        ],
    )
    assert refine(lake)[TRADES] == Counts(rows_in=5, rows_out=3, quarantined=2, deduplicated=0)
    aside = {r["_change_seq"]: r for r in lake.read("silver.quarantine").collect()}
    assert {number: row["reasons"] for number, row in aside.items()} == {
        "02": ["price is decimal(18,4)", "price is not null"],
        "03": ["price is decimal(18,4)", "price is not null"],
    }
    assert json.loads(aside["02"]["row"])["_extra"] == '{"price": "cheap"}'
    prices = {r["trade_id"]: r["price"] for r in lake.read(TRADES).collect()}
    assert prices == {1: Decimal(10), 4: Decimal("10.5"), 5: Decimal(10)}


def test_a_column_that_the_contract_learns_of_comes_from_beside(
    lake: Lake, bronze: Bronze, change: Change
) -> None:
    fields = Contract.load("bronze.trades").fields
    if EXTRA.name not in {field.name for field in fields}:
        change("bronze.trades", fields=(*fields, EXTRA))
    beside(bronze, [(("I", "01", *trade(1)), '{"venue": "X", "rank": 7}')])
    refine(lake)
    venue, rank = Field("venue", "string", False, "Venue."), Field("rank", "int", False, "Rank.")
    change(TRADES, fields=(*Contract.load(TRADES).fields, venue, rank))
    beside(
        bronze,
        [
            (("I", "02", *trade(2)), '{"venue": "Y", "rank": 8}'),
            (("I", "03", *trade(3)), None),
            (("I", "04", *trade(4)), '{"rank": 8.5}'),
        ],
    )
    refine(lake)
    found = {r["trade_id"]: (r["venue"], r["rank"]) for r in lake.read(TRADES).collect()}
    assert found == {1: (None, None), 2: ("Y", 8), 3: (None, None)}
    assert lake.read("silver.quarantine").collect()[0]["reasons"] == ["rank is int"]
