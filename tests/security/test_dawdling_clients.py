"""Clients that take their time to ask."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest

from stream_service.counts import End
from tests.support.rim import Rim, eventually, serving
from tests.support.streams import follow

pytestmark = pytest.mark.usefixtures("path")

SECONDS = 0.4
STREAM = b"GET /pipelines/p_a/sse HTTP/1.1\r\nHost: x\r\n\r\n"
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /pipelines/p_a/sse HTTP/1.1\r\nHost: x\r\n"
DAWDLERS: dict[str, tuple[bytes, bytes]] = {
    "says nothing": (b"", b""),
    "never ends its first line": (b"GET /", b"a"),
    "never ends a header": (b"GET / HTTP/1.1\r\nX: ", b"a"),
    "never ends its headers": (b"GET / HTTP/1.1\r\n", b"X: a\r\n"),
    "sends blank lines alone": (b"", b"\r\n"),
    "never ends its body": (POST + b"Content-Length: 1000000\r\n\r\n", b"a"),
    "never ends its chunks": (POST + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n"),
    "never ends a chunk's extension": (POST + b"Transfer-Encoding: chunked\r\n\r\n1;", b"a"),
    "never ends its trailers": (POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X: a\r\n"),
    "never ends its second request": (HEALTH, b"G"),
    "never ends the request behind a pipeline": (HEALTH * 20, b"G"),
    "sends blank lines behind a request": (HEALTH, b"\r\n"),
}


@pytest.fixture
async def rim() -> Rim:
    return Rim()


@pytest.fixture
async def url(rim: Rim) -> AsyncIterator[str]:
    async with serving(rim.app, request_seconds=SECONDS) as (url, _):
        yield url


async def connect(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    place = urlsplit(url)
    return await asyncio.open_connection(place.hostname, place.port)


async def trickle_until_cut(url: str, *, first: bytes, then: bytes) -> None:
    """Send some bytes, and then one piece after the other for as long as somebody listens."""
    reader, writer = await connect(url)
    cut = asyncio.create_task(reader.read())
    writer.write(first)
    try:
        async with asyncio.timeout(45):
            while not cut.done():
                writer.write(then)
                await asyncio.wait({cut}, timeout=SECONDS / 10)
    finally:
        writer.transport.abort()
        await asyncio.gather(cut, return_exceptions=True)


@pytest.mark.parametrize(("first", "then"), DAWDLERS.values(), ids=DAWDLERS)
async def test_client_that_does_not_come_to_the_end_is_cut(url: str, first: bytes, then: bytes) -> None:
    await trickle_until_cut(url, first=first, then=then)


async def test_what_is_wrong_is_still_said_before_the_cut(url: str) -> None:
    reader, writer = await connect(url)
    writer.write(POST + b"Content-Length: 1000000\r\n\r\n")

    answer = await reader.readuntil(b"}")

    assert answer.startswith(b"HTTP/1.1 405 ")
    writer.transport.abort()


async def test_stream_is_older_than_any_request_may_be(rim: Rim, url: str) -> None:
    async with follow(url, "p_a") as client:
        await client.next()
        await trickle_until_cut(url, first=b"", then=b"")
        await trickle_until_cut(url, first=b"", then=b"")

        await rim.publish("p_a", 1)
        await client.until(1)


async def test_stream_goes_on_whatever_its_client_says_behind_its_request(rim: Rim, url: str) -> None:
    async with follow(url, "p_a", headers={"Content-Length": "1000000"}) as halfway, follow(url, "p_a") as other:
        await halfway.send(b"body")
        await other.send(b"G")
        await trickle_until_cut(url, first=b"", then=b"")
        await trickle_until_cut(url, first=b"", then=b"")

        await rim.publish("p_a", 1)
        await halfway.until(1)
        await other.until(1)


@pytest.mark.parametrize("junk", [b"\x16\x03\x01\x02\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\0" * 70_000])
async def test_junk_behind_a_request_is_not_answered_inside_its_stream(rim: Rim, url: str, junk: bytes) -> None:
    async with follow(url, "p_a") as client:
        await client.next()
        for _ in range(3):
            await client.send(junk)
        await rim.publish("p_a", 1)
        await client.until(1)

        for subscription in rim.hub.subscriptions():
            subscription.end(End.DRAIN)
        await client.until_end()

        assert (client.ended, await client.read()) == (True, 0)


async def test_connection_that_rests_between_requests_is_kept(url: str) -> None:
    reader, writer = await connect(url)
    writer.write(HEALTH)
    await reader.readuntil(b"ok")
    await trickle_until_cut(url, first=b"", then=b"")
    await trickle_until_cut(url, first=b"", then=b"")

    writer.write(HEALTH)
    answer = await reader.readuntil(b"ok")

    assert answer.startswith(b"HTTP/1.1 200 ")
    writer.transport.abort()


async def test_dawdlers_leave_nothing_behind(rim: Rim) -> None:
    async with serving(rim.app, request_seconds=SECONDS) as (url, server):
        await asyncio.gather(*(trickle_until_cut(url, first=STREAM[:-1], then=b"") for _ in range(50)))

        await eventually(lambda: not server.server_state.connections)
        assert rim.hub.connections == 0
