"""The rule between sources, and the series that are made of the prices it chooses."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from itertools import permutations
from typing import Any

import numpy as np
import pytest
from pyspark.sql import DataFrame, SparkSession

from assay.lake import Contract, markets, states
from assay.medallion import gold_market, market_rule
from assay.spark import local
from assay.spark.local import FEW, few, frame

from .conftest import World, moment

API, LEGACY, PAGE = market_rule.ORDER
QUOTES = "asset string, day date, source string, exchange string, currency string, price decimal(18,6)"
MONDAY = date(2026, 1, 5)


def said(spark: SparkSession, *words: tuple[str, str]) -> dict[str, Any]:
    """What is chosen on one day from these words: source and price."""
    rows = [("DAX", MONDAY, source, "XETR", "DEM", Decimal(price)) for source, price in words]
    (found,) = market_rule.chosen(frame(spark, rows, QUOTES)).collect()
    return found.asDict()


@pytest.mark.parametrize(
    ("words", "price", "dissenting"),
    [
        ([(PAGE, "100")], "100", []),
        ([(PAGE, "100"), (LEGACY, "1000")], "1000", [PAGE]),  # no majority: the first in order
        ([(PAGE, "100"), (API, "100.4")], "100.4", []),
        ([(API, "100"), (LEGACY, "1000"), (PAGE, "100.1")], "100.1", [LEGACY]),
        ([(API, "100"), (LEGACY, "1000"), (PAGE, "10")], "100", [LEGACY, PAGE]),
        ([(API, "100"), (LEGACY, "100.5"), (PAGE, "100")], "100", []),  # exactly the tolerance
        ([(API, "100"), (LEGACY, "100.500001"), (PAGE, "100")], "100", [LEGACY]),
        ([(API, "4"), (LEGACY, "3"), (PAGE, "2"), ("mine", "1")], "2", [API, LEGACY, "mine"]),
        ([("mine", "9"), (PAGE, "1")], "1", ["mine"]),  # what is not in the order comes after it
        ([("yours", "9"), ("mine", "1")], "1", ["yours"]),
    ],
)
def test_the_rule(
    spark: SparkSession, words: list[tuple[str, str]], price: str, dissenting: list[str]
) -> None:
    found = said(spark, *words)
    assert (found["price"], found["dissenting"]) == (Decimal(price), dissenting)
    assert sorted(found["sources"]) == sorted(source for source, _ in words)
    prices = [float(each) for _, each in words]
    assert found["spread"] == pytest.approx((max(prices) - min(prices)) / float(price))


def test_the_order_of_rows_does_not_matter(spark: SparkSession) -> None:
    words = [(PAGE, "10"), (API, "100"), (LEGACY, "1000")]
    found = [said(spark, *each) for each in permutations(words)]
    assert all(each == found[0] for each in found)
    assert found[0]["sources"] == [API, LEGACY, PAGE]


SPLITS, RATES = "asset string, day date, ratio decimal(18,6)", "currency string, day date, rate decimal(18,6)"


def day(n: int) -> date:
    return MONDAY + timedelta(days=n)


def quoted(spark: SparkSession, prices: dict[int, str], currency: str = "DEM") -> DataFrame:
    rows = [("DAX", day(n), API, "XETR", currency, Decimal(price)) for n, price in prices.items()]
    return market_rule.chosen(frame(spark, rows, QUOTES))


def made(spark: SparkSession, prices: DataFrame, **more: Any) -> dict[date, dict[str, Any]]:
    """The series, where the exchange is open on the first 30 days."""
    sessions = frame(spark, [("XETR", day(n)) for n in range(30)], "exchange string, day date")
    days = gold_market.on_sessions(prices, sessions)
    splits = frame(spark, more.get("splits", []), SPLITS)
    rows = gold_market.series(days, splits, frame(spark, more.get("rates", []), RATES)).collect()
    return {row["day"]: row.asDict() for row in rows}


def test_a_session_without_a_price_is_a_row_and_a_price_without_a_session_is_none(
    spark: SparkSession,
) -> None:
    rows = made(spark, quoted(spark, {2: "100", 4: "110", 40: "9"}))
    assert sorted(rows) == [day(n) for n in range(2, 30)]  # from the first quote on
    silent = rows[day(3)]
    assert (silent["exchange"], silent["is_session"]) == ("XETR", True)
    held = {name: silent[name] for name in gold_market.COLUMNS if name not in {"exchange", "is_session"}}
    assert set(held.values()) == {None}
    assert rows[day(4)]["log_return"] == pytest.approx(np.log(1.1))  # over the gap
    assert rows[day(2)]["log_return"] is None


def test_splits_change_the_past_and_not_what_was_quoted(spark: SparkSession) -> None:
    prices = quoted(spark, {0: "1000", 1: "101", 2: "51", 3: "52"})
    splits = [("DAX", day(1), Decimal(10)), ("DAX", day(2), Decimal(2)), ("SMI", day(3), Decimal(7))]
    rows = made(spark, prices, splits=splits)
    assert [rows[day(n)]["price"] for n in range(3)] == [1000, 101, 51]
    assert [rows[day(n)]["adjusted_close"] for n in range(4)] == [50, Decimal("50.5"), 51, 52]
    assert rows[day(1)]["log_return"] == pytest.approx(np.log(1.01))


def test_a_rate_holds_until_the_next_one(spark: SparkSession) -> None:
    prices = quoted(spark, {0: "100", 1: "100", 2: "100", 3: "100"})
    rates = [("DEM", day(1), Decimal("0.5")), ("DEM", day(3), Decimal("0.6")), ("GBP", day(0), Decimal(2))]
    rows = made(spark, prices, rates=rates)
    assert [rows[day(n)]["close_account"] for n in range(4)] == [None, 50, 50, 60]
    own = made(spark, quoted(spark, {0: "100"}, gold_market.ACCOUNT))
    assert own[day(0)]["close_account"] == 100


def test_volatility_is_that_of_the_last_20_returns(spark: SparkSession) -> None:
    prices = np.round(np.exp(np.cumsum(np.random.default_rng(1).normal(0, 0.01, 24))) * 100, 4)
    known = {n: f"{price:.4f}" for n, price in enumerate(prices) if n != 5}  # nobody quoted day 5
    rows = made(spark, quoted(spark, known))
    closes = np.delete(prices, 5)
    returns = np.diff(np.log(closes))
    assert [n for n in range(24) if rows[day(n)]["volatility_20"] is not None] == [21, 22, 23]
    for back, n in enumerate((23, 22, 21)):
        last = returns[len(returns) - 20 - back : len(returns) - back]
        assert rows[day(n)]["volatility_20"] == pytest.approx(np.std(last, ddof=1) * np.sqrt(252))


# -- through the lake: brought up to date = made from nothing -----------------------------------------------
TABLES = (markets.DAILY, markets.PORTFOLIOS)
MORE = {"exchange": "XETR", "currency": "DEM"}


def quote(world: World, n: int, source: str, price: str, *, deleted: bool = False, **more: Any) -> None:
    row = {"asset": "DAX", "day": day(n), "source": source, "price": Decimal(price), "_deleted": deleted}
    world.change(markets.QUOTES, **{**row, **MORE, **more})


def trade(world: World, number: int, customer: int, n: int, units: str, **more: Any) -> None:
    row = {
        "trade_id": number, "customer_id": customer, "asset": "BTC", "side": "buy", "price": Decimal(10),
        "quantity": Decimal(units), "notional": 10 * Decimal(units), "traded_at": moment(day(n), 12),
    }  # fmt: skip
    world.change("silver.trades", **{**row, **more})


def customer(world: World, number: int, country: str, *, deleted: bool = False) -> None:
    world.change(
        "silver.customers", customer_id=number, signed_up_at=moment(MONDAY), country=country, tier="basic",
        _deleted=deleted,
    )  # fmt: skip


def own(world: World, n: int, price: str) -> None:
    world.change("silver.quotes", asset="BTC", quoted_at=moment(day(n), 9), price=Decimal(price))


def held(world: World, branch: str = "main") -> dict[str, list[dict[str, Any]]]:
    lake = world.lake.on(branch) if branch != "main" else world.lake
    return {
        name: [
            {k: v for k, v in row.asDict().items() if k != "_run_id"}
            for row in lake.read(name).orderBy(*Contract.load(name).keys).collect()
        ]
        for name in TABLES
    }


def refreshed(world: World, as_of: date) -> list[str]:
    """Publish what was changed and bring gold up to date; it must be what it is from nothing."""
    warnings: list[str] = []
    world.publish()
    markets.refresh(world.lake, as_of, warn=warnings.append)
    lake = world.lake.on("check")
    for name in TABLES:
        lake.clear(name)
    markets.refresh(lake, as_of)
    assert held(world) == held(world, "check")
    for name in TABLES:
        states.drop(world.lake, name, "check")
    return warnings


def five_weeks(world: World) -> None:
    """Quotes of two sources, an asset of the brokerage's own, and who traded it."""
    open_on = [n for n in range(35) if day(n).weekday() < 5]
    for n in open_on:
        quote(world, n, API, f"{1000 + n}")
        quote(world, n, LEGACY, f"{1000 + n}.5")
        own(world, n, f"{20 + n}")
    quote(world, 5, PAGE, "7")  # a Saturday
    world.change(markets.RATES, currency="DEM", day=MONDAY, rate=Decimal("0.5"))
    for number, country in ((1, "DE"), (2, "DE"), (3, "FR")):
        customer(world, number, country)
    trade(world, 1, 1, 2, "3")
    trade(world, 2, 2, 4, "1", side="sell")
    trade(world, 3, 3, 4, "2")
    trade(world, 4, -7, 4, "9")  # a canary is nobody's customer
    trade(world, 5, 9, 4, "1")  # nobody knows this customer
    trade(world, 7, 3, 5, "1", asset="ETH")  # on a Saturday, after Friday's close
    world.change("silver.quotes", asset="ETH", quoted_at=moment(day(4), 9), price=Decimal(8))


@pytest.mark.long
@pytest.mark.parametrize("most", [FEW, 0])
def test_brought_up_to_date_it_is_what_it_is_from_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(local, "few", partial(few, most=most))  # with 0 Spark keeps the frames
    monkeypatch.setattr(markets, "FEW", most)
    five_weeks(world)
    strays = "silver.market_quotes: quotes on days without a session are in no price"
    assert refreshed(world, day(35)) == [f"{strays}: DAX 2026-01-10 by closes_page"]
    rows = held(world)
    dax = {row["day"]: row for row in rows[markets.DAILY] if row["asset"] == "DAX"}
    assert len(dax) == 25
    assert (dax[day(1)]["close"], dax[day(1)]["close_account"]) == (1001, Decimal("500.5"))
    assert dax[day(32)]["volatility_20"] is not None
    (saturday,) = [row for row in rows[markets.PORTFOLIOS] if row["asset"] == "ETH"]
    assert (saturday["day"], saturday["market_value"], saturday["profit"]) == (day(5), 8, -2)
    last = {row["portfolio"]: row for row in rows[markets.PORTFOLIOS] if row["day"] == day(32)}
    assert {name: (row["units"], row["market_value"]) for name, row in last.items()} == {
        "DE": (2, 104), "FR": (2, 104), "unknown": (1, 52),
    }  # fmt: skip
    assert sum(row["profit"] for row in rows[markets.PORTFOLIOS] if row["portfolio"] == "DE") == 104 - 20

    quote(world, 3, PAGE, "1003.1")  # late: now there are three
    quote(world, 8, API, "1100")  # corrected
    for source in (API, LEGACY):
        quote(world, 15, source, "1", deleted=True)
    own(world, 3, "99")
    trade(world, 6, 1, 1, "5")  # late, before all others
    trade(world, 2, 2, 4, "4", side="sell")  # corrected
    assert refreshed(world, day(35)) == []
    rows = held(world)
    dax = {row["day"]: row for row in rows[markets.DAILY] if row["asset"] == "DAX"}
    assert dax[day(3)]["close"] == Decimal("1003.1")
    assert (dax[day(15)]["is_session"], dax[day(15)]["close"]) == (True, None)
    assert dax[day(8)]["dissenting"] == [LEGACY]

    world.change(markets.SPLITS, asset="DAX", day=day(30), ratio=Decimal(10))  # late
    world.change(markets.RATES, currency="DEM", day=day(10), rate=Decimal("0.7"))  # late
    customer(world, 2, "FR")  # moved
    customer(world, 9, "DE")  # late
    customer(world, 3, "FR", deleted=True)  # forgotten
    trade(world, 3, 3, 4, "2", _deleted=True)
    assert refreshed(world, day(42)) == []  # and a week without any quote
    rows = held(world)
    dax = {row["day"]: row for row in rows[markets.DAILY] if row["asset"] == "DAX"}
    assert dax[day(0)]["adjusted_close"] == 100
    assert dax[day(11)]["close_account"] == Decimal("707.7")
    assert [dax[day(n)]["close"] for n in range(35, 40)] == [None] * 5
    last = {row["portfolio"]: row for row in rows[markets.PORTFOLIOS] if row["day"] == day(32)}
    assert {name: row["units"] for name, row in last.items()} == {"DE": 9, "FR": -4}


@pytest.mark.long
def test_nothing_is_written_twice_and_weeks_can_be_made_anew(world: World) -> None:
    quote(world, 0, API, "1000")
    quote(world, 0, LEGACY, "1000", exchange="XXXX", asset="ODD")
    own(world, 0, "20")
    customer(world, 1, "DE")
    trade(world, 1, 1, 0, "3")
    world.publish()
    told: list[str] = []
    assert markets.refresh(world.lake, day(7), warn=told.append) > 0
    assert told == ["gold.asset_daily: no calendar of XXXX is known; days without quotes do not show there"]
    before = held(world)
    assert {row["asset"] for row in before[markets.DAILY]} == {"BTC", "DAX", "ODD"}
    states_before = {name: world.lake.snapshot(name) for name in TABLES}
    assert markets.refresh(world.lake, day(7)) == 0
    assert markets.refresh(world.lake, day(1)) == 0  # an earlier week goes back on nothing
    assert {name: world.lake.snapshot(name) for name in TABLES} == states_before
    assert markets.refresh(world.lake, anew=[MONDAY]) > 0
    assert held(world) == before


@pytest.mark.long
def test_a_lake_from_before_gains_the_columns(world: World) -> None:
    own(world, 0, "20")
    world.publish()
    markets.asset_daily(world.lake, day(7))
    gained = [name for name in gold_market.COLUMNS if name != "price"]
    world.spark.sql(f"ALTER TABLE {world.catalog}.{markets.DAILY} DROP COLUMNS ({', '.join(gained)})")
    customer(world, 1, "DE")
    trade(world, 1, 1, 0, "3")
    quote(world, 0, API, "1000")
    world.publish()
    markets.portfolio_daily(world.lake)  # before anything has written the columns
    (held_then,) = world.lake.read(markets.PORTFOLIOS).collect()
    assert held_then["market_value"] == 60
    markets.refresh(world.lake, day(7))
    rows = {row["asset"]: row for row in world.lake.read(markets.DAILY).where(f"day = '{MONDAY}'").collect()}
    assert (rows["DAX"]["exchange"], rows["BTC"]["close_account"]) == ("XETR", 20)
