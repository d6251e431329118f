import asyncio
import contextvars
from typing import Any

import pytest

from tailrace import Pd, Workflow
from tailrace.event_log import EventLog
from tailrace.in_memory import InMemoryNotifier, InMemoryTable
from tailrace.testing import Sent, WorkflowRun, request_event, run_workflow, run_workflow_async

workflow = Workflow("p_hello")


@workflow.step
def hello(pd: Pd) -> dict[str, Any]:
    event = pd.steps["trigger"]["event"]
    pd.send.sse(channel="events", payload={"name": event["body"]["name"]})
    pd.respond({"status": 202})
    return {"method": event["method"]}


def test_author_tests_a_workflow_in_three_lines() -> None:
    result = run_workflow(workflow, body={"name": "Luke"})

    assert result.sent == [("events", {"name": "Luke"})]


def test_result_tells_how_the_run_ended() -> None:
    result = run_workflow(workflow, body={"name": "Luke"})

    assert isinstance(result, WorkflowRun)
    assert result.status == "Completed"
    assert result.steps["hello"]["method"] == "POST"
    assert result.response is not None
    assert result.response.status == 202
    assert result.sent[0] == Sent(channel="events", payload={"name": "Luke"})
    assert (result.exit_reason, result.error) == (None, None)


def test_failing_run_tells_its_step_and_error() -> None:
    result = run_workflow(workflow, body={})

    assert result.status == "Failed"
    assert result.error is not None
    assert (result.error.step, result.error.type, result.error.message) == ("hello", "KeyError", "'name'")
    assert result.sent == []


def test_whole_event_may_be_given() -> None:
    result = run_workflow(workflow, {"method": "PUT", "body": {"name": "Han"}})

    assert result.steps["hello"]["method"] == "PUT"
    assert result.sent == [("events", {"name": "Han"})]


def test_event_and_body_together_are_refused() -> None:
    with pytest.raises(TypeError, match="give one of the two"):
        run_workflow(workflow, {"body": 1}, body=2)


def test_made_up_request_has_all_that_a_real_one_has() -> None:
    assert request_event(workflow, [1]) == {
        "method": "POST",
        "path": "/pipelines/p_hello/events",
        "query": {},
        "headers": {"content-type": "application/json"},
        "client_ip": "127.0.0.1",
        "url": "http://localhost/pipelines/p_hello/events",
        "body": [1],
    }


def test_log_and_notices_may_be_the_tests_own() -> None:
    log, notifier = EventLog(table=InMemoryTable()), InMemoryNotifier()

    first = run_workflow(workflow, body={"name": "Luke"}, log=log, notifier=notifier)
    second = run_workflow(workflow, body={"name": "Han"}, log=log, notifier=notifier)

    assert notifier.batches == [*first.result.batches, *second.result.batches]
    assert [batch.position for batch in notifier.batches] == [1, 2]


def test_run_may_be_given_an_identity() -> None:
    assert run_workflow(workflow, body={"name": "Luke"}, trace_id="mine").result.trace_id == "mine"


async def test_workflow_runs_from_asynchronous_tests_too() -> None:
    waited = run_workflow(workflow, body={"name": "Luke"})
    awaited = await run_workflow_async(workflow, body={"name": "Luke"})

    assert waited.sent == awaited.sent == [("events", {"name": "Luke"})]


async def test_context_variables_reach_the_run_from_asynchronous_tests_too() -> None:
    variable = contextvars.ContextVar("variable", default="unset")
    variable.set("set")
    probe = Workflow("p_probe")
    probe.step("code", lambda _: variable.get())

    assert run_workflow(probe).steps["code"]["$return_value"] == "set"


def test_deadline_is_tested_like_any_other_result() -> None:
    slow = Workflow("p_slow")

    @slow.step
    async def wait(pd: Pd) -> None:
        pd.send.sse(channel="events", payload="before")
        await asyncio.sleep(20)

    result = run_workflow(slow, deadline=0.1)

    assert (result.status, result.sent) == ("TimedOut", [("events", "before")])
