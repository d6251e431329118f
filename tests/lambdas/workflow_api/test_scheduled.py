"""Runs that begin by the clock, through the function that the schedule invokes."""

import json
from typing import Any

import pytest

from infra.scheduled_workflow import ScheduledWorkflow, invocation
from tailrace.in_memory import InMemoryNotifier
from tailrace.pd import Pd
from tests.lambdas.workflow_api.conftest import Api
from tests.lambdas.workflow_api.gateway import LambdaContext

CONTEXT = LambdaContext(remaining_milliseconds=900_000)


def invoked(workflow: ScheduledWorkflow, due: str = "2026-11-24T08:00:00Z") -> dict[str, Any]:
    """The event that EventBridge Scheduler makes of a schedule's input."""
    text = json.dumps(invocation(workflow)).replace("<aws.scheduler.scheduled-time>", due)
    event: dict[str, Any] = json.loads(text)
    return event


@pytest.fixture
def every_minute(api: Api) -> ScheduledWorkflow:
    @api.add("p_clock").step
    def tell(pd: Pd) -> None:
        pd.send.sse(channel="ticks", payload=pd.steps["trigger"]["event"])

    return ScheduledWorkflow(workflow_id="p_clock", schedule="rate(1 minute)")


def test_a_scheduled_workflow_runs_and_sees_when_it_was_due(api: Api, every_minute: ScheduledWorkflow) -> None:
    summary = api.function(invoked(every_minute), CONTEXT)

    assert summary["status"] == "Completed"
    assert isinstance(api.notifier, InMemoryNotifier)
    [event] = api.notifier.batches[0].events
    assert json.loads(event.payload) == {"timestamp": 1795507200, "interval_seconds": 60, "timezone": "Etc/UTC"}


def test_a_run_that_is_tried_again_is_the_same_run(api: Api, every_minute: ScheduledWorkflow) -> None:
    first, again = (api.function(invoked(every_minute), CONTEXT)["trace_id"] for _ in range(2))
    later = api.function(invoked(every_minute, "2026-11-24T08:01:00Z"), CONTEXT)["trace_id"]

    assert first == again != later
    assert isinstance(api.notifier, InMemoryNotifier)
    assert len({batch.batch_id for batch in api.notifier.batches}) == 2


def test_a_scheduled_workflow_that_is_gone_is_dropped(api: Api) -> None:
    gone = ScheduledWorkflow(workflow_id="p_gone", schedule="rate(1 minute)")

    assert api.function(invoked(gone), CONTEXT)["status"] == "Dropped"
