"""The storm's own clients do what an EventSource does: judge whole frames, and come back with the last one's id."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from tests.faults.clients import Client, Pace
from tests.faults.history import History
from tests.faults.waiting import until
from tests.support.scripted_server import SILENT, ScriptedServer, scripted_server

PATIENCE = 45.0
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunk(text: str) -> bytes:
    return b"%x\r\n%b\r\n" % (len(text), text.encode())


def frame(position: int) -> str:
    return f"event: c\ndata: {position}\nid: m1-{position}\n\n"


@asynccontextmanager
async def following(server: ScriptedServer, *, asked: str | None = None) -> AsyncIterator[Client]:
    history = History(name="client", stream="p_x", asked=asked)
    client = Client(history, where=lambda: server.url, chance=random.Random(1))
    running = asyncio.create_task(client.run())
    try:
        yield client
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


def ids(client: Client) -> list[str]:
    return [heard.id for heard in client.history.heard]


async def test_client_comes_back_with_the_last_id_and_without_the_half_frame() -> None:
    half = chunk(frame(2))[:-8]
    with scripted_server([HEAD + chunk(frame(1)) + half, HEAD + chunk(frame(2)) + SILENT]) as server:
        async with following(server) as client:
            await until(lambda: len(client.history.heard) == 2, patience=PATIENCE)

    assert ids(client) == ["m1-1", "m1-2"]
    assert "last-event-id" not in server.requests[0]
    assert "last-event-id: m1-1\r\n" in server.requests[1]


async def test_client_that_vanishes_hears_nothing_and_comes_back() -> None:
    answers = [HEAD + chunk(frame(1)) + SILENT, HEAD + chunk(frame(2)) + SILENT]
    with scripted_server(answers) as server:
        async with following(server) as client:
            await until(lambda: len(client.history.heard) == 1, patience=PATIENCE)
            assert client.vanish(0.01)
            await until(lambda: len(client.history.heard) == 2, patience=PATIENCE)

    assert "last-event-id: m1-1\r\n" in server.requests[1]


async def test_cursor_that_a_client_begins_with_stays_in_its_address() -> None:
    with scripted_server([HEAD + chunk(frame(1)), HEAD + SILENT]) as server:
        async with following(server, asked="0-0"):
            await until(lambda: len(server.requests) == 2, patience=PATIENCE)

    assert "?last_event_id=0-0 http" in server.requests[0]
    assert "?last_event_id=0-0 http" in server.requests[1]


async def test_client_that_reads_nothing_behind_the_first_bytes_hears_the_rest_once_it_reads_again() -> None:
    rest = "".join(frame(position) for position in range(2, 20_000))
    with scripted_server([HEAD + chunk(frame(1)) + chunk(rest) + SILENT]) as server:
        async with following(server) as client:
            client.pace = Pace.NOT_AT_ALL
            await until(lambda: len(client.history.heard) > 0, patience=PATIENCE)
            heard = len(client.history.heard)
            await asyncio.sleep(0.5)
            assert len(client.history.heard) == heard < 19_999

            client.pace = Pace.STEADY
            await until(lambda: len(client.history.heard) == 19_999, patience=PATIENCE)

    assert client.history.dawdled


async def test_status_for_which_an_event_source_gives_up_ends_the_storm() -> None:
    with scripted_server([b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"]) as server:
        client = Client(History(name="client", stream="p_x"), where=lambda: server.url, chance=random.Random(1))

        with pytest.raises(AssertionError, match="gives up for good"):
            await client.run()
