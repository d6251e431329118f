"""Rules 21 to 25: pages of other origins, URLs that are used again, peers that die or read slowly."""

import asyncio

import httpx
import pytest

from stream_service.takeover import HIGH_WATER
from tests.support.rim import Rim, eventually, serving, some_settings
from tests.support.streams import StreamClient, follow, stream_url

pytestmark = pytest.mark.usefixtures("path")

PAGE = "https://page.example"
CREDENTIALS = {
    "access-control-allow-origin": PAGE,
    "access-control-allow-credentials": "true",
    "vary": "Origin",
}


@pytest.mark.parametrize("path", ["/pipelines/p_a/sse", "/pipelines/hello/sse", "/nothing"])
async def test_rule_21_named_pages_may_read_with_credentials_errors_too(path: str) -> None:
    rim = Rim(settings=some_settings(cors_origins=PAGE))
    async with (
        serving(rim.app) as (url, _),
        httpx.AsyncClient(trust_env=False) as client,
        client.stream("GET", url + path, headers={"Origin": PAGE}) as answer,
    ):
        assert {name: answer.headers.get(name) for name in CREDENTIALS} == CREDENTIALS


async def test_rule_21_preflight_admits_what_clients_send(url: str) -> None:
    wanted = "authorization,cache-control,last-event-id"
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.options(
            stream_url(url, "p_a"),
            headers={
                "Origin": PAGE,
                "Access-Control-Request-Method": "GET",
                "Access-Control-Request-Headers": wanted,
            },
        )

    assert answer.status_code == 200
    assert set(wanted.split(",")) <= set(answer.headers["access-control-allow-headers"].lower().split(", "))


async def test_rule_22_one_connection_carries_several_channels(rim: Rim, url: str) -> None:
    async with follow(url, "p_a", query={"channel": ["a", "b", "c"]}) as client:
        await client.next()
        for channel in "abcd":
            await rim.publish("p_a", 1, channel=channel)
        await client.until(3)

        assert [frame.event for frame in client.events] == ["a", "b", "c"]
        assert rim.hub.connections == 1


async def test_rule_22_service_itself_has_no_limit_for_one_host(rim: Rim, url: str) -> None:
    clients = [await StreamClient.open(stream_url(url, "p_a")) for _ in range(12)]
    await rim.publish("p_a", 1)
    for client in clients:
        await client.until(1)
        client.cut()


async def test_rule_23_url_that_is_used_again_goes_on_where_the_client_was(rim: Rim, url: str) -> None:
    (batch,) = await rim.publish("p_a", *range(5))
    query = {"last_event_id": f"{batch.generation}-1", "replay": 2, "token": "some.token", "channel": "c"}
    async with follow(url, "p_a", query=query) as first:
        await first.until(4)
    async with follow(url, "p_a", query=query, last_event_id=first.last_id) as again:
        await rim.publish("p_a", 5)
        await again.until(1)

        assert (first.payloads, again.payloads) == ([1, 2, 3, 4], [5])


async def test_rule_24_peer_that_resets_is_found_within_a_keepalive(rim: Rim, url: str) -> None:
    async with follow(url, "p_a") as client, follow(url, "p_a") as stays:
        await client.next()
        await stays.next()

        client.cut()
        rim.hub.keep_alive(asyncio.get_running_loop().time())

        await eventually(lambda: rim.hub.connections == 1)


async def test_rule_24_peer_that_takes_nothing_is_given_up_after_the_send_time_out(rim: Rim) -> None:
    async with serving(rim.app, silence_seconds=0.5) as (url, _):
        silent = await StreamClient.open(stream_url(url, "p_a"), receive_buffer=4096)
        await eventually(lambda: rim.hub.connections == 1)
        for _ in range(40):
            await rim.publish("p_a", "x" * 200_000)

        await eventually(lambda: rim.hub.connections == 0)
        silent.cut()


async def test_rule_25_slow_reader_holds_little_and_nobody_else_waits_for_it(rim: Rim) -> None:
    async with serving(rim.app) as (url, server), follow(url, "p_a") as quick:
        slow = await StreamClient.open(stream_url(url, "p_a"), receive_buffer=4096)
        await eventually(lambda: rim.hub.connections == 2)
        held = 0
        for number in range(1, 51):
            await rim.publish("p_a", "x" * 200_000)
            await quick.until(number, patience=5)
            held = max(held, sum(each.transport.get_write_buffer_size() for each in server.server_state.connections))

        assert held < HIGH_WATER + 2 * 256 * 1024  # what is over the mark is one write
        await slow.until(50)
        assert slow.payloads == quick.payloads
        slow.cut()
