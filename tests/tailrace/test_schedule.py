"""When a workflow runs by itself."""

from datetime import UTC, datetime, timedelta

import pytest

from tailrace import Workflow
from tailrace.errors import InvalidWorkflow
from tailrace.schedule import Schedule

DUE = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "interval"),
    [
        ("rate(1 minute)", timedelta(minutes=1)),
        ("rate(5 minutes)", timedelta(minutes=5)),
        ("rate(12 hours)", timedelta(hours=12)),
        ("rate(1 day)", timedelta(days=1)),
    ],
)
def test_a_rate_is_an_interval(text: str, interval: timedelta) -> None:
    schedule = Schedule.parse(text)

    assert (schedule.interval, schedule.expression) == (interval, text)


def test_a_rates_unit_is_written_as_eventbridge_wants_it() -> None:
    assert Schedule.parse("rate(1 minutes)").expression == "rate(1 minute)"
    assert Schedule.parse("rate(5 minute)").expression == "rate(5 minutes)"


@pytest.mark.parametrize(
    "text",
    [
        "cron(0 8 * * ? *)",
        "cron(15 10 ? * MON-FRI *)",
        "cron(0/5 8-17 ? * 2-6 2026-2030)",
        "cron(0 9 L * ? *)",
        "cron(0 9 15W * ? *)",
        "cron(0 9 ? * 6L *)",
        "cron(0 9 ? JAN,JUL 3#2 *)",
    ],
)
def test_a_cron_expression_of_eventbridge_is_taken_as_it_is(text: str) -> None:
    schedule = Schedule.parse(text, timezone="Europe/Berlin")

    assert (schedule.expression, schedule.timezone, schedule.interval) == (text, "Europe/Berlin", None)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("5 minutes", "is no schedule"),
        ("rate(0 minutes)", "is no schedule"),
        ("rate(5 seconds)", "is no schedule"),
        ("0 8 * * *", "is no schedule"),
        ("cron(0 8 * * *)", "has 5 fields"),
        ("cron(60 8 * * ? *)", "'60' says nothing about minutes"),
        ("cron(0 24 * * ? *)", "'24' says nothing about hours"),
        ("cron(0 8 32 * ? *)", "'32' says nothing about day of month"),
        ("cron(0 8 * FOO ? *)", "'FOO' says nothing about month"),
        ("cron(0 8 ? * 8 *)", "'8' says nothing about day of week"),
        ("cron(0 8 * * ? 1900)", "'1900' says nothing about year"),
        ("cron(0 8 * * * *)", "write [?] for either"),
        ("cron(0 8 ? * ? *)", "write [?] for either"),
        ("cron(1- 8 * * ? *)", "'1-' says nothing about minutes"),
        ("cron(0/0 8 * * ? *)", "'0/0' says nothing about minutes"),
    ],
)
def test_an_expression_that_eventbridge_would_refuse_is_refused_at_once(text: str, complaint: str) -> None:
    with pytest.raises(InvalidWorkflow, match=complaint):
        Schedule.parse(text)


@pytest.mark.parametrize("timezone", ["", "Europe/", "Mars!", "Etc/UTC\n"])
def test_a_time_zone_has_a_zones_name(timezone: str) -> None:
    with pytest.raises(InvalidWorkflow, match="is no time zone"):
        Schedule.parse("cron(0 8 * * ? *)", timezone=timezone)


def test_a_workflow_says_when_it_runs_or_nothing() -> None:
    assert Workflow("p_x").schedule is None
    assert Workflow("p_x", schedule="rate(1 minute)").schedule == Schedule.parse("rate(1 minute)")
    with pytest.raises(InvalidWorkflow, match="is no schedule"):
        Workflow("p_x", schedule="now and then")


def test_a_step_sees_when_its_run_was_due_and_by_which_rule() -> None:
    assert Schedule.parse("rate(2 hours)").trigger_event(DUE) == {
        "timestamp": 1795507200,
        "interval_seconds": 7200,
        "timezone": "Etc/UTC",
    }
    assert Schedule.parse("cron(0 8 * * ? *)", timezone="Asia/Tokyo").trigger_event(DUE) == {
        "timestamp": 1795507200,
        "cron": "0 8 * * ? *",
        "timezone": "Asia/Tokyo",
    }
