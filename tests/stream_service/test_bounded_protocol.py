"""What waits for a client is bounded: requests behind the one that is answered, and answers that are not read."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
from fastapi import FastAPI, Response
from starlette.types import Receive, Scope, Send
from uvicorn import Config
from uvicorn.server import ServerState

from stream_service.bounded_protocol import MAX_PIPELINED, BoundedProtocol
from stream_service.server import DrainingServer
from tests.support.rim import eventually, serving

LARGE = 32 * 1024 * 1024
SECONDS = 1.0


@pytest.fixture
def held() -> asyncio.Event:
    return asyncio.Event()


@pytest.fixture
def app(held: asyncio.Event) -> FastAPI:
    app = FastAPI()

    @app.get("/large")
    async def large() -> Response:
        return Response(b"x" * LARGE)

    @app.get("/held")
    async def wait() -> str:
        await held.wait()
        return "done"

    return app


@pytest.fixture
async def served(app: FastAPI) -> AsyncIterator[tuple[str, DrainingServer]]:
    async with serving(app, silence_seconds=SECONDS) as (url, server):
        yield url, server


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()


async def connect(url: str, first: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    place = urlsplit(url)
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.setblocking(False)
    await asyncio.get_running_loop().sock_connect(sock, (place.hostname, place.port))
    reader, writer = await asyncio.open_connection(sock=sock, limit=1024)
    writer.write(first)
    return reader, writer


async def test_as_many_requests_as_may_wait_are_answered(
    served: tuple[str, DrainingServer], held: asyncio.Event
) -> None:
    reader, writer = await connect(served[0], get("/held") * (1 + MAX_PIPELINED))
    held.set()

    async with asyncio.timeout(45):
        for _ in range(1 + MAX_PIPELINED):
            await reader.readuntil(b'"done"')
    writer.transport.abort()


async def test_more_requests_than_may_wait_are_refused_and_none_is_kept(served: tuple[str, DrainingServer]) -> None:
    url, server = served
    reader, writer = await connect(url, get("/held") * 2_000)

    async with asyncio.timeout(45):
        answer = await reader.read()
    writer.transport.abort()

    assert answer.startswith(b"HTTP/1.1 400 ")
    await eventually(lambda: not server.server_state.connections)


async def test_client_that_reads_a_byte_now_and_then_of_a_full_socket_is_cut(
    served: tuple[str, DrainingServer],
) -> None:
    url, server = served
    reader, writer = await connect(url, get("/large"))
    await reader.readexactly(1)

    async with asyncio.timeout(45):
        while server.server_state.connections:
            with suppress(asyncio.IncompleteReadError, ConnectionError):
                await reader.readexactly(1)
            await asyncio.sleep(SECONDS / 20)
    writer.transport.abort()


async def test_client_that_reads_all_in_time_is_given_all(app: FastAPI) -> None:
    async with serving(app) as (url, _):
        reader, writer = await connect(url, get("/large"))

        async with asyncio.timeout(45):
            await reader.readuntil(b"\r\n\r\n")
            assert len(await reader.readexactly(LARGE)) == LARGE
        writer.transport.abort()


@dataclass(slots=True)
class Timer:
    at: float
    do: Callable[[], object]
    waits: bool = True

    def cancel(self) -> None:
        self.waits = False


@dataclass(slots=True)
class Clock:
    """An event loop's clock, moved by hand."""

    now: float = 0.0
    timers: list[Timer] = field(default_factory=list)

    def call_later(self, seconds: float, do: Callable[[], object]) -> Timer:
        self.timers.append(Timer(self.now + seconds, do))
        return self.timers[-1]

    def pass_by(self, seconds: float) -> None:
        self.now += seconds
        for timer in self.timers:
            if timer.waits and timer.at <= self.now:
                timer.cancel()
                timer.do()


class Transport(asyncio.Transport):
    aborted = False

    def abort(self) -> None:
        self.aborted = True


async def test_client_that_reads_slowly_but_reads_is_not_cut_however_long_it_takes() -> None:
    clock: Any = Clock()
    config = Config(_nothing, http=BoundedProtocol, ws="none", lifespan="off", log_config=None)
    config.load()
    protocol, transport = BoundedProtocol(config, ServerState(), {}, _loop=clock), Transport()
    protocol.request_seconds, protocol.silence_seconds = 1000.0, 60.0
    protocol.connection_made(transport)

    for _ in range(10):
        protocol.pause_writing()
        clock.pass_by(50)
        protocol.resume_writing()
    assert not transport.aborted

    protocol.pause_writing()
    clock.pass_by(60)
    assert transport.aborted


async def _nothing(_scope: Scope, _receive: Receive, _send: Send) -> None:
    pass
