"""What one client gets of the service."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack

import httpx
import pytest

from stream_service.counts import End
from stream_service.guard import Guard
from stream_service.stream import Stream
from tests.support.rim import Rim, eventually, serving, some_settings
from tests.support.streams import StreamClient, follow, stream_url
from tests.support.tokens import NOW, claims, shared_keys, signed

pytestmark = pytest.mark.usefixtures("path")

ORIGIN = "https://page.example"
LIMITED = some_settings(streams_per_address=3, requests_per_second=0.001, address_header="X-Client")


def of(address: str) -> dict[str, str]:
    """What a front writes."""
    return {"X-Client": address}


@pytest.fixture
async def rim() -> Rim:
    return Rim(settings=some_settings(streams_per_address=3, address_header="X-Client"))


@pytest.fixture
async def url(rim: Rim) -> AsyncIterator[str]:
    async with serving(rim.app) as (url, _):
        yield url


async def expect_to_be_sent_away(client: StreamClient) -> None:
    """Check that a stream has begun well, ends at once, and says when to come back."""
    await client.until_end()
    assert client.status == 200
    assert client.raw == f"retry: {client.parser.retry}\n".encode()
    assert client.ended
    assert client.parser.retry is not None
    assert 15_000 <= client.parser.retry <= 45_000


async def test_address_that_holds_its_streams_is_asked_to_come_later_and_others_are_served(rim: Rim, url: str) -> None:
    async with AsyncExitStack() as streams:
        for _ in range(3):
            client = await streams.enter_async_context(follow(url, "p_a", headers=of("198.51.100.1")))
            await client.next()

        async with follow(url, "p_b", headers=of("198.51.100.1")) as one_more:
            await expect_to_be_sent_away(one_more)
        async with follow(url, "p_a", headers=of("198.51.100.2")) as other:
            assert (await other.next()).event == "$sync"

        assert rim.hub.counts.ended[End.SHARE] == 1
        await rim.publish("p_a", 1)
        await client.until(1)


async def test_hosts_of_one_ipv6_network_hold_streams_together(url: str) -> None:
    async with AsyncExitStack() as streams:
        for host in range(3):
            client = await streams.enter_async_context(follow(url, "p_a", headers=of(f"2001:db8::{host + 1}")))
            await client.next()

        async with follow(url, "p_a", headers=of("2001:db8::ffff")) as one_more:
            await expect_to_be_sent_away(one_more)
        async with follow(url, "p_a", headers=of("2001:db8:0:1::1")) as other:
            await other.next()


async def test_subscriber_holds_so_many_streams_from_wherever_it_comes() -> None:
    settings = some_settings(
        stream_access="token", token_secret_arn="arn", streams_per_subscriber=2, address_header="X-Client"
    )
    rim = Rim(settings=settings, guard=Guard(shared_keys(), now=lambda: NOW))

    def client(url: str, name: str, address: str) -> AbstractAsyncContextManager[StreamClient]:
        token = signed(claims(sub=name))
        return follow(url, "p_a", headers={**of(address), "Authorization": f"Bearer {token}"})

    async with (
        serving(rim.app) as (url, _),
        client(url, "alice", "198.51.100.1") as one,
        client(url, "alice", "198.51.100.2") as two,
        client(url, "alice", "198.51.100.3") as three,
        client(url, "bob", "198.51.100.3") as other,
    ):
        await one.next()
        await two.next()
        await expect_to_be_sent_away(three)
        await other.next()

        assert rim.hub.counts.ended[End.SHARE] == 1
        two.cut()
        await eventually(lambda: rim.hub.connections == 2)
        async with client(url, "alice", "198.51.100.3") as again:
            await again.next()


async def test_stream_that_has_ended_makes_room_however_it_ended(rim: Rim, url: str) -> None:
    async def hold_three() -> list[StreamClient]:
        clients = [await StreamClient.open(stream_url(url, "p_a")) for _ in range(3)]
        for client in clients:
            await client.next()
        return clients

    gone, cut, ended = await hold_three()
    await gone.close()
    cut.cut()
    await eventually(lambda: rim.hub.connections == 1)
    for subscription in rim.hub.subscriptions():
        subscription.end(End.AGE)
    await ended.until_end()
    ended.cut()
    await eventually(lambda: not rim.shares.streams_of_addresses._taken)
    for client in await hold_three():
        rim.hub.subscriptions()[0].abort(End.SLOW)
        client.cut()

    await eventually(lambda: not rim.shares.streams_of_addresses._taken)
    assert rim.hub.counts.ended[End.SHARE] == 0


async def test_streams_that_could_not_begin_hold_no_place(rim: Rim, url: str) -> None:
    async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
        await client.head(stream_url(url, "p_a"))
        await client.get(f"{url}/pipelines/no_id/sse")
        rim.door.draining = True
        await client.get(stream_url(url, "p_a"))

    assert not rim.shares.streams_of_addresses._taken


@pytest.mark.parametrize("part", ["load", "add"])
async def test_stream_that_fails_while_it_begins_is_cut_and_holds_no_place(
    rim: Rim, url: str, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("It failed.")

    with monkeypatch.context() as patch:
        patch.setattr(Stream, part, fail)
        async with follow(url, "p_a") as client:
            await client.until_end()
            assert not client.ended

    assert not rim.shares.streams_of_addresses._taken
    async with follow(url, "p_b") as client:
        assert (await client.next()).event == "$sync"


async def test_address_that_asks_too_often_gets_429_but_an_event_source_a_stream_that_ends() -> None:
    rim = Rim(settings=LIMITED)
    async with serving(rim.app) as (url, _), httpx.AsyncClient(trust_env=False, timeout=20) as client:
        for _ in range(4):
            assert (await client.get(f"{url}/nothing", headers=of("198.51.100.1"))).status_code == 404

        refused = await client.get(f"{url}/streams/p_a", headers={**of("198.51.100.1"), "Origin": ORIGIN})
        async with follow(url, "p_a", headers=of("198.51.100.1")) as stream:
            await expect_to_be_sent_away(stream)
        other = await client.get(f"{url}/streams/p_a", headers=of("198.51.100.2"))

    assert (refused.status_code, other.status_code) == (429, 200)
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.headers["access-control-allow-origin"] == "*"
    assert 0 < int(refused.headers["retry-after"]) <= 1000
    assert "from this address" in refused.json()["detail"]
    assert rim.shares.requests.refused == 2


async def test_what_the_platform_asks_is_not_counted() -> None:
    rim = Rim(settings=LIMITED)
    async with serving(rim.app) as (url, _), httpx.AsyncClient(trust_env=False, timeout=20) as client:
        for _ in range(20):
            assert (await client.get(f"{url}/healthz")).status_code == 200
            assert (await client.get(f"{url}/readyz")).status_code == 503

        text = (await client.get(f"{url}/metrics")).text

    assert "tailrace_requests_refused_total 0.0" in text


async def test_crowd_behind_one_address_comes_back_at_once_after_a_deploy() -> None:
    rim = Rim(settings=some_settings(streams_per_address=30, requests_per_second=1))
    async with serving(rim.app) as (url, _):
        for _ in range(2):
            clients = await asyncio.gather(*(StreamClient.open(stream_url(url, "p_a")) for _ in range(15)))
            for client in clients:
                await client.next()
                client.cut()
            await eventually(lambda: rim.hub.connections == 0)

    assert (rim.shares.requests.refused, rim.hub.counts.ended[End.SHARE]) == (0, 0)
