"""On which days exchanges are open."""

from __future__ import annotations

from datetime import date

import pytest

from assay.medallion import market_sessions


@pytest.mark.parametrize(
    ("exchange", "closed"),
    [
        ("XETR", {date(2026, 4, 3), date(2026, 4, 6)}),
        ("XLON", {date(2026, 4, 3), date(2026, 4, 6)}),
        ("XTKS", set()),  # Easter is no holiday there
    ],
)
def test_sessions_are_weekdays_without_the_exchange_s_holidays(exchange: str, closed: set[date]) -> None:
    found = market_sessions.sessions(exchange, date(2026, 3, 30), date(2026, 4, 11))
    weekdays = {date(2026, 3, 30), date(2026, 3, 31), *(date(2026, 4, n) for n in range(1, 11))}
    assert set(found or ()) == {day for day in weekdays if day.weekday() < 5} - closed
    assert found == sorted(found or ())


def test_the_end_is_not_within() -> None:
    monday, tuesday = date(2026, 1, 5), date(2026, 1, 6)
    assert market_sessions.sessions("XETR", monday, tuesday) == [monday]
    assert market_sessions.sessions("XETR", monday, monday) == []


def test_an_exchange_that_nobody_knows_is_told_from_one_that_is_closed() -> None:
    assert market_sessions.sessions("XXXX", date(2026, 1, 5), date(2026, 1, 6)) is None
    spans = [("XXXX", date(2026, 1, 5)), ("XLON", date(2026, 1, 8)), ("XETR", date(2026, 1, 9))]
    assert market_sessions.rows(spans, date(2026, 1, 10)) == (
        [("XETR", date(2026, 1, 9)), ("XLON", date(2026, 1, 8)), ("XLON", date(2026, 1, 9))],
        ["XXXX"],
    )
