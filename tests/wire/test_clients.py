"""Fixed cases through real clients: each hears exactly what was sent, with its id, and nothing else."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from stream_service.counts import End
from tailrace.event import MAX_PAYLOAD_BYTES
from tests.support.rim import Rim, eventually, serving, some_settings
from tests.support.streams import stream_url
from tests.wire.clients import CLIENTS, RECONNECTING, Client, Heard

CASES: list[tuple[str, object]] = [
    ("message", "on the channel that onmessage hears"),
    ("lines", "one\ntwo\r\nthree\rfour\n\n"),
    ("separators", "\u2028\u2029\u0085\x0b\x0c\x1c\x1d\x1e"),
    ("nothing", None),
    ("nothing", ""),
    ("nothing", []),
    ("fields", "data: x\n\nid: 0\nretry: 1\nevent: other\n\n:comment"),
    ("NUL", "\0"),
    ("emoji", "🌊 👩‍👩‍👧‍👦 é"),
    ("byte-order-mark", "\ufeff"),
    ("two words: and a colon", {"nested": {"deep": [1, 2.5, True, None]}}),
    ("Kanäle 🌊", {"ключ": "значение"}),
    ("numbers", [0, -1, 1e300, 12345678901234567890]),
    ("large", "é" * ((MAX_PAYLOAD_BYTES - 2) // len("\\u00e9"))),
]
CHANNELS = sorted({channel for channel, _ in CASES})

pytestmark = pytest.mark.usefixtures("path")

QUICK = some_settings(retry_to_milliseconds=1000)


@pytest.fixture
async def rim() -> Rim:
    return Rim(settings=QUICK)


@pytest.fixture
async def keepalives(rim: Rim) -> AsyncIterator[None]:
    """Keepalives between all events, and at every other time."""

    async def keep_alive() -> None:
        while True:
            rim.hub.keep_alive(asyncio.get_running_loop().time())
            await asyncio.sleep(0.02)

    task = asyncio.create_task(keep_alive())
    yield
    task.cancel()


@pytest.mark.usefixtures("keepalives")
@pytest.mark.parametrize("client", CLIENTS)
async def test_every_event_is_heard_as_it_was_sent_and_nothing_else(rim: Rim, url: str, client: Client) -> None:
    await rim.publish("p_a", "first", channel="message")
    async with client(stream_url(url, "p_a"), CHANNELS) as follower:
        await follower.until(1)
        for channel, payload in CASES:
            await rim.publish("p_a", payload, channel=channel)
        await follower.until(1 + len(CASES))
        await rim.publish("p_a", "last", channel="message")
        await follower.until(2 + len(CASES))

    assert [(each.event, json.loads(each.data)) for each in follower.events] == [
        ("message", "first"),
        *CASES,
        ("message", "last"),
    ]
    generation = follower.events[0].id.split("-")[0]
    assert [each.id for each in follower.events] == [f"{generation}-{1 + n}" for n in range(2 + len(CASES))]


@pytest.mark.usefixtures("keepalives")
@pytest.mark.parametrize("client", CLIENTS)
async def test_empty_stream_says_nothing(rim: Rim, url: str, client: Client) -> None:
    async with client(stream_url(url, "p_a"), ["c"]) as follower:
        await eventually(lambda: rim.hub.connections == 1)
        await rim.publish("p_a", 1)
        await eventually(lambda: any(each.event == "c" for each in follower.events))

    # Libraries that report every channel tell of $sync, too.
    assert [each for each in follower.events if each.event != "$sync"] == [
        Heard("c", "1", follower.events[-1].id),
    ]


@pytest.mark.parametrize("client", RECONNECTING)
async def test_client_that_is_cut_or_ended_comes_back_for_what_it_missed(rim: Rim, url: str, client: Client) -> None:
    await rim.publish("p_a", *range(3))
    async with client(stream_url(url, "p_a"), ["c"]) as follower:
        await follower.until(3)
        for end_politely in (True, False):
            for subscription in rim.hub.subscriptions():
                subscription.end(End.DRAIN) if end_politely else subscription.abort(End.SLOW)
            start = len(follower.events)
            await rim.publish("p_a", *range(start, start + 150))
            await follower.until(start + 150)

    assert [json.loads(each.data) for each in follower.events] == list(range(303))


@pytest.mark.parametrize("client", RECONNECTING)
async def test_client_comes_back_to_a_service_that_was_replaced(client: Client) -> None:
    rim = Rim(settings=QUICK)
    async with AsyncExitStack() as old:
        url, _ = await old.enter_async_context(serving(rim.app))
        await rim.publish("p_a", 1)
        async with client(stream_url(url, "p_a"), ["c"]) as follower:
            await follower.until(1)
            await old.aclose()
            new = Rim(settings=QUICK, table=rim.table)
            await new.publish("p_a", 2)
            async with serving(new.app, port=int(url.rpartition(":")[2])):
                await follower.until(2)

    assert [json.loads(each.data) for each in follower.events] == [1, 2]
