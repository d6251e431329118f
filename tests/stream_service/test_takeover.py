import httpx
import pytest

from stream_service.pacer import Pacer
from stream_service.takeover import TakenConnection
from tests.support.rim import Rim, eventually, serving, some_settings
from tests.support.streams import StreamClient, follow, stream_url

LARGE = "x" * 200_000


@pytest.fixture
async def rim() -> Rim:
    return Rim()


async def test_connection_leaves_the_servers_hands(rim: Rim) -> None:
    async with serving(rim.app) as (url, server), follow(url, "p_a") as client:
        await client.next()

        (connection,) = server.server_state.connections

        assert isinstance(connection, TakenConnection)
        await eventually(lambda: not server.server_state.tasks)


async def test_stream_is_announced_as_the_last_on_its_connection_and_nothing_else_is(rim: Rim) -> None:
    rim.door.draining = True  # a stream ends at once
    async with serving(rim.app) as (url, _), httpx.AsyncClient(trust_env=False) as client:
        stream, head, page = [
            await client.request(method, f"{url}{path}")
            for method, path in [("GET", "/pipelines/p_a/sse"), ("HEAD", "/pipelines/p_a/sse"), ("GET", "/healthz")]
        ]

    assert stream.headers["connection"] == "close"
    assert "connection" not in head.headers
    assert "connection" not in page.headers


async def test_stopping_server_ends_what_it_gave_away(rim: Rim) -> None:
    async with serving(rim.app) as (url, server), follow(url, "p_a") as client:
        await client.next()
        server.should_exit = True
        await client.until_end()

    assert rim.hub.connections == 0


async def test_clients_at_one_place_get_the_same_events_in_passes(rim: Rim) -> None:
    rim.hub._due = Pacer(every=0.01).due
    await rim.publish("p_a", "before")
    async with serving(rim.app) as (url, _):
        clients = [await StreamClient.open(stream_url(url, "p_a")) for _ in range(20)]
        try:
            for number in range(50):
                await rim.publish("p_a", number)
            for client in clients:
                await client.until(51)
                assert client.payloads == ["before", *range(50)]
        finally:
            for client in clients:
                await client.close()


async def test_slow_reader_falls_behind_alone_and_catches_up() -> None:
    rim = Rim(settings=some_settings(ring_bytes=600_000))
    async with serving(rim.app) as (url, _), follow(url, "p_a") as slow, follow(url, "p_a") as quick:
        await slow.next()
        await quick.next()
        for number in range(60):
            await rim.publish("p_a", f"{number} {LARGE}")
            await quick.until(number + 1)
        assert len([each for each in rim.hub.subscriptions() if each.paused]) == 1

        await slow.until(60)

        assert [int(payload.split()[0]) for payload in slow.payloads] == list(range(60))
