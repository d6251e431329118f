"""Schedules come due when EventBridge Scheduler's would."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.due_times import next_due
from tailrace.schedule import Schedule

NOW = datetime(2026, 11, 24, 3, 25, 30, tzinfo=UTC)  # a Tuesday


def due(text: str, count: int = 3, *, timezone: str = "Etc/UTC", after: datetime = NOW) -> list[str]:
    schedule, zone = Schedule.parse(text, timezone=timezone), ZoneInfo(timezone)
    times: list[str] = []
    last: datetime | None = after
    while last is not None and len(times) < count:
        last = next_due(schedule, after=last)
        times += [] if last is None else [f"{last.astimezone(zone):%Y-%m-%d %H:%M}"]
    return times


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("rate(1 minute)", ["2026-11-24 03:26", "2026-11-24 03:27"]),
        ("rate(5 minutes)", ["2026-11-24 03:30", "2026-11-24 03:35"]),
        ("rate(1 day)", ["2026-11-25 00:00", "2026-11-26 00:00"]),
        ("cron(0 8 * * ? *)", ["2026-11-24 08:00", "2026-11-25 08:00"]),
        ("cron(0/15 3-4 * * ? *)", ["2026-11-24 03:30", "2026-11-24 03:45", "2026-11-24 04:00"]),
        ("cron(*/20 4 * * ? *)", ["2026-11-24 04:00", "2026-11-24 04:20", "2026-11-24 04:40"]),
        ("cron(0 22-1 * * ? *)", ["2026-11-24 22:00", "2026-11-24 23:00", "2026-11-25 00:00", "2026-11-25 01:00"]),
        ("cron(15 10 ? * MON-FRI *)", ["2026-11-24 10:15", "2026-11-25 10:15", "2026-11-26 10:15", "2026-11-27 10:15"]),
        ("cron(0 0 ? * fri-sun *)", ["2026-11-27 00:00", "2026-11-28 00:00", "2026-11-29 00:00", "2026-12-04 00:00"]),
        ("cron(0 9 L * ? *)", ["2026-11-30 09:00", "2026-12-31 09:00", "2027-01-31 09:00", "2027-02-28 09:00"]),
        ("cron(0 9 15W * ? *)", ["2026-12-15 09:00", "2027-01-15 09:00", "2027-02-15 09:00"]),
        ("cron(0 9 1W 5,8 ? *)", ["2027-05-03 09:00", "2027-08-02 09:00"]),
        ("cron(0 9 31W 1,2,7 ? *)", ["2027-01-29 09:00", "2027-07-30 09:00"]),
        ("cron(0 9 ? * 6L *)", ["2026-11-27 09:00", "2026-12-25 09:00"]),
        ("cron(0 9 ? * L *)", ["2026-11-28 09:00", "2026-12-05 09:00"]),
        ("cron(0 9 ? JAN,JUL 3#2 *)", ["2027-01-12 09:00", "2027-07-13 09:00"]),
        ("cron(0 0 29 2 ? *)", ["2028-02-29 00:00", "2032-02-29 00:00"]),
        ("cron(0 0 1 1 ? 2027)", ["2027-01-01 00:00"]),
        ("cron(0 0 1 1 ? 2020)", []),
    ],
)
def test_schedule_comes_due_at(text: str, times: list[str]) -> None:
    assert due(text, len(times) or 1) == times


def test_time_that_a_day_does_not_have_is_left_out() -> None:
    before = datetime(2026, 3, 28, 12, tzinfo=UTC)

    assert due("cron(30 2 * * ? *)", 2, timezone="Europe/Berlin", after=before) == [
        "2026-03-30 02:30",
        "2026-03-31 02:30",
    ]


def test_time_that_a_day_has_twice_counts_once() -> None:
    before = datetime(2026, 10, 24, 12, tzinfo=UTC)

    assert due("cron(30 2 * * ? *)", 2, timezone="Europe/Berlin", after=before) == [
        "2026-10-25 02:30",
        "2026-10-26 02:30",
    ]


def test_unknown_time_zone_is_told() -> None:
    with pytest.raises(ZoneInfoNotFoundError):
        next_due(Schedule.parse("cron(0 8 * * ? *)", timezone="Mars/Olympus"), after=NOW)


@given(
    after=st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 (the strategy adds the zone)
    text=st.sampled_from(["rate(7 minutes)", "rate(3 days)", "cron(5/10 */3 ? * 2-6 *)", "cron(0 0 L * ? *)"]),
)
def test_next_time_is_the_next_whenever_one_asks(after: datetime, text: str) -> None:
    schedule = Schedule.parse(text)

    first = next_due(schedule, after=after)

    assert first is not None
    assert first > after
    assert next_due(schedule, after=first - timedelta(microseconds=1)) == first
    assert next_due(schedule, after=after + (first - after) / 2) == first
