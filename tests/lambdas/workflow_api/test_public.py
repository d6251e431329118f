"""Workflows that everybody may run: what strangers may, what they are told, and what they can't learn."""

import asyncio
from datetime import UTC, datetime

import pytest

from lambdas.workflow_api.keys import Verb, make_key
from tailrace.event import WorkflowId
from tailrace.event_log import EventLog
from tailrace.pd import Pd
from tests.lambdas.workflow_api.conftest import Api
from tests.lambdas.workflow_api.gateway import Answer, Gateway

HOOK, PRIVATE = "/pipelines/p_hook/events", "/pipelines/p_private/events"
INSIDE = "an inner value"


@pytest.fixture
def api() -> Api:
    api = Api()
    api.add("p_private").step("look_up", lambda _pd: INSIDE)
    api.add("p_hook", public=True).step("look_up", look_up)
    return api


def look_up(pd: Pd) -> str:
    body = pd.steps["trigger"]["event"]["body"]
    pd.send.sse(channel="hooks", payload=1)
    if body == "fail":
        raise ValueError(INSIDE)
    if body == "respond":
        pd.respond({"status": 201, "headers": {"X-Hook": "yes"}, "body": "thanks"})
    if body == "exit":
        pd.flow.exit(INSIDE)
    return INSIDE


@pytest.fixture
def stranger(api: Api) -> Gateway:
    return api.gateway(key=None)


def runs_in(api: Api) -> int:
    return len(asyncio.run(EventLog(table=api.table).read(WorkflowId("p_hook"), 1)).batches)


def text(answer: Answer) -> str:
    return answer.body.decode() + str(answer.headers)


def test_strangers_run_a_public_workflow_and_nothing_else(stranger: Gateway) -> None:
    assert stranger.post(HOOK).status == 200
    for method, path in [
        ("POST", PRIVATE),
        ("POST", "/pipelines/p_none/events"),
        ("GET", "/pipelines/p_hook"),
        ("GET", "/pipelines"),
    ]:
        assert stranger.request(method, path).status == 401, path


@pytest.mark.parametrize("authorization", ["Bearer of-the-hooks-sender", "Basic YTpi", "HMAC 9f86"])
def test_what_a_hooks_sender_authorizes_itself_with_does_not_matter(stranger: Gateway, authorization: str) -> None:
    assert stranger.post(HOOK, authorization=authorization).status == 200


def test_a_key_that_may_not_run_it_is_a_strangers_there(api: Api) -> None:
    key, kept = make_key("elsewhere", workflows=["p_private"], verbs=[Verb.RUN], created_at=datetime.now(UTC))
    api.ring = api.ring.with_key(kept)
    api.function = api.make_function(invoke_later=api.invoke_later)

    answer = api.gateway(key=key).post(HOOK)

    assert answer.status == 200
    assert "steps" not in answer.json


@pytest.mark.parametrize(("body", "status"), [("", 200), ("exit", 200), ("fail", 500)])
def test_strangers_are_told_that_it_has_run_and_nothing_of_its_inside(
    stranger: Gateway, body: str, status: int
) -> None:
    answer = stranger.post(HOOK, body, content_type="text/plain")

    assert answer.status == status
    assert INSIDE not in text(answer)
    assert "look_up" not in text(answer)
    assert "ValueError" not in text(answer)
    assert answer.headers["tailrace-trace-id"] == answer.json["trace_id"]


def test_strangers_get_what_pd_respond_said(stranger: Gateway) -> None:
    answer = stranger.post(HOOK, "respond", content_type="text/plain")

    assert (answer.status, answer.headers["x-hook"], answer.body) == (201, "yes", b"thanks")


def test_who_holds_a_key_is_told_everything_as_ever(api: Api) -> None:
    assert api.gateway().post(HOOK).json["steps"] == {"look_up": {"$return_value": INSIDE}}


def test_strangers_may_ask_for_a_run_later(api: Api, stranger: Gateway) -> None:
    answer = stranger.post(HOOK, prefer="respond-async")

    assert answer.status == 202
    assert answer.json.keys() == {"trace_id", "workflow_id", "status"}
    assert len(api.later) == 1


def test_a_strangers_request_that_is_sent_again_runs_once(api: Api, stranger: Gateway) -> None:
    first, again = [stranger.post(HOOK, '{"n": 1}', idempotency_key="delivery-7") for _ in range(2)]

    assert again.headers["idempotency-replayed"] == "true"
    assert first.json == again.json
    assert runs_in(api) == 1


def test_strangers_never_get_the_answer_to_who_holds_a_key_nor_stand_in_its_way(api: Api, stranger: Gateway) -> None:
    holder = api.gateway()
    told = holder.post(HOOK, '{"n": 1}', idempotency_key="order-7")

    same = stranger.post(HOOK, '{"n": 1}', idempotency_key="order-7")
    ahead = stranger.post(HOOK, '{"n": 2}', idempotency_key="order-8")
    after = holder.post(HOOK, '{"n": 3}', idempotency_key="order-8")

    assert "idempotency-replayed" not in same.headers
    assert same.json["trace_id"] != told.json["trace_id"]
    assert INSIDE not in text(same)
    assert (ahead.status, after.status) == (200, 200)
    assert "idempotency-replayed" not in after.headers


def test_strangers_do_not_learn_which_keys_other_strangers_have_used(api: Api, stranger: Gateway) -> None:
    first = stranger.post(HOOK, '{"n": 1}', idempotency_key="delivery-7")

    other = stranger.post(HOOK, '{"n": 2}', idempotency_key="delivery-7")

    assert (first.status, other.status) == (200, 200)
    assert first.json["trace_id"] != other.json["trace_id"]
    assert runs_in(api) == 2


def test_a_request_whose_key_was_changed_meanwhile_is_still_the_same_one(api: Api) -> None:
    first = api.gateway().post(HOOK, idempotency_key="order-7")
    key, kept = make_key("next", workflows=["*"], verbs=[Verb.RUN], created_at=datetime.now(UTC))
    api.ring = api.ring.with_key(kept).without("first")
    api.function = api.make_function(invoke_later=api.invoke_later)

    again = api.gateway(key=key).post(HOOK, idempotency_key="order-7")

    assert again.headers["idempotency-replayed"] == "true"
    assert again.body == first.body


def test_an_answer_too_long_to_be_kept_is_kept_without_what_was_said(api: Api, stranger: Gateway) -> None:
    @api.add("p_long", public=True).step
    def answer_at_length(pd: Pd) -> str:
        pd.respond({"status": 201, "body": NOISE})
        return INSIDE

    first, again = [stranger.post("/pipelines/p_long/events", idempotency_key="k") for _ in range(2)]

    assert first.body.decode() == NOISE
    assert again.status == 201
    assert again.json.keys() == {"trace_id", "workflow_id", "status"}


NOISE = "".join(f"{number * 2654435761 % 2**32:08x}" for number in range(100_000))
