"""Who is counted, by what, and what happens to who asks too often."""

import asyncio
import json
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest

from lambdas.workflow_api.keys import ApiKey, Verb, make_key
from lambdas.workflow_api.limits import PAUSE, Limits
from lambdas.workflow_api.metrics import LoggedMetrics, NoMetrics
from lambdas.workflow_api.problems import Problem
from tests.lambdas.workflow_api.conftest import Api
from tests.lambdas.workflow_api.counts import InMemoryRequestCounts
from tests.lambdas.workflow_api.gateway import Gateway

HOOK = "/pipelines/p_hook/events"
ADDRESS = "address#203.0.113.7"
LIMIT = 3


@dataclass
class Shop:
    """An API with a small limit, a key that has one of its own, and a key that has none."""

    api: Api
    limited: str

    @property
    def stranger(self) -> Gateway:
        return self.api.gateway(key=None)


@pytest.fixture
def shop() -> Shop:
    api = Api(requests_per_address=LIMIT)
    api.add("p_hook", public=True)
    api.add("p_private")
    key, kept = make_key("till", workflows=["p_private"], verbs=[Verb.RUN], created_at=datetime.now(UTC), rate=2)
    api.ring = api.ring.with_key(kept)
    api.function = api.make_function(invoke_later=api.invoke_later)
    return Shop(api, key)


def test_strangers_are_let_in_up_to_the_limit_and_then_told_when_to_come_again(shop: Shop) -> None:
    shop.api.now += 12.5
    assert [shop.stranger.post(HOOK).status for _ in range(LIMIT)] == [200] * LIMIT

    refused = shop.stranger.post(HOOK)

    assert refused.status == 429
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.headers["retry-after"] == "48"
    assert refused.json["type"] == "urn:tailrace:problem:too-many-requests"
    assert "from this address: 3 a minute" in refused.json["detail"]


def test_a_new_minute_is_a_new_count(shop: Shop) -> None:
    for _ in range(LIMIT + 1):
        shop.stranger.post(HOOK)

    shop.api.now += 59.9
    assert shop.stranger.post(HOOK).status == 429
    shop.api.now += 0.1
    assert shop.stranger.post(HOOK).status == 200


def test_others_are_served_while_one_address_is_refused(shop: Shop) -> None:
    for _ in range(LIMIT + 1):
        shop.stranger.post(HOOK)

    assert replace(shop.stranger, address="203.0.113.8").post(HOOK).status == 200
    assert shop.api.gateway().post(HOOK).status == 200


@pytest.mark.parametrize("key", [None, "tailrace_guessed"], ids=["no key", "a guessed one"])
def test_requests_that_are_refused_for_want_of_a_key_count_too(shop: Shop, key: str | None) -> None:
    guesser = shop.api.gateway(key=key)

    assert [guesser.get("/pipelines").status for _ in range(LIMIT + 1)] == [401] * LIMIT + [429]
    assert guesser.post("/pipelines/p_private/events").status == 429


def test_flood_costs_no_more_counting_once_it_is_refused(shop: Shop) -> None:
    for _ in range(LIMIT + 50):
        shop.stranger.post(HOOK)

    assert sum(shop.api.counts.counts.values()) == LIMIT + 1


def test_another_instance_knows_what_this_one_has_counted(shop: Shop) -> None:
    for _ in range(LIMIT):
        shop.stranger.post(HOOK)
    shop.api.function = shop.api.make_function(invoke_later=shop.api.invoke_later)

    assert shop.stranger.post(HOOK).status == 429


def test_keys_without_a_limit_are_not_counted(shop: Shop) -> None:
    for _ in range(LIMIT + 1):
        assert shop.api.gateway().post("/pipelines/p_private/events").status == 200

    assert shop.api.counts.callers == set()


def test_a_key_with_a_limit_is_counted_wherever_its_requests_come_from(shop: Shop) -> None:
    answers = [
        replace(shop.api.gateway(key=shop.limited), address=f"203.0.113.{n}").post("/pipelines/p_private/events")
        for n in range(3)
    ]

    assert [answer.status for answer in answers] == [200, 200, 429]
    assert "with the key 'till': 2 a minute" in answers[-1].json["detail"]
    assert shop.api.counts.callers == {"key#till"}


def test_a_key_that_may_not_run_a_public_workflow_is_its_address_there(shop: Shop) -> None:
    assert shop.api.gateway(key=shop.limited).post(HOOK).status == 200

    assert shop.api.counts.callers == {"key#till", ADDRESS}


@pytest.mark.parametrize(
    ("method", "path"),
    [("OPTIONS", HOOK), ("GET", "/pipelines/p_hook/sse"), ("GET", "/nowhere"), ("PUT", HOOK)],
    ids=["a preflight", "the stand-in", "no route", "no such method"],
)
def test_what_touches_nothing_is_not_counted(shop: Shop, method: str, path: str) -> None:
    headers = {"origin": "https://app.example", "access-control-request-method": "POST"}

    assert shop.stranger.request(method, path, headers=headers).status != 429
    assert shop.api.counts.callers == set()


def test_a_refused_page_may_read_why(shop: Shop) -> None:
    for _ in range(LIMIT):
        shop.stranger.post(HOOK)

    answer = shop.stranger.post(HOOK, origin="https://app.example")

    assert answer.headers["access-control-allow-origin"] == "*"
    assert "Retry-After" in answer.headers["access-control-expose-headers"]


def test_without_a_limit_nobody_is_counted() -> None:
    api = Api(requests_per_address=0)
    api.add("p_hook", public=True)

    assert api.gateway(key=None).post(HOOK).status == 200
    assert api.counts.callers == set()


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("203.0.113.7", ADDRESS),
        ("::ffff:203.0.113.7", ADDRESS),
        ("2001:db8:1:2:3:4:5:6", "address#2001:db8:1:2::/64"),
        ("2001:DB8:1:2::9", "address#2001:db8:1:2::/64"),
        ("", "address#unknown"),
    ],
)
def test_an_address_is_counted_with_those_who_share_it(shop: Shop, address: str, counted: str) -> None:
    replace(shop.stranger, address=address).post(HOOK)

    assert shop.api.counts.callers == {counted}


def test_counts_that_are_away_let_everybody_in_and_are_not_asked_for_a_while(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    shop.api.counts.away = True
    with caplog.at_level(logging.ERROR):
        assert [shop.stranger.post(HOOK).status for _ in range(2 * LIMIT)] == [200] * 2 * LIMIT
    assert [record.message for record in caplog.records] == ["requests_not_counted"]

    shop.api.counts.away = False
    shop.api.now += PAUSE
    assert [shop.stranger.post(HOOK).status for _ in range(LIMIT + 1)] == [200] * LIMIT + [429]


class SilentCounts:
    """`RequestCounts` that never answer."""

    asked = 0

    async def add(self, caller: str, minute: int) -> int:  # noqa: ARG002 (as the protocol has it)
        self.asked += 1
        return await asyncio.Future()


async def test_counts_that_do_not_answer_hold_one_request_up_for_a_second_and_no_other(
    caplog: pytest.LogCaptureFixture,
) -> None:
    counts = SilentCounts()
    limits = Limits(counts=counts, requests_per_address=LIMIT, metrics=NoMetrics(), now=lambda: 0.0)

    with caplog.at_level(logging.ERROR):
        for _ in range(2 * LIMIT):
            await limits.admit_stranger("203.0.113.7")

    assert counts.asked == 1
    assert [record.message for record in caplog.records] == ["requests_not_counted"]


def test_who_is_refused_is_told_of_once_a_minute_without_its_address(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    shop.api.function = shop.api.make_function(
        invoke_later=shop.api.invoke_later, metrics=LoggedMetrics(namespace="Tailrace/dev")
    )
    for _ in range(LIMIT + 5):
        shop.stranger.get("/pipelines")
    for _ in range(3):
        shop.api.gateway(key=shop.limited).get("/pipelines")

    written = capsys.readouterr().out
    lines = [json.loads(line) for line in written.splitlines()]
    assert [(line["kind"], line["CallersRefused"], line["service"]) for line in lines] == [
        ("address", [1], "workflow-api"),
        ("key", [1], "workflow-api"),
    ]
    assert "203.0.113.7" not in written


def test_threads_that_share_the_limits_let_in_no_more_than_those_who_are_admitted() -> None:
    api_key = ApiKey(name="ci", hash=f"sha256:{'0' * 64}", workflows=("*",), verbs=frozenset(Verb), rate=40)
    limits = Limits(counts=InMemoryRequestCounts(), requests_per_address=0, metrics=NoMetrics(), now=lambda: 0.0)
    together = threading.Barrier(8)

    def ask() -> int:
        together.wait()
        admitted = 0
        for _ in range(10):
            try:
                asyncio.run(limits.admit_key(api_key))
            except Problem:
                continue
            admitted += 1
        return admitted

    with ThreadPoolExecutor(8) as threads:
        asked = [threads.submit(ask) for _ in range(8)]

    assert sum(each.result() for each in asked) == 40
