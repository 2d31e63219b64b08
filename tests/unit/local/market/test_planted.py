"""What the three sources say: the same, but for what is planted."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from assay.local.market import planted
from assay.local.market.planted import Said
from assay.local.market.replay import Replay

DAY = timedelta(days=1)


def differing(said: Said, other: Said) -> set[tuple[str, date]]:
    """Where two sources both speak and are further apart than rounding explains."""
    return {
        (asset, day)
        for asset, series in said.items()
        for day, close in series.items()
        if day in other[asset] and abs(close / other[asset][day] - 1) > Decimal("0.0005")
    }


def test_sources_differ_where_it_is_planted_and_nowhere_else(market: Replay) -> None:
    api, page, legacy = planted.api(market), planted.page(market), planted.legacy(market)
    assert differing(api, page) == {planted.STALE}
    assert differing(api, legacy) == {planted.SLIPPED, ("DAX", planted.SPLIT.day)}
    assert differing(page, legacy) == {planted.STALE, planted.SLIPPED, ("DAX", planted.SPLIT.day)}


def test_the_planted_values(market: Replay) -> None:
    api, page, legacy = planted.api(market), planted.page(market), planted.legacy(market)
    asset, day = planted.STALE
    assert page[asset][day] == page[asset][day - DAY] == Decimal("1682.9")
    asset, day = planted.SLIPPED
    assert legacy[asset][day] == 10 * api[asset][day] == Decimal("25105.00")
    asset, day = planted.CLOSED
    assert page[asset][day] == page[asset][day - DAY]
    assert day not in api[asset]
    assert day not in legacy[asset]
    split = planted.SPLIT
    assert [said[split.asset][split.day] for said in (api, legacy)] == [
        Decimal("163.075"),
        Decimal("1630.75"),
    ]
    after = split.day + DAY
    assert [said[split.asset][after] for said in (api, legacy)] == [Decimal("164.017"), Decimal("164.02")]


def test_some_say_nothing(market: Replay) -> None:
    said = {"api": planted.api(market), "page": planted.page(market), "legacy": planted.legacy(market)}
    for (asset, day), speak in {planted.LACKING: {"page", "legacy"}, planted.SILENT: set()}.items():
        assert day in market.closes[asset]
        assert {name for name, each in said.items() if day in each[asset]} == speak
