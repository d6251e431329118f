"""A connection that was taken over, on one end of a pair of sockets."""

import asyncio
import gc
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from stream_service.server import TransportProtocol
from stream_service.takeover import HIGH_WATER, LAST_CHUNK, TakenConnection
from tests.support.rim import Rim, eventually, serving, some_settings
from tests.support.streams import StreamClient, follow, stream_url


@dataclass(slots=True)
class Pair:
    """Both ends, and what the follower and the server have heard."""

    connection: TakenConnection
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    calls: list[str] = field(default_factory=list)
    gone: list[TakenConnection] = field(default_factory=list)

    def pause(self) -> None:
        self.calls.append("pause")

    def resume(self) -> None:
        self.calls.append("resume")

    def leave(self) -> None:
        self.calls.append("leave")


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    ours, theirs = socket.socketpair()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_connection(asyncio.Protocol, sock=ours)
    reader, writer = await asyncio.open_connection(sock=theirs)
    gone: list[TakenConnection] = []
    pair = Pair(TakenConnection(transport, gone=gone.append), reader, writer, gone=gone)
    pair.connection.follow(pair)
    yield pair
    writer.transport.abort()
    writer.close()
    if not gone:
        transport.abort()
    await eventually(lambda: bool(gone))


async def test_each_write_is_one_chunk(pair: Pair) -> None:
    pair.connection.write(b"data: 1\n\n")
    pair.connection.write(b"x" * 20)

    assert await pair.reader.readexactly(14 + 26) == b"9\r\ndata: 1\n\n\r\n14\r\n" + b"x" * 20 + b"\r\n"


async def test_end_stands_behind_what_was_written_and_nothing_behind_it(pair: Pair) -> None:
    pair.connection.write(b"last")
    pair.connection.end()
    pair.connection.end()
    pair.connection.write(b"never")

    assert await pair.reader.read() == b"4\r\nlast\r\n" + LAST_CHUNK
    await eventually(lambda: pair.calls == ["leave"])
    assert pair.gone == [pair.connection]


async def test_end_reaches_also_a_client_that_is_slow(pair: Pair) -> None:
    large = b"x" * 1_000_000
    pair.connection.write(large)
    pair.connection.end()
    assert pair.calls == ["pause"]

    assert await pair.reader.read() == b"f4240\r\n" + large + b"\r\n" + LAST_CHUNK


async def test_socket_that_is_full_pauses_and_one_that_is_empty_resumes(pair: Pair) -> None:
    while not pair.calls:
        pair.connection.write(b"x" * 10_000)
    assert pair.calls == ["pause"]
    assert pair.connection.transport.get_write_buffer_size() < HIGH_WATER + 20_000

    async with asyncio.timeout(10):
        while pair.calls == ["pause"]:
            await pair.reader.read(100_000)

    assert pair.calls == ["pause", "resume"]


async def test_abort_drops_what_waits(pair: Pair) -> None:
    while not pair.calls:
        pair.connection.write(b"x" * 10_000)

    pair.connection.abort()
    pair.connection.write(b"never")
    await eventually(lambda: pair.gone == [pair.connection])

    assert pair.calls[-1] == "leave"
    assert pair.calls.count("leave") == 1


async def test_abort_cuts_also_what_was_to_end_politely(pair: Pair) -> None:
    while not pair.calls:
        pair.connection.write(b"x" * 10_000)
    pair.connection.end()
    await asyncio.sleep(0)
    assert pair.gone == []

    pair.connection.abort()

    await eventually(lambda: pair.gone == [pair.connection])


async def test_client_that_goes_away_leaves_once(pair: Pair) -> None:
    pair.writer.close()

    await eventually(lambda: pair.calls == ["leave"])
    pair.connection.write(b"never")
    pair.connection.end()
    pair.connection.abort()

    assert pair.calls == ["leave"]


async def test_what_the_client_says_is_passed_over(pair: Pair) -> None:
    pair.writer.write(b"GET / HTTP/1.1\r\n\r\n" * 10_000)
    await pair.writer.drain()

    pair.connection.write(b"on")

    assert await pair.reader.readexactly(7) == b"2\r\non\r\n"
    assert pair.calls == []


async def test_connection_without_a_follower_may_end(pair: Pair) -> None:
    pair.connection._follower = None
    pair.connection.write(b"retry: 1000\n")
    pair.connection.end()

    assert await pair.reader.read() == b"c\r\nretry: 1000\n\r\n" + LAST_CHUNK
    await eventually(lambda: pair.gone == [pair.connection])


async def test_different_bytes_of_one_length_are_not_mistaken_for_each_other(pair: Pair) -> None:
    for data in (b"one", b"two", b"one"):
        pair.connection.write(bytes(bytearray(data)))

    assert await pair.reader.readexactly(24) == b"3\r\none\r\n3\r\ntwo\r\n3\r\none\r\n"


# --- what the server gives away


async def test_connection_whose_socket_is_full_stays_the_servers() -> None:
    """A transport says once that it is full; the stream would never hear of it, and fill the memory."""
    rim = Rim()
    async with serving(rim.app) as (url, server):
        client = await StreamClient.open(stream_url(url, "p_a"), method="HEAD")
        (protocol,) = server.server_state.connections
        assert isinstance(protocol, TransportProtocol)
        protocol.pause_writing()
        refused = protocol.take()
        protocol.resume_writing()
        given = protocol.take()
        client.cut()

    assert refused is None
    assert isinstance(given, TakenConnection)


async def test_connection_on_which_nothing_was_asked_stays_the_servers() -> None:
    rim = Rim()
    async with serving(rim.app) as (url, server):
        _, writer = await asyncio.open_connection(*url.removeprefix("http://").split(":"))
        await eventually(lambda: len(server.server_state.connections) == 1)
        (protocol,) = server.server_state.connections

        assert isinstance(protocol, TransportProtocol)
        assert protocol.take() is None
        writer.close()
        await writer.wait_closed()


async def test_client_for_whom_there_is_no_room_is_no_connection_afterwards() -> None:
    rim = Rim(settings=some_settings(max_connections=1))
    async with serving(rim.app) as (url, server), follow(url, "p_a") as first:
        await first.next()
        for _ in range(5):
            late = await StreamClient.open(stream_url(url, "p_a"))
            await late.until_end()
            assert late.ended
            late.cut()

        await eventually(lambda: len(server.server_state.connections) == 1)


async def test_connection_that_was_taken_over_leaves_no_garbage_behind() -> None:
    rim = Rim()
    gc.collect()
    gc.disable()
    try:
        async with serving(rim.app) as (url, _), follow(url, "p_a") as client:
            await client.next()

            assert rim.hub.connections == 1
            assert not [each for each in gc.get_objects() if isinstance(each, TransportProtocol)]
    finally:
        gc.enable()
