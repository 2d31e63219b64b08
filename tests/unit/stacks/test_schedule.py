"""AWS cron expressions: known next times from AWS's documentation, relations, refusals."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.errors import InputError
from assay.stacks import schedule

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)  # a Thursday


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        # The examples of the EventBridge user guide, "Cron expressions reference".
        ("cron(0 10 * * ? *)", "2026-01-01T10:00"),
        ("cron(15 12 * * ? *)", "2026-01-01T12:15"),
        ("cron(0 18 ? * MON-FRI *)", "2026-01-01T18:00"),
        ("cron(0 8 1 * ? *)", "2026-01-01T08:00"),
        ("cron(0/15 * * * ? *)", "2026-01-01T00:15"),
        ("cron(0/10 * ? * MON-FRI *)", "2026-01-01T00:10"),
        ("cron(0/5 8-17 ? * MON-FRI *)", "2026-01-01T08:00"),
        ("cron(0 9 ? * 2#1 *)", "2026-01-05T09:00"),
        ("cron(0/30 20-2 ? * MON-FRI *)", None),  # a range that runs backwards: refused below
        # The rest by the calendar of 2026.
        ("cron(15 3 ? * MON *)", "2026-01-05T03:15"),
        ("cron(0 0 ? * SUN *)", "2026-01-04T00:00"),
        ("cron(0 0 ? * 1 *)", "2026-01-04T00:00"),
        ("cron(0 0 ? * L *)", "2026-01-03T00:00"),
        ("cron(0 0 ? * 6L *)", "2026-01-30T00:00"),
        ("cron(0 0 ? * TUE,6#5 *)", "2026-01-06T00:00"),
        ("cron(0 0 L * ? *)", "2026-01-31T00:00"),
        ("cron(0 0 L FEB ? *)", "2026-02-28T00:00"),
        ("cron(0 0 LW FEB ? *)", "2026-02-27T00:00"),
        ("cron(0 0 3W JAN ? *)", "2026-01-02T00:00"),
        ("cron(0 0 4W JAN ? *)", "2026-01-05T00:00"),
        ("cron(0 0 1W AUG ? *)", "2026-08-03T00:00"),  # the 1st is a Saturday; July is not an option
        ("cron(0 0 31W MAY ? *)", "2026-05-29T00:00"),  # the 31st is a Sunday; June is not an option
        ("cron(0 0 31W * ? *)", "2026-01-30T00:00"),
        ("cron(0 0 30W FEB-MAR ? *)", "2026-03-30T00:00"),
        ("cron(0 0 29 2 ? *)", "2028-02-29T00:00"),
        ("cron(0 0 1 1 ? 2030)", "2030-01-01T00:00"),
        ("cron(5,35 14 * * ? *)", "2026-01-01T14:05"),
        ("cron(0 6-18/6 10-20/5,25 * ? *)", "2026-01-10T06:00"),
        ("cron(0 12 jan-feb mon ? *)", None),
    ],
)
def test_known_next_times(expression: str, expected: str | None) -> None:
    if expected is None:
        with pytest.raises(InputError):
            schedule.parse(expression)
    else:
        found = schedule.parse(expression).next_after(NEW_YEAR)
        assert found is not None
        assert found.strftime("%Y-%m-%dT%H:%M") == expected


def test_a_schedule_in_the_past_never_fires_again() -> None:
    assert schedule.parse("cron(0 0 1 1 ? 2020)").next_after(NEW_YEAR) is None
    assert schedule.parse("cron(0 0 30 2 ? 2026-2027)").next_after(NEW_YEAR) is None


def test_a_time_that_fires_is_not_its_own_next() -> None:
    daily = schedule.parse("cron(0 10 * * ? *)")
    ten = datetime(2026, 1, 1, 10, tzinfo=UTC)
    assert daily.next_after(ten) == ten + timedelta(days=1)
    assert daily.next_after(ten - timedelta(microseconds=1)) == ten


def test_other_time_zones_are_converted() -> None:
    daily = schedule.parse("cron(0 10 * * ? *)")
    moment = datetime(2026, 1, 1, 11, 30, tzinfo=timezone(timedelta(hours=2)))
    assert daily.next_after(moment) == datetime(2026, 1, 1, 10, tzinfo=UTC)


@given(
    minutes=st.integers(0, 59),
    hours=st.integers(0, 23),
    weekday=st.integers(1, 7),
    moment=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_the_next_time_is_later_fits_and_is_the_first(
    minutes: int, hours: int, weekday: int, moment: datetime
) -> None:
    found = schedule.parse(f"cron({minutes} {hours} ? * {weekday} *)").next_after(moment)
    assert found is not None
    assert moment < found <= moment + timedelta(days=7, minutes=1)
    assert (found.minute, found.hour, found.isoweekday() % 7 + 1) == (minutes, hours, weekday)


@pytest.mark.parametrize(
    ("expression", "sentence"),
    [
        ("rate(1 day)", "it must be cron\\(minutes hours"),
        ("", "it must be cron"),
        ("cron(0 10 * *)", "it must be cron"),
        ("cron(0 10 * * * *)", "exactly one of day of month and day of week must be '\\?'"),
        ("cron(0 10 ? * ? *)", "exactly one of day of month"),
        ("cron(60 10 * * ? *)", "'60' is no minutes; allowed are 0 to 59"),
        ("cron(0 24 * * ? *)", "'24' is no hours"),
        ("cron(0 0 32 * ? *)", "'32' is no day of month; allowed are 1 to 31"),
        ("cron(0 0 1 FOO ? *)", "'FOO' is no month; allowed are 1 to 12 or JAN to DEC"),
        ("cron(0 0 ? * 8 *)", "'8' is no day of week; allowed are 1 to 7 or SUN to SAT"),
        ("cron(0 0 ? * 2#6 *)", "'6' is no n-th"),
        ("cron(0 0 1 * ? 1969)", "'1969' is no year"),
        ("cron(*/0 0 1 * ? *)", "'\\*/0' is no minutes"),
        ("cron(*-5 0 1 * ? *)", "is no minutes"),
        ("cron(1;2 0 1 * ? *)", "'1;2' is no minutes"),
        ("cron(* 0 1 * ? *)", "nothing faster than every five minutes"),
        ("cron(0/4 0 1 * ? *)", "nothing faster than every five minutes"),
    ],
)
def test_bad_expressions_are_named(expression: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        schedule.parse(expression)
