"""Runs that are asked for with `Prefer: respond-async`, and the invocation that carries them out."""

import json
from datetime import datetime
from typing import Any

import pytest

from tailrace.errors import LogUnavailable
from tailrace.in_memory import InMemoryNotifier
from tailrace.pd import Pd
from tests.lambdas.workflow_api.conftest import Api
from tests.lambdas.workflow_api.gateway import Gateway, LambdaContext
from tests.lambdas.workflow_api.test_run import FailingTable

CONTEXT = LambdaContext(remaining_milliseconds=900_000)


def as_carried(event: dict[str, Any]) -> dict[str, Any]:
    carried: dict[str, Any] = json.loads(json.dumps(event))
    return carried


@pytest.mark.parametrize("prefer", ["respond-async", "Respond-Async; x=1", "wait=10, respond-async"])
def test_a_client_that_prefers_not_to_wait_is_answered_before_the_run(api: Api, gateway: Gateway, prefer: str) -> None:
    api.add("p_hello").step("send", lambda pd: pd.send.sse(channel="a", payload=1))

    answer = gateway.post("/pipelines/p_hello/events", '{"name": "Luke"}', prefer=prefer)

    assert (answer.status, answer.headers["preference-applied"]) == (202, "respond-async")
    assert answer.json == {
        "trace_id": answer.headers["tailrace-trace-id"],
        "workflow_id": "p_hello",
        "status": "Accepted",
        "stream_url": "https://d111.cloudfront.net/pipelines/p_hello/sse",
    }
    assert len(api.later) == 1
    assert isinstance(api.notifier, InMemoryNotifier)
    assert api.notifier.batches == []


@pytest.mark.parametrize("prefer", ["respond-sync", "wait=10", "return=minimal"])
def test_other_preferences_change_nothing(api: Api, gateway: Gateway, prefer: str) -> None:
    api.add("p_hello")

    assert gateway.post("/pipelines/p_hello/events", prefer=prefer).status == 200


def test_the_run_comes_with_the_event_that_was_handed_over(api: Api, gateway: Gateway) -> None:
    @api.add("p_hello").step
    def send(pd: Pd) -> None:
        pd.send.sse(channel="seen", payload=[pd.context.trace_id, pd.steps["trigger"]["event"]["body"]])

    trace_id = gateway.post("/pipelines/p_hello/events", '{"name": "Luke"}', prefer="respond-async").json["trace_id"]
    summary = api.function(as_carried(api.later[0]), CONTEXT)

    assert (summary["status"], summary["trace_id"]) == ("Completed", trace_id)
    assert isinstance(api.notifier, InMemoryNotifier)
    [event] = api.notifier.batches[0].events
    assert json.loads(event.payload) == [trace_id, {"name": "Luke"}]


def test_the_key_of_the_request_is_not_in_the_event(api: Api, gateway: Gateway) -> None:
    api.add("p_hello")

    gateway.post("/pipelines/p_hello/events", prefer="respond-async")

    assert "a-key-for-tests-alone" not in json.dumps(api.later)


def test_an_asynchronous_run_may_take_as_long_as_the_function_but_for_two_seconds(api: Api, gateway: Gateway) -> None:
    seen: list[Any] = []
    api.add("p_ask").step("ask", lambda pd: seen.append((pd.context.ts, pd.context.deadline)))
    gateway.post("/pipelines/p_ask/events", prefer="respond-async")

    api.function(as_carried(api.later[0]), LambdaContext(remaining_milliseconds=600_000))

    [(began, ends)] = seen
    assert ends / 1000 - datetime.fromisoformat(began).timestamp() == pytest.approx(598, abs=0.01)


def test_a_step_that_raises_is_a_result_and_no_reason_to_try_again(api: Api, gateway: Gateway) -> None:
    @api.add("p_broken").step
    def charge(_pd: Pd) -> None:
        raise ValueError("no such card")

    gateway.post("/pipelines/p_broken/events", prefer="respond-async")

    assert api.function(as_carried(api.later[0]), CONTEXT)["status"] == "Failed"


def test_a_log_that_does_not_answer_makes_lambda_try_again() -> None:
    api = Api(table=FailingTable(LogUnavailable("The table does not answer.")), patience=0)
    api.add("p_hello").step("send", lambda pd: pd.send.sse(channel="a", payload=1))
    api.gateway().post("/pipelines/p_hello/events", prefer="respond-async")

    with pytest.raises(LogUnavailable):
        api.function(as_carried(api.later[0]), CONTEXT)


def test_a_run_whose_workflow_has_gone_is_dropped(api: Api, gateway: Gateway, caplog: pytest.LogCaptureFixture) -> None:
    workflow = api.add("p_hello")
    gateway.post("/pipelines/p_hello/events", prefer="respond-async")
    del api.workflows[workflow.id]

    assert api.function(as_carried(api.later[0]), CONTEXT)["status"] == "Dropped"
    assert "run_dropped" in caplog.messages


def test_a_request_too_large_for_an_asynchronous_run_is_413(api: Api, gateway: Gateway) -> None:
    api.add("p_hello")

    answer = gateway.post("/pipelines/p_hello/events", "é" * 200_000, "text/plain", prefer="respond-async")

    assert answer.status == 413
    assert "an asynchronous run may have 1,000,000" in answer.json["detail"]
    assert api.later == []


def test_a_run_that_is_not_accepted_is_503_and_asks_to_try_again(api: Api) -> None:
    api.add("p_hello")
    api.refuses_later = True

    answer = api.gateway().post("/pipelines/p_hello/events", prefer="respond-async")

    assert (answer.status, answer.headers["retry-after"]) == (503, "5")
    assert answer.json["detail"] == "1000 asynchronous runs are waiting."
