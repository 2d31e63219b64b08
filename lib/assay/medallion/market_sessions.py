"""On which days an exchange is open, by `exchange_calendars`; on the driver, for it is a few rows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

SCHEMA = "exchange string, day date"

_DAY = timedelta(days=1)


def sessions(exchange: str, first: date, until: date) -> list[date] | None:
    """The sessions of an exchange.

    Args:
        exchange: Its market identifier code (ISO 10383).
        first: From this day on.
        until: Before this day.

    Returns:
        The days in order; None where no calendar of the exchange is known.
    """
    import exchange_calendars

    if exchange not in exchange_calendars.get_calendar_names(include_aliases=True):
        return None
    if not first < until:
        return []
    # A calendar begins and ends with sessions: a margin holds the days that are asked.
    calendar = exchange_calendars.get_calendar(exchange, start=first - 30 * _DAY, end=until + 30 * _DAY)
    return [session.date() for session in calendar.sessions_in_range(str(first), str(until - _DAY))]


def rows(spans: Iterable[tuple[str, date]], until: date) -> tuple[list[tuple[str, date]], list[str]]:
    """The sessions of several exchanges.

    Args:
        spans: Exchange and the day of its first quote.
        until: Before this day.

    Returns:
        Rows of `SCHEMA`, and the exchanges that have no calendar.
    """
    found: list[tuple[str, date]] = []
    unknown: list[str] = []
    for exchange, first in sorted(spans):
        days = sessions(exchange, first, until)
        if days is None:
            unknown.append(exchange)
        else:
            found += [(exchange, day) for day in days]
    return found, unknown
