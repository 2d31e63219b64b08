"""What `assay run` says of market assets: how they did in its weeks, and how sure their prices are."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

SQL = """
SELECT asset, day, currency, close, log_return, volatility_20, sources, dissenting
FROM gold.asset_daily
WHERE is_session AND day >= DATE '{first}' AND day < DATE '{until}'
ORDER BY asset, day
"""
_MOST = 8


@dataclass(frozen=True, slots=True)
class Market:
    """One asset over some weeks.

    Attributes:
        asset: Ticker symbol.
        day: Last session with a price.
        close: Its price.
        currency: Of the price.
        gain: Relative change of the adjusted close over the weeks.
        volatility: Annualised, of the last 20 returns; None before there are as many.
        sessions: Of the exchange.
        silent: Sessions that nobody quoted.
        sources: How many spoke on that day.
        disputed: Sessions on which a source dissented.
    """

    asset: str
    day: date
    close: float
    currency: str
    gain: float
    volatility: float | None
    sessions: int
    silent: int
    sources: int
    disputed: int


def markets(rows: Iterable[Mapping[str, Any]]) -> list[Market]:
    """One line per asset that had a price.

    Args:
        rows: The answer to `SQL`.
    """
    found = ((asset, [*days]) for asset, days in groupby(rows, key=lambda row: str(row["asset"])))
    return [each for asset, days in found if (each := _market(asset, days)) is not None]


def _market(asset: str, days: Sequence[Mapping[str, Any]]) -> Market | None:
    priced = [row for row in days if row["close"] is not None]
    if not priced:
        return None
    last = priced[-1]
    return Market(
        asset=asset,
        day=last["day"],
        close=float(last["close"]),
        currency=last["currency"],
        gain=math.expm1(sum(row["log_return"] or 0.0 for row in priced)),
        volatility=last["volatility_20"],
        sessions=len(days),
        silent=len(days) - len(priced),
        sources=len(last["sources"]),
        disputed=sum(bool(row["dissenting"]) for row in priced),
    )


def show(found: Sequence[Market], console: Console) -> None:
    """Print a table, if there is anything to tell.

    Args:
        found: The assets.
        console: Where to.
    """
    if not found:
        return
    table = Table("asset", "last session")
    for heading in ("close", "return", "volatility", "sources", "disputed", "without a quote"):
        table.add_column(heading, justify="right")
    for each in found[:_MOST]:
        table.add_row(
            escape(each.asset),
            str(each.day),
            f"{each.close:,.2f} {escape(each.currency)}",
            f"{100 * each.gain:+.1f} %",
            "" if each.volatility is None else f"{100 * each.volatility:.0f} %",
            str(each.sources),
            f"{each.disputed} of {each.sessions}",
            str(each.silent),
        )
    console.print(
        "[bold]Markets[/bold] in these weeks: real prices, replayed; the price is what the rule chose"
    )
    console.print(table)
