"""The page *Market*: prices, trade, dissent and portfolios."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pandas as pd
from tests.unit.dashboard.conftest import Lake, Rows, charts, page, table


def day(asset: str, number: int, close: str | None, **more: Any) -> dict[str, Any]:
    price = None if close is None else Decimal(close)
    usual = {
        "asset": asset, "day": date(2026, 1, 4 + number), "open": price, "high": price, "low": price,
        "close": price, "trades": 10, "traded_value": Decimal("100.50"), "customers": 3,
    }  # fmt: skip
    return usual | more


def days() -> Rows:
    dissent = {"sources": ["api", "page"], "dissenting": ["page"], "spread": 0.02, "currency": "EUR"}
    return [
        day("BTC", 1, "100.00"),
        day("BTC", 2, "101.00", traded_value=Decimal("900.00")),
        day("ETH", 1, "50.00"),
        day("DAX", 1, "20000.00", exchange="XETR", is_session=True, **dissent),
        day("DAX", 2, None, exchange="XETR", is_session=True, sources=[], dissenting=[], volatility_20=0.2),
        *(day(f"A{i}", 1, "1.00", traded_value=Decimal("1.00")) for i in range(9)),
    ]


def test_assets_come_with_their_newest_price_the_most_traded_first(lake: Lake) -> None:
    app = page("market", lake(asset_daily=days()))
    shown = table(app, "assets")
    assert list(shown["asset"][:3]) == ["BTC", "DAX", "ETH"]
    mine = shown.set_index("asset")
    assert mine.loc["BTC", ["close", "traded_value", "trades"]].tolist() == [101.0, 1000.5, 20]
    assert mine.loc["DAX", ["close", "volatility", "disputed", "exchange"]].tolist() == [
        20000.0,
        0.2,
        1,
        "XETR",
    ]


def test_only_the_chosen_assets_are_read(lake: Lake) -> None:
    asked: list[str] = []
    ask = lake(asset_daily=days())

    def watched(sql: str) -> Any:
        asked.append(sql)
        return ask(sql)

    app = page("market", watched)
    assert set(table(app, "days")["asset"]) == {"BTC", "DAX", "ETH"}
    closes, traded = charts(app)
    assert "close" in str(closes)
    assert "traded_value" in str(traded)
    app.multiselect[0].set_value(["ETH"]).run()
    assert set(table(app, "days")["asset"]) == {"ETH"}
    assert any("IN ('ETH')" in sql for sql in asked)
    app.multiselect[0].set_value([]).run()
    assert "Choose an asset above." in [each.value for each in app.info]


def test_sources_that_do_not_agree_are_named(lake: Lake) -> None:
    shown = table(page("market", lake(asset_daily=days())), "dissent")
    assert shown[["asset", "sources", "dissenting", "spread"]].to_numpy().tolist() == [
        ["DAX", "api, page", "page", 0.02]
    ]


def test_portfolios_are_summed_over_assets(lake: Lake) -> None:
    held = [
        {
            "portfolio": country, "asset": asset, "day": date(2026, 1, 5), "units_traded": Decimal(1),
            "traded": Decimal("10.00"), "units": Decimal(1), "market_value": Decimal(value),
            "profit": Decimal("1.00"),
        }
        for country, asset, value in (("DE", "BTC", "100.25"), ("DE", "ETH", "50.00"), ("FR", "BTC", "1.00"))
    ]  # fmt: skip
    app = page("market", lake(asset_daily=days(), portfolio_daily=held))
    shown = table(app, "portfolios").set_index("portfolio")
    assert shown["market_value"].to_dict() == {"DE": 150.25, "FR": 1.0}
    assert shown["profit"].to_dict() == {"DE": 2.0, "FR": 1.0}
    assert pd.Timestamp(shown["day"].iloc[0]).date() == date(2026, 1, 5)


def test_without_dissent_or_portfolios_the_page_says_so(lake: Lake) -> None:
    app = page("market", lake(asset_daily=[day("BTC", 1, "100.00")]))
    assert [each.value for each in app.info] == [
        "All sources agree on every price.",
        "No portfolio is known yet.",
    ]
