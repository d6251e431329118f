"""Requests with an Idempotency-Key: the first one's answer is the answer to all."""

import asyncio
import random
from collections.abc import Callable

import pytest

from lambdas.workflow_api.once import KEPT
from lambdas.workflow_api.records import MAX_ANSWER_BYTES
from tailrace.event import Batch, WorkflowId
from tailrace.event_log import EventLog
from tailrace.pd import Pd
from tests.lambdas.workflow_api.conftest import Api
from tests.lambdas.workflow_api.gateway import Answer, Gateway
from tests.lambdas.workflow_api.test_once import LossyRecordTable
from tests.lambdas.workflow_api.unanswering import UnansweringTable

EVENTS = "/pipelines/p_hello/events"


class Counted:
    """A step that counts its runs, and sends and returns the count."""

    def __init__(self) -> None:
        self.runs = 0

    def __call__(self, pd: Pd) -> int:
        self.runs += 1
        pd.send.sse(channel="runs", payload=self.runs)
        return self.runs


@pytest.fixture
def counted(api: Api) -> Counted:
    counted = Counted()
    api.add("p_hello").step("count", counted)
    return counted


def batches_in(api: Api) -> tuple[Batch, ...]:
    return asyncio.run(EventLog(table=api.table).read(WorkflowId("p_hello"), 1)).batches


def without_the_mark(answer: Answer) -> tuple[int, dict[str, str], bytes]:
    headers = {name: value for name, value in answer.headers.items() if name != "idempotency-replayed"}
    return answer.status, headers, answer.body


def check_replayed(first: Answer, again: Answer) -> None:
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert without_the_mark(again) == without_the_mark(first)


def test_the_same_key_answers_the_first_result_again(api: Api, gateway: Gateway, counted: Counted) -> None:
    first, *others = [gateway.post(EVENTS, '{"name": "Luke"}', idempotency_key="order-7") for _ in range(3)]

    assert first.json["steps"] == {"count": {"$return_value": 1}}
    for again in others:
        check_replayed(first, again)
    assert counted.runs == len(batches_in(api)) == 1


def test_requests_without_a_key_or_with_another_run_each(api: Api, gateway: Gateway, counted: Counted) -> None:
    api.add("p_other").step("count", counted)

    answers = [gateway.post(EVENTS), gateway.post(EVENTS)]
    answers += [gateway.post(EVENTS, idempotency_key=key) for key in ("order-7", "order-8")]
    answers += [gateway.post("/pipelines/p_other/events", idempotency_key="order-7")]

    assert counted.runs == 5
    assert len({answer.json["trace_id"] for answer in answers}) == 5


@pytest.mark.parametrize(
    "body", [b"\x89PNG\xff\x00", "höher", {"order": 7}, None], ids=["bytes", "text", "JSON", "none"]
)
def test_what_pd_respond_said_is_said_again(api: Api, gateway: Gateway, body: object) -> None:
    @api.add("p_hello").step
    def answer_it(pd: Pd) -> None:
        pd.respond({"status": 201, "headers": {"X-City": "Zürich", "Location": "/orders/7"}, "body": body})

    first, again = [gateway.post(EVENTS, idempotency_key="order-7") for _ in range(2)]

    assert (first.status, again.headers["x-city"]) == (201, "Zürich")
    check_replayed(first, again)


def test_a_step_that_raised_is_a_result_and_does_not_run_again(api: Api, gateway: Gateway, counted: Counted) -> None:
    @api.workflows[WorkflowId("p_hello")].step
    def charge(_pd: Pd) -> None:
        raise ValueError("no such card")

    first, again = [gateway.post(EVENTS, idempotency_key="order-7") for _ in range(2)]

    assert (first.status, first.json["run"]["error"]["type"]) == (500, "ValueError")
    check_replayed(first, again)
    assert counted.runs == 1


def test_a_run_whose_time_was_up_is_a_result_and_does_not_run_again(api: Api, counted: Counted) -> None:
    @api.workflows[WorkflowId("p_hello")].step
    async def wait(_pd: Pd) -> None:
        await asyncio.Event().wait()

    gateway = api.gateway(remaining_milliseconds=2_050)
    first, again = [gateway.post(EVENTS, idempotency_key="order-7") for _ in range(2)]

    assert first.status == 504
    check_replayed(first, again)
    assert counted.runs == 1


def test_while_the_first_still_runs_others_are_told_to_wait(api: Api, gateway: Gateway) -> None:
    meanwhile: list[Answer] = []

    @api.add("p_hello").step
    def ask_again(_pd: Pd) -> None:
        meanwhile.append(api.gateway().post(EVENTS, idempotency_key="order-7"))

    first = gateway.post(EVENTS, idempotency_key="order-7")

    [conflict] = meanwhile
    assert (conflict.status, conflict.headers["retry-after"]) == (409, "5")
    assert conflict.json["type"] == "urn:tailrace:problem:run-in-progress"
    check_replayed(first, gateway.post(EVENTS, idempotency_key="order-7"))


@pytest.mark.parametrize(("path", "body"), [(EVENTS, '{"name": "Leia"}'), (f"{EVENTS}?dry=1", '{"name": "Luke"}')])
def test_the_same_key_for_something_else_is_422(gateway: Gateway, counted: Counted, path: str, body: str) -> None:
    gateway.post(EVENTS, '{"name": "Luke"}', idempotency_key="order-7")

    answer = gateway.post(path, body, idempotency_key="order-7")

    assert answer.status == 422
    assert answer.json["type"] == "urn:tailrace:problem:idempotency-key-reused"
    assert counted.runs == 1


def form(boundary: str) -> tuple[str, str]:
    part = f'--{boundary}\r\nContent-Disposition: form-data; name="name"\r\n\r\nLuke\r\n--{boundary}--\r\n'
    return part, f"multipart/form-data; boundary={boundary}"


@pytest.mark.parametrize(
    ("first", "again"),
    [
        (('{"a": 1, "b": 2}', "application/json"), ('{"b":2,"a":1}', "application/json")),
        (form("one"), form("two")),
    ],
    ids=["JSON written otherwise", "form with another boundary"],
)
def test_the_same_request_written_otherwise_is_the_same(
    gateway: Gateway, counted: Counted, first: tuple[str, str], again: tuple[str, str]
) -> None:
    answers = [gateway.post(EVENTS, *request, idempotency_key="order-7") for request in (first, again)]

    check_replayed(*answers)
    assert counted.runs == 1


def test_a_key_that_is_used_again_after_its_day_is_another_run(api: Api, gateway: Gateway, counted: Counted) -> None:
    first = gateway.post(EVENTS, idempotency_key="order-7").json

    api.now += KEPT
    another = gateway.post(EVENTS, idempotency_key="order-7").json

    assert counted.runs == len(batches_in(api)) == 2  # were their batches named alike, the second would be lost
    assert another["trace_id"] != first["trace_id"]


def test_a_run_whose_append_was_not_answered_runs_again_and_is_in_the_log_once() -> None:
    table = UnansweringTable()
    api, counted = Api(table=table, patience=0), Counted()
    api.add("p_hello").step("count", counted)

    table.answers_are_lost = True
    first = api.gateway().post(EVENTS, idempotency_key="order-7")
    table.answers_are_lost = False
    second = api.gateway().post(EVENTS, idempotency_key="order-7")

    assert (first.status, second.status, counted.runs) == (503, 200, 2)
    [batch] = batches_in(api)
    assert [event.payload for event in batch.events] == ["1"]
    assert second.json["sent"] == {"count": 1, "first_id": str(batch.first_id), "last_id": str(batch.last_id)}
    assert second.json["trace_id"] == first.json["trace_id"]
    check_replayed(second, api.gateway().post(EVENTS, idempotency_key="order-7"))


def test_while_records_are_away_a_request_with_a_key_does_not_run(counted: Counted, api: Api) -> None:
    api.records = records = LossyRecordTable()
    api.function = api.make_function(invoke_later=api.invoke_later)
    records.away = True

    refused = api.gateway().post(EVENTS, idempotency_key="order-7")
    without_key = api.gateway().post(EVENTS)

    assert (refused.status, refused.headers["retry-after"]) == (503, "5")
    assert refused.json["type"] == "urn:tailrace:problem:idempotency-unavailable"
    assert (without_key.status, counted.runs) == (200, 1)


@pytest.mark.parametrize("headers", [{"idempotency_key": "order-7"}, {"prefer": "respond-async"}])
def test_while_the_log_cannot_be_read_nothing_runs_that_may_be_tried_twice(headers: dict[str, str]) -> None:
    table = UnansweringTable()
    api, counted = Api(table=table, patience=0), Counted()
    api.add("p_hello").step("count", counted)

    table.reads_fail = True
    answer = api.gateway().post(EVENTS, **headers)

    assert (answer.status, answer.headers["retry-after"]) == (503, "5")
    assert "nothing has run" in answer.json["detail"]
    assert (counted.runs, api.later) == (0, [])


def test_an_answer_that_could_not_be_kept_is_given_and_the_log_still_holds_the_run_once(
    api: Api, counted: Counted
) -> None:
    api.records = records = LossyRecordTable()
    api.function = api.make_function(invoke_later=api.invoke_later)
    workflow = api.workflows[WorkflowId("p_hello")]
    workflow.step("lose", lambda _pd: setattr(records, "away", True))

    first = api.gateway().post(EVENTS, idempotency_key="order-7")
    records.away = False
    meanwhile = api.gateway().post(EVENTS, idempotency_key="order-7")
    api.now += 31
    again = api.gateway().post(EVENTS, idempotency_key="order-7")

    assert (first.status, meanwhile.status, again.status) == (200, 409, 200)
    assert first.json["sent"] == again.json["sent"]
    assert (counted.runs, len(batches_in(api))) == (2, 1)


def noise() -> str:
    """Text that does not become short enough to be kept when it is compressed."""
    return random.Random(7).randbytes(MAX_ANSWER_BYTES).hex()


def test_steps_that_are_too_long_to_be_kept_are_left_out_of_later_answers(api: Api, gateway: Gateway) -> None:
    api.add("p_hello").step("export", lambda _pd: noise() * 3)

    first, again = [gateway.post(EVENTS, idempotency_key="order-7") for _ in range(2)]

    assert first.json["steps"] == {"export": {"$return_value": noise() * 3}}
    assert again.headers["idempotency-replayed"] == "true"
    assert "too long" in again.json.pop("steps_omitted")
    assert {**again.json, "steps": {}} == {**first.json, "steps": {}, "steps_omitted": again.json["steps_omitted"]}


@pytest.mark.parametrize(
    "step",
    [
        lambda pd: pd.respond({"status": 201, "headers": {"X-Order": "7"}, "body": noise() * 3}),
        lambda pd: pd.flow.exit(noise() * 3),
    ],
    ids=["response", "reason of an exit"],
)
def test_an_answer_that_is_too_long_to_be_kept_is_given_again_as_a_summary(
    api: Api, gateway: Gateway, step: Callable[[Pd], None]
) -> None:
    api.add("p_hello").step("answer", step)

    first, again = [gateway.post(EVENTS, idempotency_key="order-7") for _ in range(2)]

    assert (again.status, again.headers["content-type"]) == (first.status, "application/json")
    assert again.json["run_id"] == first.headers["tailrace-run-id"]
    assert ("response_omitted" in again.json) == (first.status == 201)
    assert len(again.body) < 10_000


def test_a_request_that_is_accepted_twice_runs_once(api: Api, gateway: Gateway, counted: Counted) -> None:
    first, again = [gateway.post(EVENTS, idempotency_key="order-7", prefer="respond-async") for _ in range(2)]

    assert first.status == 202
    check_replayed(first, again)
    [event] = api.later
    assert event["tailrace"]["run"]["trace_id"] == first.json["trace_id"]
    assert counted.runs == 0


def test_a_request_that_was_not_accepted_may_be_sent_again_at_once(api: Api, counted: Counted) -> None:
    api.refuses_later = True
    refused = api.gateway().post(EVENTS, idempotency_key="order-7", prefer="respond-async")
    api.refuses_later = False
    accepted = api.gateway().post(EVENTS, idempotency_key="order-7", prefer="respond-async")

    assert (refused.status, accepted.status, len(api.later), counted.runs) == (503, 202, 1, 0)


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb"])
def test_an_idempotency_key_that_is_none_is_422(api: Api, gateway: Gateway, key: str) -> None:
    api.add("p_hello")

    answer = gateway.post(EVENTS, idempotency_key=key)

    assert answer.status == 422
    assert answer.json["type"] == "urn:tailrace:problem:invalid-idempotency-key"
