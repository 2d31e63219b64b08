"""What is said of market assets after a run."""

from __future__ import annotations

import io
import math
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from rich.console import Console

from assay.cli import markets


def row(asset: str, day: int, close: str | None, **more: Any) -> dict[str, Any]:
    silent = close is None
    return {
        "asset": asset,
        "day": date(2026, 1, day),
        "currency": None if silent else "DEM",
        "close": None if silent else Decimal(close or ""),
        "log_return": None,
        "volatility_20": None,
        "sources": None if silent else ["a", "b"],
        "dissenting": None if silent else [],
        **more,
    }


ROWS = [
    row("DAX", 5, "100"),
    row("DAX", 6, "10.1", log_return=math.log(1.01), dissenting=["b"]),
    row("DAX", 7, "10.3", log_return=math.log(1.02), volatility_20=0.25, sources=["a", "b", "c"]),
    row("DAX", 8, None),
    row("NIL", 5, None),
]


def test_an_asset_over_the_weeks() -> None:
    (found,) = markets.markets(ROWS)
    assert (found.asset, found.day, found.close, found.currency) == ("DAX", date(2026, 1, 7), 10.3, "DEM")
    assert found.gain == pytest.approx(1.01 * 1.02 - 1)  # a split changes no return
    assert (found.sessions, found.silent, found.sources, found.disputed) == (4, 1, 3, 1)
    assert found.volatility == 0.25


def test_what_is_printed() -> None:
    text = io.StringIO()
    console = Console(file=text, width=120)
    markets.show([], console)
    assert text.getvalue() == ""
    markets.show(markets.markets(ROWS), console)
    assert (
        "│ DAX   │ 2026-01-07   │ 10.30 DEM │ +3.0 % │       25 % │       3 │   1 of 4 │" in text.getvalue()
    )
