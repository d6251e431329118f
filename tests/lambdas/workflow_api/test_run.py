"""`POST /pipelines/{id}/events`, answered when the run has ended."""

import asyncio
import threading
from datetime import datetime

import pytest

from tailrace.errors import LogRefused, LogUnavailable
from tailrace.event import Batch
from tailrace.in_memory import InMemoryNotifier, InMemoryTable
from tailrace.notice import NoticeFailed
from tailrace.pd import Pd
from tailrace.table import Item
from tests.lambdas.workflow_api.conftest import Api
from tests.lambdas.workflow_api.gateway import FORM, Gateway


def test_a_run_is_answered_with_what_it_did(api: Api, gateway: Gateway) -> None:
    @api.add("p_hello").step
    def greet(pd: Pd) -> str:
        pd.send.sse(channel="greetings", payload={"hello": pd.steps["trigger"]["event"]["body"]["name"]})
        pd.send.sse(channel="greetings", payload="bye")
        return "done"

    answer = gateway.post("/pipelines/p_hello/events", '{"name": "Luke"}')

    assert answer.status == 200
    run = answer.json
    generation = run["sent"]["first_id"].partition("-")[0]
    assert run == {
        "run_id": answer.headers["tailrace-run-id"],
        "trace_id": answer.headers["tailrace-trace-id"],
        "workflow_id": "p_hello",
        "status": "Completed",
        "sent": {"count": 2, "first_id": f"{generation}-1", "last_id": f"{generation}-2"},
        "stream_url": "https://d111.cloudfront.net/pipelines/p_hello/sse",
        "steps": {"greet": {"$return_value": "done"}},
    }
    assert isinstance(api.notifier, InMemoryNotifier)
    assert [event.payload for event in api.notifier.batches[0].events] == ['{"hello":"Luke"}', '"bye"']


def test_a_run_that_sends_nothing_says_so(api: Api, gateway: Gateway) -> None:
    api.add("p_silent")

    run = gateway.post("/pipelines/p_silent/events").json

    assert run["status"] == "Completed"
    assert run["sent"] == {"count": 0, "first_id": None, "last_id": None}


def test_steps_see_the_request_as_pipedream_shows_it(api: Api, gateway: Gateway) -> None:
    @api.add("p_echo").step
    def echo(pd: Pd) -> object:
        return pd.steps["trigger"]["event"]

    answer = gateway.post("/pipelines/p_echo/events?a=1&b=x%20y&a=2&c=", '{"n": 1}', x_custom="yes")

    assert answer.json["steps"]["echo"]["$return_value"] == {
        "method": "POST",
        "path": "/pipelines/p_echo/events",
        "query": {"a": ["1", "2"], "b": "x y", "c": ""},
        "headers": {
            "host": "abc123.execute-api.eu-west-1.amazonaws.com",
            "x-forwarded-proto": "https",
            "content-type": "application/json",
            "x-custom": "yes",
        },
        "client_ip": "203.0.113.7",
        "url": "https://abc123.execute-api.eu-west-1.amazonaws.com/pipelines/p_echo/events?a=1&b=x%20y&a=2&c=",
        "body": {"n": 1},
    }


def test_a_form_that_travels_as_base64_is_read(api: Api, gateway: Gateway) -> None:
    @api.add("p_echo").step
    def echo(pd: Pd) -> object:
        return pd.steps["trigger"]["event"]["body"]

    answer = gateway.post("/pipelines/p_echo/events", "name=Luke&name=Leia", FORM)

    assert answer.json["steps"]["echo"]["$return_value"] == {"name": ["Luke", "Leia"]}


def test_bad_json_is_400_with_its_place(api: Api, gateway: Gateway) -> None:
    api.add("p_hello")

    answer = gateway.post("/pipelines/p_hello/events", '{"name": }', FORM)

    assert (answer.status, answer.headers["content-type"]) == (400, "application/problem+json")
    assert answer.json == {
        "type": "urn:tailrace:problem:invalid-json",
        "title": "Invalid json",
        "status": 400,
        "detail": "The body is not JSON: Expecting value at line 1, column 10.",
        "line": 1,
        "column": 10,
    }


def test_a_body_over_four_megabytes_is_413(api: Api, gateway: Gateway) -> None:
    api.add("p_hello")

    answer = gateway.post("/pipelines/p_hello/events", "x" * (4 * 1024 * 1024 + 1), "text/plain")

    assert answer.status == 413
    assert answer.json["detail"].startswith("The body is 4,194,305 bytes; at most 4,194,304 are read.")


def test_an_early_exit_is_answered_with_its_reason(api: Api, gateway: Gateway) -> None:
    workflow = api.add("p_exit")

    @workflow.step
    def check(pd: Pd) -> None:
        pd.send.sse(channel="checks", payload=1)
        return pd.flow.exit("nothing to do")

    @workflow.step
    def work(_pd: Pd) -> None:
        raise AssertionError

    answer = gateway.post("/pipelines/p_exit/events")

    assert answer.status == 200
    assert (answer.json["status"], answer.json["exit_reason"]) == ("Exited", "nothing to do")
    assert answer.json["sent"]["count"] == 1


def test_what_pd_respond_said_is_the_answer(api: Api, gateway: Gateway) -> None:
    @api.add("p_order").step
    def answer_it(pd: Pd) -> None:
        headers = {"X-Order": "7", "Location": "/orders/7", "X-City": "Zürich", "Tailrace-Run-Id": "mine"}
        pd.respond({"status": 201, "headers": headers, "body": {"order": 7}})

    answer = gateway.post("/pipelines/p_order/events")

    assert answer.status == 201
    assert answer.json == {"order": 7}
    assert answer.headers["content-type"] == "application/json"
    assert (answer.headers["x-order"], answer.headers["location"]) == ("7", "/orders/7")
    assert answer.headers["x-city"] == "Zürich"
    assert len(answer.headers["tailrace-run-id"]) == 32


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        ("höher", "text/plain; charset=utf-8", "höher".encode()),
        (b"\x89PNG\xff", "application/octet-stream", b"\x89PNG\xff"),
        ('"\n' * 1_500_000, "text/plain; charset=utf-8", b'"\n' * 1_500_000),
    ],
    ids=["text", "bytes", "text that doubles as JSON"],
)
def test_a_response_of_any_kind_arrives_as_it_was_given(
    api: Api, gateway: Gateway, body: str | bytes, content_type: str, expected: bytes
) -> None:
    @api.add("p_answer").step
    def answer_it(pd: Pd) -> None:
        pd.respond({"body": body})

    answer = gateway.post("/pipelines/p_answer/events")

    assert (answer.status, answer.headers["content-type"]) == (200, content_type)
    assert answer.body == expected


def test_steps_that_export_more_than_an_answer_holds_are_left_out_of_it(api: Api, gateway: Gateway) -> None:
    @api.add("p_much").step
    def export(pd: Pd) -> str:
        pd.send.sse(channel="done", payload=True)
        return "x" * (5 * 1024 * 1024)

    answer = gateway.post("/pipelines/p_much/events")

    assert answer.json["sent"]["count"] == 1
    assert answer.json["steps"] == {}
    assert "too many for an answer" in answer.json["steps_omitted"]


def test_a_step_that_raises_is_500_without_a_traceback_and_its_sends_are_delivered(api: Api, gateway: Gateway) -> None:
    workflow = api.add("p_broken")

    @workflow.step
    def prepare(pd: Pd) -> str:
        pd.send.sse(channel="progress", payload="prepared")
        return "ready"

    @workflow.step
    def charge(pd: Pd) -> None:
        pd.send.sse(channel="progress", payload="charging")
        raise ValueError("no such card")

    answer = gateway.post("/pipelines/p_broken/events")

    assert (answer.status, answer.headers["content-type"]) == (500, "application/problem+json")
    assert answer.json["type"] == "urn:tailrace:problem:step-failed"
    assert answer.json["detail"] == "The step 'charge' raised ValueError: no such card (Delivered: 2 events.)"
    run = answer.json["run"]
    assert run["run_id"] == answer.headers["tailrace-run-id"]
    assert run["error"] == {"step": "charge", "type": "ValueError", "message": "no such card"}
    assert run["sent"]["count"] == 2
    assert run["steps"] == {"prepare": {"$return_value": "ready"}}
    assert b"Traceback" not in answer.body
    assert b".py" not in answer.body


def test_a_step_that_raises_makes_nothing_of_what_was_responded_before(api: Api, gateway: Gateway) -> None:
    @api.add("p_broken", on_error="discard").step
    def charge(pd: Pd) -> None:
        pd.respond({"body": "all is well"})
        pd.send.sse(channel="progress", payload=1)
        raise RuntimeError("it is not")

    answer = gateway.post("/pipelines/p_broken/events")

    assert answer.status == 500
    assert answer.json["run"]["sent"]["count"] == 0


def test_a_run_ends_two_seconds_before_the_function_and_says_what_was_sent(api: Api) -> None:
    @api.add("p_slow").step
    async def wait(pd: Pd) -> None:
        pd.send.sse(channel="progress", payload="begun")
        await asyncio.Event().wait()

    answer = api.gateway(remaining_milliseconds=2_050).post("/pipelines/p_slow/events")

    assert answer.status == 504
    assert answer.json["type"] == "urn:tailrace:problem:run-timed-out"
    assert answer.json["run"]["status"] == "TimedOut"
    assert answer.json["run"]["sent"]["count"] == 1
    assert "`Prefer: respond-async`" in answer.json["detail"]


def test_a_step_that_hangs_in_a_thread_keeps_nobody_waiting(api: Api) -> None:
    released = threading.Event()

    @api.add("p_hang").step
    def hang(_pd: Pd) -> None:
        released.wait()

    answer = api.gateway(remaining_milliseconds=2_050).post("/pipelines/p_hang/events")
    released.set()

    assert answer.status == 504
    assert api.gateway().get("/pipelines").status == 200


def test_a_run_ends_28_seconds_after_its_request_came_while_somebody_waits(api: Api) -> None:
    @api.add("p_ask").step
    def ask(pd: Pd) -> object:
        return {"began": pd.context.ts, "ends": pd.context.deadline}

    def seconds_given(waited: float) -> float:
        gateway = api.gateway(remaining_milliseconds=900_000, waited_seconds=waited)
        exports = gateway.post("/pipelines/p_ask/events").json["steps"]["ask"]
        given: float = exports["ends"] / 1000 - datetime.fromisoformat(exports["began"]).timestamp()
        return given

    assert seconds_given(0) == pytest.approx(28, abs=1)
    assert seconds_given(10) == pytest.approx(18, abs=1)


class FailingTable(InMemoryTable):
    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    async def put(self, _item: Item) -> Item | None:
        raise self.error


def test_a_log_that_does_not_answer_is_503_and_asks_to_try_again() -> None:
    api = Api(table=FailingTable(LogUnavailable("The table does not answer.")), patience=0)
    api.add("p_hello").step("send", lambda pd: pd.send.sse(channel="a", payload=1))

    answer = api.gateway().post("/pipelines/p_hello/events")

    assert (answer.status, answer.headers["retry-after"]) == (503, "5")
    assert answer.json["type"] == "urn:tailrace:problem:log-unavailable"
    assert answer.json["trace_id"] == answer.headers["tailrace-trace-id"]


def test_a_log_that_refuses_is_500_without_its_reason() -> None:
    api = Api(table=FailingTable(LogRefused("User arn:aws:iam::1:role/x may not PutItem")), patience=0)
    api.add("p_hello").step("send", lambda pd: pd.send.sse(channel="a", payload=1))

    answer = api.gateway().post("/pipelines/p_hello/events")

    assert answer.status == 500
    assert answer.json["type"] == "urn:tailrace:problem:log-refused"
    assert b"arn:aws" not in answer.body


class FailingNotifier:
    async def announce(self, batch: Batch) -> None:
        raise NoticeFailed(f"{batch.first_id} was not announced.")


def test_a_notice_that_fails_does_not_fail_the_run() -> None:
    api = Api(notifier=FailingNotifier())
    api.add("p_hello").step("send", lambda pd: pd.send.sse(channel="a", payload=1))

    answer = api.gateway().post("/pipelines/p_hello/events")

    assert (answer.status, answer.json["status"]) == (200, "Completed")
    assert answer.json["sent"]["count"] == 1
