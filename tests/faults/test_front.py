"""The front carries bytes as they are, until it breaks a connection."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from cli.ports import HOST, find_port
from tests.faults.front import Front, front
from tests.faults.waiting import until

PATIENCE = 45.0
FRAME = b"event: c\ndata: 0123456789\nid: m1-1\n\n"


@dataclass(slots=True)
class Service:
    """A server that says what a test makes it say."""

    port: int = 0
    writers: list[asyncio.StreamWriter] = field(default_factory=list)
    asked: list[bytes] = field(default_factory=list)
    gone: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        try:
            while data := await reader.read(1000):
                self.asked.append(data)
        except ConnectionError:
            pass
        finally:
            self.gone += 1
            writer.transport.abort()


@asynccontextmanager
async def service() -> AsyncIterator[Service]:
    serving = Service()
    server = await asyncio.start_server(serving.serve, HOST, 0)
    serving.port = server.sockets[0].getsockname()[1]
    try:
        yield serving
    finally:
        server.close()
        for writer in serving.writers:
            writer.transport.abort()
        await until(lambda: serving.gone == len(serving.writers), patience=PATIENCE)


@asynccontextmanager
async def connected(standing: Front) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection(HOST, int(standing.url.rpartition(":")[2]))
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def test_bytes_pass_in_both_directions_and_so_does_the_end() -> None:
    async with (
        service() as behind,
        front(random.Random(1), lambda: [behind.port]) as standing,
        connected(standing) as (reader, writer),
    ):
        writer.write(b"GET")
        await until(lambda: behind.asked == [b"GET"], patience=PATIENCE)
        behind.writers[0].write(FRAME)
        behind.writers[0].close()

        assert await reader.read() == FRAME


async def test_connection_that_is_cut_in_a_frame_brings_half_of_it() -> None:
    cut = []
    async with (
        service() as behind,
        front(random.Random(1), lambda: [behind.port]) as standing,
        connected(standing) as (reader, _),
    ):
        await until(lambda: len(behind.writers) == 1, patience=PATIENCE)
        (connection,) = standing.some(random.Random(1), 1)
        connection.cut_in_frame(lambda: cut.append(True))
        behind.writers[0].write(FRAME)

        got = [byte async for byte in _bytes_until_reset(reader)]

    assert cut == [True]
    assert b"".join(got) == FRAME[: len(got)]
    assert len(got) <= len(FRAME) // 2


async def test_dead_connection_carries_nothing_and_tells_nobody() -> None:
    async with service() as behind, front(random.Random(1), lambda: [behind.port]) as standing:
        async with connected(standing) as (reader, _):
            await until(lambda: len(behind.writers) == 1, patience=PATIENCE)
            (connection,) = standing.some(random.Random(1), 1)
            connection.go_dead()
            behind.writers[0].write(FRAME)
            connection.reset_client()

            with pytest.raises(ConnectionResetError):
                await reader.read()

        assert behind.gone == 0


async def test_service_that_refuses_is_passed_by() -> None:
    nobody = find_port(0, purpose="a test", option="another port")
    async with service() as behind, front(random.Random(1), lambda: [nobody, behind.port]) as standing:
        for count in range(1, 9):
            async with connected(standing):
                await until(lambda count=count: len(behind.writers) == count, patience=PATIENCE)  # type: ignore[misc]


async def _bytes_until_reset(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    try:
        while byte := await reader.read(1):
            yield byte
    except ConnectionResetError:
        return
    raise AssertionError("The connection ended as if nothing had happened.")
