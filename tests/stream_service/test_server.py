import asyncio
import os
import signal

import pytest
from fastapi import FastAPI, Request

from stream_service.counts import End
from stream_service.server import TransportProtocol
from stream_service.takeover import TRANSPORT
from tests.support import rim as rim_module
from tests.support.rim import Rim, eventually, serving, some_settings
from tests.support.streams import StreamClient, follow, stream_url

pytestmark = pytest.mark.usefixtures("path")


@pytest.fixture
async def rim() -> Rim:
    return Rim(settings=some_settings(keepalive_seconds=0.05))


async def test_client_that_goes_away_leaves_at_once(rim: Rim) -> None:
    async with serving(rim.app) as (url, _), follow(url, "p_a") as client:
        await client.next()
        assert rim.hub.connections == 1

        await client.close()

        await eventually(lambda: rim.hub.connections == 0)


async def test_client_that_resets_its_connection_leaves_at_once(rim: Rim) -> None:
    async with serving(rim.app) as (url, _), follow(url, "p_a") as client:
        await client.next()

        client.cut()

        await eventually(lambda: rim.hub.connections == 0)


async def test_client_with_another_request_in_the_pipeline_is_found_gone(rim: Rim) -> None:
    async with serving(rim.app) as (url, _), follow(url, "p_a") as client:
        await client.next()
        await client.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" * 3)
        await rim.publish("p_a", "still served")
        await client.until(1)

        client.cut()

        # Nothing is read from a connection with requests in the pipeline: writing finds out.
        async with asyncio.timeout(10):
            while rim.hub.connections:
                rim.hub.keep_alive(asyncio.get_running_loop().time())
                await asyncio.sleep(0.02)


async def test_request_behind_a_stream_is_answered_when_the_stream_has_ended(
    rim: Rim, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rim_module, "take_over", False)  # a connection that was taken over answers nothing else
    async with serving(rim.app) as (url, _), follow(url, "p_a") as client:
        await client.next()
        await client.send(b"HEAD /pipelines/p_b/sse HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        await eventually(lambda: rim.hub.connections == 1)

        for subscription in rim.hub.subscriptions():
            subscription.end(End.DRAIN)
        rest = await client.rest()

        assert b"0\r\n\r\nHTTP/1.1 200 OK\r\n" in rest
        await eventually(lambda: rim.hub.connections == 0)


async def test_body_that_the_client_sends_is_neither_kept_nor_answered(rim: Rim) -> None:
    large = {"Content-Length": "4000000"}
    async with serving(rim.app) as (url, server), follow(url, "p_a", headers=large) as client:
        await client.next()
        for _ in range(40):
            await client.send(b"x" * 100_000)

        (connection,) = server.server_state.connections
        if isinstance(connection, TransportProtocol):
            await eventually(lambda: not connection.cycle.body)
        await rim.publish("p_a", "still served")
        await client.until(1)


async def test_offer_of_http2_is_passed_over_quietly(rim: Rim, caplog: pytest.LogCaptureFixture) -> None:
    upgrade = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAMAAABkAAQCAAAAAAIAAAAA"}
    async with serving(rim.app) as (url, _), follow(url, "p_a", headers=upgrade) as client:
        assert client.status == 200
        assert (await client.next()).event == "$sync"

    assert not [record for record in caplog.records if record.levelname == "WARNING"]


async def test_subscription_that_is_aborted_loses_its_connection(rim: Rim) -> None:
    async with serving(rim.app) as (url, _), follow(url, "p_a") as client:
        await client.next()

        for subscription in rim.hub.subscriptions():
            subscription.abort(End.SLOW)
        await client.until_end()

        assert not client.ended
        await eventually(lambda: rim.hub.connections == 0)


async def test_aborted_connection_is_no_error_in_the_log(rim: Rim, caplog: pytest.LogCaptureFixture) -> None:
    async with serving(rim.app) as (url, _), follow(url, "p_a") as client:
        await client.next()
        for subscription in rim.hub.subscriptions():
            subscription.abort(End.SLOW)
        await client.until_end()
        await eventually(lambda: rim.hub.connections == 0)

    assert not [record for record in caplog.records if record.levelno >= 30]


async def test_application_reaches_its_transport() -> None:
    app = FastAPI()

    @app.get("/pipelines/p_a/sse")
    async def cut(request: Request) -> None:
        request.scope["extensions"][TRANSPORT]["transport"].abort()

    async with serving(app) as (url, _):
        with pytest.raises(asyncio.IncompleteReadError):
            await StreamClient.open(stream_url(url, "p_a"))


# --- signals


async def test_first_two_signals_are_the_owners_and_the_third_stops(rim: Rim) -> None:
    heard: list[str] = []
    async with serving(rim.app, on_signal=lambda: heard.append("signal")) as (_, server):
        os.kill(os.getpid(), signal.SIGTERM)
        await eventually(lambda: len(heard) == 1)
        os.kill(os.getpid(), signal.SIGINT)
        await eventually(lambda: len(heard) == 2)
        assert not server.should_exit

        os.kill(os.getpid(), signal.SIGTERM)
        await eventually(lambda: server.should_exit)

        assert server.force_exit
        assert len(heard) == 2


async def test_signals_are_not_raised_again_when_the_server_has_ended(rim: Rim) -> None:
    async with serving(rim.app) as (_, server):
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(0)
        server.should_exit = True


async def test_server_that_stops_refuses_connections(rim: Rim) -> None:
    async with serving(rim.app) as (url, _):
        pass

    with pytest.raises(ConnectionRefusedError):
        await StreamClient.open(stream_url(url, "p_a"))
