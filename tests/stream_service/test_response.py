import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from starlette.types import Message

from stream_service.connection import Connection
from stream_service.response import HEADERS, AsgiConnection, StreamResponse
from stream_service.takeover import HIGH_WATER, TRANSPORT, Follower
from stream_service.wish import Wish
from tailrace.event import WorkflowId
from tests.support.rim import Rim, eventually

LARGE = b"x" * (HIGH_WATER + 1)


@dataclass(slots=True)
class Socket:
    """The server's side of a response: takes bodies, one at a time, when it is let."""

    messages: list[Message] = field(default_factory=list)
    received: "asyncio.Queue[Message]" = field(default_factory=asyncio.Queue)
    open: asyncio.Event = field(default_factory=asyncio.Event)
    aborted: int = 0

    def abort(self) -> None:
        self.aborted += 1

    async def send(self, message: Message) -> None:
        await self.open.wait()
        self.messages.append(message)

    async def receive(self) -> Message:
        return await self.received.get()

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.messages)

    @property
    def ended(self) -> bool:
        return self.messages[-1].get("more_body") is False


@dataclass(slots=True)
class Heard:
    """A follower that keeps what it hears."""

    calls: list[str] = field(default_factory=list)
    on_resume: Callable[[], None] = lambda: None

    def pause(self) -> None:
        self.calls.append("pause")

    def resume(self) -> None:
        self.calls.append("resume")
        self.on_resume()

    def leave(self) -> None:
        self.calls.append("leave")


@pytest.fixture
def socket() -> Socket:
    socket = Socket()
    socket.open.set()
    return socket


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def connection(socket: Socket, heard: Heard) -> AsgiConnection:
    connection = AsgiConnection(socket)
    connection.follow(heard)
    return connection


async def test_what_is_written_is_sent_in_order(connection: AsgiConnection, socket: Socket) -> None:
    pump = asyncio.create_task(connection.pump(socket.send))
    connection.write(b"one ")
    await eventually(lambda: socket.body == b"one ")
    connection.write(b"two ")
    connection.write(b"three")
    await eventually(lambda: socket.body == b"one two three")

    pump.cancel()


async def test_what_waited_together_is_sent_together(connection: AsgiConnection, socket: Socket) -> None:
    for piece in (b"a", b"b", b"c"):
        connection.write(piece)
    connection.end()

    await connection.pump(socket.send)

    assert [message["body"] for message in socket.messages] == [b"abc", b""]


async def test_follower_is_paused_once_above_high_water(connection: AsgiConnection, heard: Heard) -> None:
    connection.write(b"x" * HIGH_WATER)
    assert heard.calls == []

    connection.write(b"x")
    connection.write(b"x")

    assert heard.calls == ["pause"]


async def test_follower_is_resumed_when_the_socket_has_taken_what_waited(
    connection: AsgiConnection, socket: Socket, heard: Heard
) -> None:
    socket.open.clear()
    connection.write(LARGE)
    pump = asyncio.create_task(connection.pump(socket.send))
    await asyncio.sleep(0)
    assert heard.calls == ["pause"]

    socket.open.set()
    await eventually(lambda: heard.calls == ["pause", "resume"])

    assert socket.body == LARGE
    pump.cancel()


async def test_bytes_on_their_way_to_the_socket_count_as_waiting(
    connection: AsgiConnection, socket: Socket, heard: Heard
) -> None:
    socket.open.clear()
    connection.write(b"x" * HIGH_WATER)
    pump = asyncio.create_task(connection.pump(socket.send))
    await asyncio.sleep(0)  # the pump holds them now

    connection.write(b"x")

    assert heard.calls == ["pause"]
    pump.cancel()


async def test_what_is_written_while_resuming_is_sent(connection: AsgiConnection, socket: Socket, heard: Heard) -> None:
    heard.on_resume = lambda: connection.write(b"more")
    connection.write(LARGE)
    pump = asyncio.create_task(connection.pump(socket.send))

    await eventually(lambda: socket.body == LARGE + b"more")

    pump.cancel()


async def test_end_stands_behind_what_was_written(connection: AsgiConnection, socket: Socket) -> None:
    connection.write(b"last words")
    connection.end()

    await connection.pump(socket.send)

    assert socket.body == b"last words"
    assert socket.ended
    assert socket.aborted == 0


async def test_nothing_is_taken_behind_the_end(connection: AsgiConnection, socket: Socket, heard: Heard) -> None:
    connection.end()
    connection.write(LARGE)

    await connection.pump(socket.send)

    assert socket.body == b""
    assert heard.calls == []


async def test_end_while_the_socket_is_full_waits_for_what_was_written(
    connection: AsgiConnection, socket: Socket
) -> None:
    socket.open.clear()
    connection.write(b"one")
    pump = asyncio.create_task(connection.pump(socket.send))
    await asyncio.sleep(0)
    connection.write(b"two")
    connection.end()

    socket.open.set()
    await pump

    assert socket.body == b"onetwo"
    assert socket.ended


async def test_abort_cuts_the_connection_and_drops_what_waits(connection: AsgiConnection, socket: Socket) -> None:
    connection.write(b"never sent")
    connection.abort()

    await connection.pump(socket.send)

    assert socket.messages == []
    assert socket.aborted == 1


async def test_abort_without_a_transport_ends_the_pump(socket: Socket) -> None:
    connection = AsgiConnection(None)
    pump = asyncio.create_task(connection.pump(socket.send))
    await asyncio.sleep(0)

    connection.abort()

    await pump
    assert socket.messages == []


# --- the response


def response_that(subscribe: Callable[[Connection], Follower | None]) -> StreamResponse:
    def introduced(connection: Connection, introduce: Callable[[Follower], None]) -> Follower | None:
        follower = subscribe(connection)
        if follower is not None:
            introduce(follower)
        return follower

    return StreamResponse(first_bytes=b"retry: 1000\n", subscribe=introduced)


def call(response: StreamResponse, socket: Socket, *, method: str = "GET") -> "asyncio.Task[None]":
    scope = {"type": "http", "method": method, "extensions": {TRANSPORT: {"transport": socket}}}
    return asyncio.create_task(response(scope, socket.receive, socket.send))


async def test_headers_and_retry_go_out_before_the_hub_writes_anything(socket: Socket, heard: Heard) -> None:
    answer = call(response_that(lambda _: heard), socket)
    await eventually(lambda: len(socket.messages) == 2)

    start, body = socket.messages

    assert start["status"] == 200
    assert {name.decode().title(): value.decode() for name, value in start["headers"]} == HEADERS
    assert body == {"type": "http.response.body", "body": b"retry: 1000\n", "more_body": True}
    answer.cancel()


async def test_response_to_head_has_headers_alone_and_follows_nothing(socket: Socket, heard: Heard) -> None:
    followed: list[Connection] = []

    def subscribe(connection: Connection) -> Follower:
        followed.append(connection)
        return heard

    await call(response_that(subscribe), socket, method="HEAD")

    assert socket.body == b""
    assert socket.ended
    assert followed == []


async def test_client_for_whom_there_is_no_room_is_told_when_to_come_again(socket: Socket) -> None:
    await call(response_that(lambda _: None), socket)

    assert socket.messages[0]["status"] == 200
    assert socket.body == b"retry: 1000\n"
    assert socket.ended


async def test_follower_is_paused_already_by_the_first_writes(socket: Socket, heard: Heard) -> None:
    socket.open.clear()

    def subscribe(connection: Connection, introduce: Callable[[Follower], None]) -> Follower:
        introduce(heard)
        connection.write(LARGE)
        return heard

    response = StreamResponse(first_bytes=b"retry: 1000\n", subscribe=subscribe)
    socket.open.set()
    answer = call(response, socket)
    await eventually(lambda: socket.body == b"retry: 1000\n" + LARGE)

    assert heard.calls == ["pause", "resume"]
    answer.cancel()


async def test_end_of_the_subscription_ends_the_response(socket: Socket, heard: Heard) -> None:
    connections: list[Connection] = []

    def subscribe(connection: Connection) -> Follower:
        connections.append(connection)
        return heard

    answer = call(response_that(subscribe), socket)
    await eventually(lambda: bool(connections))

    connections[0].write(b"data")
    connections[0].end()
    await answer

    assert socket.body == b"retry: 1000\ndata"
    assert socket.ended
    assert heard.calls == ["leave"]


async def test_client_that_goes_away_leaves_the_subscription(socket: Socket, heard: Heard) -> None:
    answer = call(response_that(lambda _: heard), socket)

    socket.received.put_nowait({"type": "http.disconnect"})
    await answer

    assert heard.calls == ["leave"]


async def test_client_that_goes_away_while_its_socket_is_full_leaves_too(socket: Socket, heard: Heard) -> None:
    answer = call(response_that(lambda _: heard), socket)
    await eventually(lambda: len(socket.messages) == 2)
    socket.open.clear()

    socket.received.put_nowait({"type": "http.disconnect"})
    await answer

    assert heard.calls == ["leave"]


async def test_bytes_that_the_client_sends_are_passed_over(socket: Socket, heard: Heard) -> None:
    answer = call(response_that(lambda _: heard), socket)

    for more in (True, True, False):
        socket.received.put_nowait({"type": "http.request", "body": b"x" * 1000, "more_body": more})
    await eventually(socket.received.empty)

    assert not answer.done()
    assert heard.calls == []
    answer.cancel()


async def test_cancelled_response_leaves_the_subscription(socket: Socket, heard: Heard) -> None:
    answer = call(response_that(lambda _: heard), socket)
    await eventually(lambda: len(socket.messages) == 2)

    answer.cancel()
    with pytest.raises(asyncio.CancelledError):
        await answer

    assert heard.calls == ["leave"]


async def test_send_that_fails_is_raised_and_leaves_the_subscription(heard: Heard) -> None:
    class BrokenSocket(Socket):
        async def send(self, message: Message) -> None:
            if message["type"] == "http.response.body":
                raise OSError("broken")

    answer = call(response_that(lambda _: heard), BrokenSocket())

    with pytest.raises(OSError, match="broken"):
        await answer
    assert heard.calls == ["leave"]


async def test_no_task_outlives_the_response(socket: Socket, heard: Heard) -> None:
    before = asyncio.all_tasks()
    answer = call(response_that(lambda _: heard), socket)
    socket.received.put_nowait({"type": "http.disconnect"})
    await answer

    assert asyncio.all_tasks() == before


async def test_full_ring_is_not_written_all_at_once() -> None:
    rim = Rim()
    await rim.publish("p_a", "first")
    rim.hub.subscribe(WorkflowId("p_a"), AsgiConnection(None), Wish())  # so that there is a ring
    await eventually(lambda: rim.hub.size > 0)
    for _ in range(10):
        await rim.publish("p_a", *["x" * 1000] * 100)
    assert rim.hub.size > 1_000_000

    connection = AsgiConnection(None)
    late = rim.hub.subscribe(WorkflowId("p_a"), connection, Wish(replay=1000), introduce=connection.follow)

    assert late.paused
    assert connection._size < 3 * HIGH_WATER
