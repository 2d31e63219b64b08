"""When a schedule of AWS fires next: cron expressions of six fields, in UTC.

`cron(minutes hours day-of-month month day-of-week year)`. It differs from Unix cron: days of the week count
from 1 = Sunday, exactly one of the two day fields is `?`, and `L` (last), `W` (nearest weekday) and `#`
(n-th) exist.

References:
    Amazon EventBridge user guide, "Cron expressions reference"; AWS Glue developer guide, "Time-based
    schedules for jobs and crawlers" (UTC; no schedule faster than every five minutes).
"""

from __future__ import annotations

import calendar
import itertools
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from assay.errors import InputError

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_LAST_YEAR = 2199
_SATURDAY = 7
_FASTEST_MINUTES = 5
_CRON = re.compile(r"cron\((.*)\)")
_ITEM = re.compile(r"(?P<first>\*|\w+)(?:-(?P<last>\w+))?(?:/(?P<step>\d+))?")


@dataclass(frozen=True, slots=True)
class _Field:
    """What one position of the expression may hold."""

    title: str
    low: int
    high: int
    names: tuple[str, ...] = ()


_MINUTE, _HOUR = _Field("minutes", 0, 59), _Field("hours", 0, 23)
_DAY, _MONTH = _Field("day of month", 1, 31), _Field("month", 1, 12, _MONTHS)
_WEEKDAY, _YEAR = _Field("day of week", 1, 7, _DAYS), _Field("year", 1970, _LAST_YEAR)
_FIELDS = (_MINUTE, _HOUR, _DAY, _MONTH, _WEEKDAY, _YEAR)


@dataclass(frozen=True, slots=True)
class Schedule:
    """A parsed cron expression.

    Attributes:
        expression: As written.
        minutes: Minutes of the hour, sorted.
        hours: Hours of the day, sorted.
        months: Months, 1 to 12.
        years: Years.
        is_day: Whether a date is one of the days that the two day fields name.
    """

    expression: str
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    months: frozenset[int]
    years: frozenset[int]
    is_day: Callable[[date], bool]

    def next_after(self, moment: datetime) -> datetime | None:
        """The first time strictly after a moment at which the schedule fires.

        Args:
            moment: With a time zone.

        Returns:
            The time in UTC, on a whole minute; None when the schedule never fires again.
        """
        start = moment.astimezone(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
        day = start.date()
        while day.year <= max(self.years):
            if day.year in self.years and day.month in self.months:
                for found in self._times(day) if self.is_day(day) else ():
                    if found >= start:
                        return found
                day += timedelta(days=1)
            else:
                day = (day.replace(day=1) + timedelta(days=31)).replace(day=1)
        return None

    def _times(self, day: date) -> Iterable[datetime]:
        return (
            datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)
            for hour in self.hours
            for minute in self.minutes
        )


def parse(expression: str) -> Schedule:
    """A schedule from `cron(...)`.

    Raises:
        InputError: The expression breaks a rule of AWS; the error names the field and what it may hold.

    Example:
        >>> weekly = parse("cron(15 3 ? * MON *)")
        >>> weekly.next_after(datetime(2026, 1, 1, tzinfo=UTC)).isoformat()
        '2026-01-05T03:15:00+00:00'
    """
    match = _CRON.fullmatch(expression.strip())
    parts = match[1].split() if match else []
    if len(parts) != len(_FIELDS):
        form = "cron(minutes hours day-of-month month day-of-week year), for example cron(15 3 ? * MON *)"
        raise InputError(f"schedule is {expression!r}; it must be {form}")
    if (parts[2] == "?") == (parts[4] == "?"):
        raise InputError(
            f"schedule is {expression!r}; exactly one of day of month and day of week must be '?', "
            f"they are {parts[2]!r} and {parts[4]!r}"
        )
    minutes = tuple(sorted(_numbers(parts[0], _MINUTE, expression)))
    if any(b - a < _FASTEST_MINUTES for a, b in itertools.pairwise(minutes)):
        raise InputError(f"schedule is {expression!r}; Glue starts nothing faster than every five minutes")
    return Schedule(
        expression=expression,
        minutes=minutes,
        hours=tuple(sorted(_numbers(parts[1], _HOUR, expression))),
        months=_numbers(parts[3], _MONTH, expression),
        years=_numbers(parts[5], _YEAR, expression),
        is_day=_month_days(parts[2], expression) if parts[4] == "?" else _week_days(parts[4], expression),
    )


def _numbers(text: str, field: _Field, expression: str) -> frozenset[int]:
    """The numbers that a field's lists, ranges and steps stand for."""
    found: set[int] = set()
    for item in text.split(","):
        match = _ITEM.fullmatch(item)
        if match is None:
            raise _bad(item, field, expression)
        low = field.low if match["first"] == "*" else _number(match["first"], field, expression)
        step = int(match["step"] or 1)
        # `a/n` runs to the end of the field, `a` alone is one number.
        open_ended = match["first"] == "*" or match["step"] is not None
        high = field.high if open_ended else low
        if match["last"] is not None:
            high = _number(match["last"], field, expression)
        if step < 1 or high < low or (match["first"] == "*" and match["last"] is not None):
            raise _bad(item, field, expression)
        found.update(range(low, high + 1, step))
    return frozenset(found)


def _number(text: str, field: _Field, expression: str) -> int:
    if text.upper() in field.names:
        return field.names.index(text.upper()) + field.low
    if not text.isdecimal() or not field.low <= int(text) <= field.high:
        raise _bad(text, field, expression)
    return int(text)


def _month_days(text: str, expression: str) -> Callable[[date], bool]:
    """The day-of-month field: numbers, `L`, `LW` and `nW`, possibly as a list."""
    tests: list[Callable[[date], bool]] = []
    for item in text.split(","):
        if item in {"L", "LW"}:
            tests.append(_last_weekday if item == "LW" else _last_day)
        elif item.endswith("W"):
            wanted = _number(item[:-1], _DAY, expression)
            tests.append(lambda day, wanted=wanted: day == _nearest_weekday(day, wanted))  # type: ignore[misc]
        else:
            numbers = _numbers(item, _DAY, expression)
            tests.append(lambda day, numbers=numbers: day.day in numbers)  # type: ignore[misc]
    return lambda day: any(test(day) for test in tests)


def _week_days(text: str, expression: str) -> Callable[[date], bool]:
    """The day-of-week field: numbers, names, `L`, `nL` and `n#k`, possibly as a list."""
    tests: list[Callable[[date], bool]] = []
    for item in text.split(","):
        if "#" in item:
            weekday, nth = item.split("#", 1)
            number, k = _number(weekday, _WEEKDAY, expression), _number(nth, _Field("n-th", 1, 5), expression)
            tests.append(lambda day, n=number, k=k: _weekday(day) == n and (day.day + 6) // 7 == k)  # type: ignore[misc]
        elif item == "L":
            tests.append(lambda day: _weekday(day) == _SATURDAY)
        elif item.endswith("L"):
            number = _number(item[:-1], _WEEKDAY, expression)
            tests.append(lambda day, n=number: _weekday(day) == n and day.day > _length(day) - 7)  # type: ignore[misc]
        else:
            numbers = _numbers(item, _WEEKDAY, expression)
            tests.append(lambda day, numbers=numbers: _weekday(day) in numbers)  # type: ignore[misc]
    return lambda day: any(test(day) for test in tests)


def _weekday(day: date) -> int:
    """1 = Sunday, as AWS counts."""
    return day.isoweekday() % 7 + 1


def _length(day: date) -> int:
    return calendar.monthrange(day.year, day.month)[1]


def _last_day(day: date) -> bool:
    return day.day == _length(day)


def _last_weekday(day: date) -> bool:
    return day == _nearest_weekday(day, _length(day))


def _nearest_weekday(day: date, wanted: int) -> date | None:
    """The weekday nearest to a day of the month, without leaving the month."""
    if wanted > _length(day):
        return None
    target = day.replace(day=wanted)
    shift = {6: -1 if wanted > 1 else 2, 7: 1 if wanted < _length(day) else -2}.get(target.isoweekday(), 0)
    return target + timedelta(days=shift)


def _bad(item: str, field: _Field, expression: str) -> InputError:
    names = f" or {field.names[0]} to {field.names[-1]}" if field.names else ""
    allowed = f"{field.low} to {field.high}{names}"
    return InputError(f"schedule is {expression!r}: {item!r} is no {field.title}; allowed are {allowed}")
