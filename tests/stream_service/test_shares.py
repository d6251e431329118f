"""What one client gets of the service, and how it gets it back; tests/security/test_floods.py has who wants more."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from stream_service.counts import End
from stream_service.stream import Stream
from tests.support.rim import Rim, eventually, serving, some_settings
from tests.support.streams import StreamClient, follow, stream_url

pytestmark = pytest.mark.usefixtures("path")

LIMITED = some_settings(streams_per_address=3, requests_per_second=0.001)


@pytest.fixture
async def rim() -> Rim:
    return Rim(settings=some_settings(streams_per_address=3))


@pytest.fixture
async def url(rim: Rim) -> AsyncIterator[str]:
    async with serving(rim.app) as (url, _):
        yield url


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

    assert (rim.shares.requests_refused, rim.hub.counts.ended[End.SHARE]) == (0, 0)
