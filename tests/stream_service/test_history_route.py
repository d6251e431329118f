"""The past of a stream as JSON."""

import json
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import httpx
import pytest

from stream_service.history import MAX_EVENTS
from stream_service.query import MAX_CHANNELS
from tailrace.errors import LogUnavailable
from tests.support.rim import Rim, serving

EVENTS = "/streams/p_a/events"


@pytest.fixture
async def rim() -> Rim:
    return Rim()


@pytest.fixture
async def client(rim: Rim) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(rim.app) as (url, _), httpx.AsyncClient(base_url=url, trust_env=False, timeout=30) as client:
        yield client


async def read(client: httpx.AsyncClient, path: str) -> dict[str, Any]:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json()
    return page


async def test_events_have_their_ids_channels_payloads_and_times(rim: Rim, client: httpx.AsyncClient) -> None:
    [batch] = await rim.publish("p_a", {"name": "Lé\u2028"}, channel="höher")

    answer = await client.get(EVENTS)

    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    [event] = answer.json()["events"]
    assert list(event) == ["id", "channel", "recorded_at", "payload"]
    assert (event["id"], event["channel"], event["payload"]) == (str(batch.first_id), "höher", {"name": "Lé\u2028"})
    assert datetime.fromisoformat(event["recorded_at"]).timestamp() == batch.recorded_at / 1000
    assert answer.content.isascii()


async def test_links_lead_through_the_whole_stream_and_end(rim: Rim, client: httpx.AsyncClient) -> None:
    await rim.publish("p_a", *range(1, 8))

    page = await read(client, f"{EVENTS}?limit=3")
    assert page["next"] is None
    back = [page["events"]]
    while page["previous"]:
        page = await read(client, page["previous"])
        back.insert(0, page["events"])
    forth = [page["events"]]
    while page["next"]:
        page = await read(client, page["next"])
        forth.append(page["events"])

    for pages in (back, forth):
        assert [event["payload"] for events in pages for event in events] == list(range(1, 8))
    assert page["cursor"].endswith("-7")


async def test_links_keep_limit_and_channels_and_repeat_nothing_else(rim: Rim, client: httpx.AsyncClient) -> None:
    await rim.publish("p_a", 1, 2, 3, channel="a&b")

    page = await read(client, f"{EVENTS}?limit=1&channel=a%26b&channel=c&token=secret&before=")

    assert page["previous"] == f"{EVENTS}?before={page['events'][0]['id']}&limit=1&channel=a%26b&channel=c"
    assert "secret" not in json.dumps(page)


async def test_the_cursor_of_a_page_is_where_a_stream_goes_on(rim: Rim, client: httpx.AsyncClient) -> None:
    await rim.publish("p_a", 1, 2)

    page = await read(client, EVENTS)
    await rim.publish("p_a", 3)

    assert [event["payload"] for event in (await read(client, f"{EVENTS}?after={page['cursor']}"))["events"]] == [3]


async def test_an_id_that_cannot_be_honoured_is_told_as_the_stream_tells_it(
    rim: Rim, client: httpx.AsyncClient
) -> None:
    await rim.publish("p_a", 1, 2)

    page = await read(client, f"{EVENTS}?after=m0-7")

    assert page["gap"] == {"reason": "unknown", "requested": "m0-7", "next": page["events"][0]["id"], "missed": None}
    assert [event["payload"] for event in page["events"]] == [1, 2]


async def test_an_empty_stream_is_an_empty_page(client: httpx.AsyncClient) -> None:
    assert await read(client, EVENTS) == {
        "workflow_id": "p_a",
        "events": [],
        "gap": None,
        "cursor": "0-0",
        "next": None,
        "previous": None,
    }


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("after=17", "after: an event's id is"),
        ("before=m1-", "before: an event's id is"),
        (f"after=m1-{'9' * 40}", "after: an event's id is"),
        ("after=m1-5&before=m1-2", "after, before: m1-5 is not in front of m1-2"),
        ("after=m1-5&before=m1-5", "after, before: m1-5 is not in front of m1-5"),
        ("limit=0", "limit: "),
        (f"limit={MAX_EVENTS + 1}", "limit: "),
        ("limit=many", "limit: "),
        ("channel=", "channel.0: "),
        ("&".join(f"channel=c{number}" for number in range(MAX_CHANNELS + 1)), "channel: "),
    ],
)
async def test_what_is_wrong_with_a_request_is_said(client: httpx.AsyncClient, query: str, detail: str) -> None:
    answer = await client.get(f"{EVENTS}?{query}")

    assert answer.status_code == 422
    assert answer.json()["detail"].startswith(detail)


async def test_ids_right_behind_one_another_and_of_two_lives_may_be_asked_for(client: httpx.AsyncClient) -> None:
    for query in ("after=m1-5&before=m1-6", "after=m1-5&before=m0-2"):
        assert (await client.get(f"{EVENTS}?{query}")).status_code == 200


async def test_a_malformed_stream_is_422(client: httpx.AsyncClient) -> None:
    for method in ("GET", "HEAD", "OPTIONS"):
        assert (await client.request(method, "/streams/hello/events")).status_code == 422


async def test_head_options_and_other_methods_are_answered(rim: Rim, client: httpx.AsyncClient) -> None:
    await rim.publish("p_a", 1)

    head, options, other = [await client.request(method, EVENTS) for method in ("HEAD", "OPTIONS", "DELETE")]

    assert (head.status_code, head.content, head.headers["content-type"]) == (200, b"", "application/json")
    assert (options.status_code, options.headers["allow"]) == (204, "GET, HEAD, OPTIONS")
    assert (other.status_code, other.headers["allow"]) == (405, "GET, HEAD, OPTIONS")


async def test_pages_of_elsewhere_may_read_it(client: httpx.AsyncClient) -> None:
    answer = await client.get(EVENTS, headers={"Origin": "https://page.example"})

    assert answer.headers["access-control-allow-origin"] == "*"


async def test_a_log_that_does_not_answer_is_503_and_when_to_come_again(rim: Rim, client: httpx.AsyncClient) -> None:
    async def away(*_: object, **__: object) -> None:
        raise LogUnavailable("The table EventLog answered InternalServerError.")

    rim.table.query = away  # type: ignore[method-assign,assignment] # the log is away

    answer = await client.get(EVENTS)

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "EventLog" not in answer.text
