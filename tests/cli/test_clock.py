"""Workflows run by the clock: each time once, none too late, and the rest goes on whatever happens."""

import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from cli.clock import Clock, invocation
from cli.running_system import RunningSystem
from infra.scheduled_workflow import ScheduledWorkflow
from infra.scheduled_workflow import invocation as deployed_invocation
from tailrace.event import WorkflowId, workflow_id
from tailrace.schedule import Schedule
from tests.support.services import Service, workflow_api_process

BEGIN = datetime(2026, 11, 24, 3, 25, 30, tzinfo=UTC)
MINUTELY, FIVE = Schedule.parse("rate(1 minute)"), Schedule.parse("rate(5 minutes)")
CLOCKED = """
from tailrace.pd import Pd
from tailrace.workflow import Workflow

workflow = Workflow("p_clocked", schedule="rate(1 minute)")


@workflow.step
def tell(pd: Pd) -> None:
    pd.send.sse(channel="ticks", payload=pd.steps["trigger"]["event"])
"""


@dataclass(slots=True)
class Time:
    """A time that passes when somebody waits, until the end."""

    end: datetime
    now: datetime = BEGIN
    leaps: dict[datetime, timedelta] = field(default_factory=dict)

    def wait(self, seconds: float) -> bool:
        self.now += timedelta(seconds=seconds)
        self.now += self.leaps.pop(next((at for at in self.leaps if at <= self.now), self.now), timedelta())
        return self.now >= self.end


@dataclass(slots=True)
class Invoked:
    """What was invoked, as workflow and minute."""

    runs: list[tuple[str, str]] = field(default_factory=list)
    failing: bool = False

    def __call__(self, event: Mapping[str, object]) -> None:
        schedule: Any = event["tailrace"]
        run = schedule["schedule"]
        self.runs.append((run["workflow_id"], run["scheduled_time"][11:16]))
        if self.failing:
            raise RuntimeError("too many")


def run(schedules: Mapping[str, Schedule], passing: Time, invoked: Invoked, *, since: datetime = BEGIN) -> Invoked:
    known = {WorkflowId(name): schedule for name, schedule in schedules.items()}
    Clock(known, invoke=invoked, since=since, now=lambda: passing.now, wait=passing.wait).run()
    return invoked


def test_each_workflow_runs_whenever_it_is_due() -> None:
    invoked = run({"p_one": MINUTELY, "p_five": FIVE}, Time(BEGIN + timedelta(minutes=6)), Invoked())

    assert [minute for name, minute in invoked.runs if name == "p_one"] == [
        f"03:{minute}" for minute in (26, 27, 28, 29, 30, 31)
    ]
    assert [minute for name, minute in invoked.runs if name == "p_five"] == ["03:30"]


def test_what_came_due_while_the_api_was_replaced_runs_at_once() -> None:
    invoked = run({"p_one": MINUTELY}, Time(BEGIN), Invoked(), since=BEGIN - timedelta(seconds=40))

    assert invoked.runs == [("p_one", "03:25")]


def test_what_came_due_while_the_machine_slept_is_left_out() -> None:
    asleep = Time(BEGIN + timedelta(hours=2), leaps={BEGIN + timedelta(seconds=20): timedelta(hours=1)})

    invoked = run({"p_one": MINUTELY}, asleep, Invoked())

    assert invoked.runs[:2] == [("p_one", "04:26"), ("p_one", "04:27")]


def test_run_that_is_not_accepted_does_not_stop_the_clock(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        invoked = run({"p_one": MINUTELY}, Time(BEGIN + timedelta(minutes=2)), Invoked(failing=True))

    assert len(invoked.runs) == 2
    assert [record.message for record in caplog.records] == ["workflow_not_invoked"] * 2


def test_schedule_in_an_unknown_zone_is_told_once_and_the_others_go_on(caplog: pytest.LogCaptureFixture) -> None:
    nowhere = Schedule.parse("cron(0 8 * * ? *)", timezone="Mars/Olympus")

    invoked = run({"p_mars": nowhere, "p_one": MINUTELY}, Time(BEGIN + timedelta(minutes=2)), Invoked())

    assert {name for name, _ in invoked.runs} == {"p_one"}
    assert [record.message for record in caplog.records if record.levelno == logging.ERROR] == ["schedule_ignored"]


def test_clock_without_schedules_ends_by_itself() -> None:
    clock = Clock({}, invoke=Invoked(), since=BEGIN)

    clock.start()
    clock.close()

    assert not clock._thread.is_alive()


def test_clock_that_is_closed_waits_no_longer() -> None:
    clock = Clock({WorkflowId("p_x"): Schedule.parse("rate(365 days)")}, invoke=Invoked(), since=datetime.now(UTC))
    clock.start()

    clock.close()

    assert not clock._thread.is_alive()


@pytest.mark.parametrize(
    "schedule", [MINUTELY, Schedule.parse("cron(0 8 ? * MON-FRI *)", timezone="Europe/Berlin")], ids=str
)
def test_function_gets_what_a_deployed_schedule_sends(schedule: Schedule) -> None:
    deployed = ScheduledWorkflow(workflow_id="p_x", schedule=schedule.expression, timezone=schedule.timezone)
    text = json.dumps(deployed_invocation(deployed)).replace("<aws.scheduler.scheduled-time>", "2026-11-24T03:25:30Z")

    assert invocation(workflow_id("p_x"), schedule, BEGIN) == json.loads(text)


def test_api_runs_what_is_due_by_the_clock(
    running_system: RunningSystem, stream_service: Service, tmp_path: Path
) -> None:
    (tmp_path / "clocked.py").write_text(CLOCKED)
    a_minute_ago = time.time() - 60  # so one run is due

    system = replace(running_system, stream_url=stream_service.url)
    with (
        workflow_api_process(system, workflows=tmp_path, clock_since=a_minute_ago),
        httpx.stream("GET", f"{stream_service.url}/pipelines/p_clocked/sse", timeout=60) as stream,
    ):
        data = next(line for line in stream.iter_lines() if line.startswith('data: {"timestamp'))

    event = json.loads(data.removeprefix("data: "))
    assert event["interval_seconds"] == 60
    assert a_minute_ago <= event["timestamp"] <= time.time()
