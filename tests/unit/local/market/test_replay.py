"""Real closes and rates on the sessions of their exchanges."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from assay.errors import StackError
from assay.local.market import replay
from assay.local.market.replay import FIRST, LISTINGS, Replay


def test_closes_are_those_of_the_series_in_order(market: Replay) -> None:
    assert {name: len(series) for name, series in market.closes.items()} == dict.fromkeys(LISTINGS, 1860)
    # The first and the last row of EuStockMarkets, as R prints it.
    firsts = {name: next(iter(series.items())) for name, series in market.closes.items()}
    assert firsts == {
        "DAX": (FIRST, Decimal("1628.75")), "SMI": (FIRST, Decimal("1678.1")),
        "CAC": (FIRST, Decimal("1772.8")), "FTSE": (FIRST, Decimal("2443.6")),
    }  # fmt: skip
    lasts = {name: [*series.values()][-1] for name, series in market.closes.items()}
    assert lasts == {
        "DAX": Decimal("5473.72"), "SMI": Decimal("7676.3"), "CAC": Decimal("3995.0"),
        "FTSE": Decimal("5455.0"),
    }  # fmt: skip


def test_each_exchange_has_its_own_holidays(market: Replay) -> None:
    open_on = {
        day: {name for name, series in market.closes.items() if day in series}
        for day in (date(2026, 4, 3), date(2026, 5, 1), date(2026, 5, 4), date(2026, 1, 10))
    }
    assert open_on == {
        date(2026, 4, 3): set(),  # Good Friday
        date(2026, 5, 1): {"FTSE"},
        date(2026, 5, 4): {"DAX", "SMI", "CAC"},  # the bank holiday of early May
        date(2026, 1, 10): set(),  # a Saturday
    }


def test_rates_stand_on_weekdays(market: Replay) -> None:
    first = {name: series[FIRST] for name, series in market.rates.items()}
    assert first["DEM"] == Decimal("0.5861")
    assert first["JPY"] == Decimal("0.004206")
    assert {len(series) for series in market.rates.values()} == {1867}
    assert all(day.weekday() < 5 for day in market.rates["GBP"])


def test_what_was_kept_is_read_without_the_packages(
    market: Replay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "market.json"
    monkeypatch.setattr(replay, "made", lambda: market)
    assert replay.kept(file) == market
    monkeypatch.delattr(replay, "made")
    assert replay.kept(file) == market
    file.write_text("{")
    with pytest.raises(StackError, match="is not valid JSON"):
        replay.kept(file)
