"""Rules 8 to 14: headers, statuses, and how a stream begins and ends."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from stream_service import heart
from stream_service.counts import End
from stream_service.drain import Drain
from stream_service.response import HEADERS
from tailrace.errors import LogUnavailable
from tailrace.in_memory import InMemoryTable
from tailrace.table import Page
from tests.support.rim import Rim, eventually, serving, some_settings
from tests.support.streams import StreamClient, follow, stream_url

pytestmark = pytest.mark.usefixtures("path")

NEEDED = {
    "content-type": "text/event-stream",
    "cache-control": "no-store, no-transform",
    "x-accel-buffering": "no",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}
AT_ONCE = 2.0
"""Seconds that nobody calls late, on a machine with much else to do."""


async def ask(method: str, url: str) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
        return await client.request(method, url)


# --- headers


@pytest.mark.parametrize("offered", ["gzip", "br", "gzip, deflate, br, zstd", "*", ""])
async def test_rule_08_headers_are_those_that_keep_proxies_away(url: str, offered: str) -> None:
    async with follow(url, "p_a", headers={"Accept-Encoding": offered}) as client:
        assert (client.status, {name: client.headers.get(name) for name in NEEDED}) == (200, NEEDED)
        assert client.headers["transfer-encoding"] == "chunked"
        assert not {"content-length", "content-encoding"} & set(client.headers)


async def test_rule_09_headers_and_live_events_come_at_once_and_silence_is_broken(rim: Rim, url: str) -> None:
    assert some_settings().keepalive_seconds <= 15
    async with asyncio.timeout(AT_ONCE), follow(url, "p_empty") as client:
        assert client.status == 200
        await client.next()
        await rim.publish("p_empty", 1)
        await client.until(1)

    keepalives = asyncio.create_task(heart.keep_alive(rim.hub, every=0.01))
    async with follow(url, "p_quiet") as client:
        while client.parser.comments < 3:
            assert await client.read()
    keepalives.cancel()


async def test_rule_10_head_and_options_answer_and_end_and_other_methods_are_405(rim: Rim, url: str) -> None:
    head = await ask("HEAD", stream_url(url, "p_a"))
    options = await ask("OPTIONS", stream_url(url, "p_a"))

    assert (head.status_code, head.content, head.headers["content-type"]) == (200, b"", HEADERS["Content-Type"])
    assert (options.status_code, options.content) == (204, b"")
    for method in ("POST", "PUT", "PATCH", "DELETE", "TRACE", "QUERY"):
        refused = await ask(method, stream_url(url, "p_a"))
        assert (refused.status_code, set(refused.headers["allow"].split(", "))) == (405, {"GET", "HEAD", "OPTIONS"})
    assert rim.hub.connections == 0


async def test_rule_11_openapi_declares_an_event_stream(url: str) -> None:
    document = (await ask("GET", f"{url}/openapi.json")).json()

    answers = document["paths"]["/pipelines/{workflow_id}/sse"]["get"]["responses"]
    assert set(answers["200"]["content"]) == {"text/event-stream"}


# --- statuses


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/pipelines/hello/sse", 422),
        ("/pipelines/p_a/sse?replay=x", 422),
        ("/pipelines/p_a/nothing", 404),
        ("/pipelines/p_a/sse/", 404),
    ],
)
async def test_rule_12_what_no_retry_mends_is_refused_in_json_before_the_stream(
    url: str, path: str, status: int
) -> None:
    answer = await ask("GET", url + path)

    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert answer.json()["status"] == status


async def test_rule_12_what_passes_by_itself_is_200_and_an_end(rim: Rim, url: str) -> None:
    rim.door.draining = True
    async with follow(url, "p_a") as client:
        await client.until_end()

        assert (client.status, client.raw) == (200, f"retry: {client.parser.retry}\n".encode())
        assert client.ended


@pytest.mark.parametrize(
    "path", ["/pipelines/p_a/sse/", "//pipelines/p_a/sse", "/pipelines//p_a/sse", "/PIPELINES/p_a/sse"]
)
async def test_rule_13_nothing_is_redirected(url: str, path: str) -> None:
    assert (await ask("GET", url + path)).status_code == 404


async def test_rule_13_no_error_is_told_inside_a_stream() -> None:
    table = FailingTable()
    rim = Rim(table=table)
    async with serving(rim.app) as (url, _), follow(url, "p_a") as client:
        await eventually(lambda: table.failures > 0)
        await client.expect_silence(0.1)
        assert client.raw == f"retry: {client.parser.retry}\n".encode()

        for subscription in rim.hub.subscriptions():
            subscription.end(End.DRAIN)
        await client.until_end()

        assert client.raw == f"retry: {client.parser.retry}\n".encode()
        assert client.ended


class FailingTable(InMemoryTable):
    """A table that is away."""

    failures = 0

    async def query(self, *_: object, **__: object) -> Page:
        self.failures += 1
        raise LogUnavailable("The table is away.")


# --- the end


@asynccontextmanager
async def draining(rim: Rim) -> AsyncIterator[str]:
    """Serve as the service does: a signal drains, and then the server stops."""
    drain = Drain(rim.hub, rim.door, over=0.1)
    async with serving(rim.app, on_signal=drain.hear_signal) as (url, server):

        async def drain_and_stop() -> None:
            await drain.run()
            server.should_exit = True

        stopping = asyncio.create_task(drain_and_stop())
        yield url
        await stopping


async def test_rule_14_signal_ends_streams_at_a_boundary_with_the_last_chunk(rim: Rim) -> None:
    async with draining(rim) as url, follow(url, "p_a") as busy, follow(url, "p_b") as quiet:
        await rim.publish("p_a", *range(100))
        await busy.until(1)
        await quiet.next()

        os.kill(os.getpid(), signal.SIGTERM)
        await busy.until_end()
        await quiet.until_end()

        assert (busy.ended, quiet.ended) == (True, True)
        assert busy.payloads == list(range(100))
    with pytest.raises(ConnectionRefusedError):
        await StreamClient.open(stream_url(url, "p_a"))
