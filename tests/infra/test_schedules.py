"""What a scheduled workflow becomes."""

import json
from collections.abc import Mapping
from typing import Any

from tests.infra.templates import Assembly


def test_each_scheduled_workflow_becomes_a_schedule_that_names_it(custom: Assembly) -> None:
    schedules = custom.workflow_api.of_type("AWS::Scheduler::Schedule").values()

    made = {_workflow_of(schedule["Properties"]): schedule["Properties"] for schedule in schedules}
    assert made["p_each_minute"]["ScheduleExpression"] == "rate(1 minute)"
    assert made["p_mornings"]["ScheduleExpression"] == "cron(0 8 * * ? *)"
    assert made["p_mornings"]["ScheduleExpressionTimezone"] == "Europe/Berlin"


def test_schedule_tells_the_time_it_was_due_which_its_retries_keep(custom: Assembly) -> None:
    for schedule in custom.workflow_api.of_type("AWS::Scheduler::Schedule").values():
        invocation = json.loads(schedule["Properties"]["Target"]["Input"])

        assert invocation["tailrace"]["schedule"]["scheduled_time"] == "<aws.scheduler.scheduled-time>"


def test_schedule_may_invoke_the_function_and_leave_what_failed(custom: Assembly) -> None:
    assert custom.workflow_api.actions_of("SchedulesRole") == {"lambda:InvokeFunction", "sqs:SendMessage"}


def _workflow_of(schedule: Mapping[str, Any]) -> str:
    workflow_id: str = json.loads(schedule["Target"]["Input"])["tailrace"]["schedule"]["workflow_id"]
    return workflow_id
