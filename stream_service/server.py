"""uvicorn, with what long streams and strangers need of it: a signal that drains first, and ways to cut a client.

What is used of uvicorn's inside (`handle_exit`, and what `TransportProtocol` overrides) is used here alone;
pyproject.toml pins its minor release.
"""

import asyncio
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from stream_service.bare_answers import NO_HTTP
from stream_service.request_head import HEADER_COSTS, REFUSAL, RequestHead
from stream_service.request_timer import RequestTimer
from stream_service.silence import give_up_after
from stream_service.takeover import TRANSPORT, TakenConnection

if TYPE_CHECKING:
    from uvicorn._types import ASGI3Application

KEEP_ALIVE_SECONDS = 75
"""Longer than a load balancer keeps an idle connection (60 s): or it would send a request into one that just closes."""
OWNERS_SIGNALS = 2


class TransportProtocol(HttpToolsProtocol):
    """uvicorn's own protocol, which can give its connection away, tells every request its end, and cuts who dawdles."""

    request_seconds: float = 20.0
    """How long a client may take to send a whole request."""
    silence_seconds: float = 60.0
    """How long what was sent may stay unacknowledged, or unsent, before the kernel gives the connection up."""
    gives_away: bool = True
    """Whether the application may take connections over."""
    _running: RequestResponseCycle | None = None
    _timer: RequestTimer
    _head: RequestHead
    _broken = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn declares it
        """Begin a connection."""
        super().connection_made(transport)
        sock = transport.get_extra_info("socket")
        if sock is not None:
            give_up_after(sock, self.silence_seconds)
        self._timer = RequestTimer(
            self.loop, seconds=self.request_seconds, is_answering=self._is_answering, cut=transport.abort
        )
        self._timer.begin()
        self._head = RequestHead()

    def data_received(self, data: bytes) -> None:
        """Take in what a client says; behind what was no HTTP, nothing is read any more."""
        if not self._broken:
            self._timer.begin()
            head = self._head
            super().data_received(data)
            head.arrived(len(data))
            if head.is_too_large and not self._broken:
                self.send_400_response("")

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's signature
        """Refuse what is no HTTP; where a response has begun, a refusal would stand in it: it is just the last."""
        self._broken = True
        if self._running is not None and self._running.response_started and self._is_answering():
            self._running.keep_alive = False
        elif self._head.is_too_large:
            self.transport.write(REFUSAL)
            # Not closed: with more on its way, the client would see a reset in place of the refusal. The timer cuts it.
            self.transport.write_eof()
        else:
            self.transport.write(NO_HTTP)
            self.transport.close()

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._timer.begin()
        super().on_message_begin()
        offer: dict[object, object] = {"transport": self.transport}
        if self.gives_away:
            offer["take"] = self.take
        self.scope["extensions"] = {TRANSPORT: offer}

    def on_url(self, url: bytes) -> None:
        """Take in a part of the first line."""
        self._head.understood(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take in a header."""
        self._head.understood(len(name) + len(value) + HEADER_COSTS)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """End a request's head."""
        self._head.end()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """End a request."""
        self._timer.end()
        self._head.begin()
        super().on_message_complete()

    def take(self) -> TakenConnection | None:
        """Give the connection away, once the response of the request that runs has begun.

        None where it is closing, or where its socket is full: a transport says so once, and has said it to uvicorn.

        That request is the connection's last: uvicorn is told that its client is gone, and neither ends the response
        nor answers what was pipelined behind it.
        """
        cycle = self._running
        if cycle is None or not cycle.response_started or self.transport.is_closing() or self.flow.write_paused:
            return None
        cycle.disconnected = True
        self._timer.end()
        self._unset_keepalive_if_required()
        self.flow.resume_reading()
        connection = TakenConnection(self.transport, gone=self.connections.discard)
        self.connections.discard(self)
        self.connections.add(connection)  # type: ignore[arg-type]  # it has uvicorn's `shutdown`
        self._let_go()
        return connection

    def _let_go(self) -> None:
        """Forget what refers back to this protocol: freed at once, it leaves nothing for the garbage collector."""
        self._running = None
        del self.cycle, self.scope, self.parser, self._timer

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: "ASGI3Application") -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def _is_answering(self) -> bool:
        return self._running is not None and not self._running.response_complete

    def _unsupported_upgrade_warning(self) -> None:
        """Say nothing: a client may offer HTTP/2, as curl --http2 does, and goes on with HTTP/1.1."""

    def connection_lost(self, exc: Exception | None) -> None:
        """End a connection."""
        self._timer.end()
        super().connection_lost(exc)
        # uvicorn tells the request that came last; an open stream may have others waiting behind it.
        if self._running is not None and not self._running.response_complete:
            self._running.disconnected = True
            self._running.message_event.set()


class DrainingServer(uvicorn.Server):
    """A server that leaves the first two signals to its owner, and stops at the third."""

    def __init__(self, config: uvicorn.Config, *, on_signal: Callable[[], object]) -> None:
        super().__init__(config)
        self._on_signal = on_signal
        self._signals = 0

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn's signature
        """Hear a signal: uvicorn alone would wait for open streams, which never end."""
        # Signals are not kept for uvicorn to raise again at the end: a drained service exits with 0.
        self._signals += 1
        if self._signals <= OWNERS_SIGNALS:
            self._on_signal()
        else:
            self.should_exit = self.force_exit = True


def make_server(
    app: FastAPI,
    *,
    host: str,
    port: int,
    request_seconds: float,
    silence_seconds: float,
    take_over: bool,
    on_signal: Callable[[], None],
) -> DrainingServer:
    """Make a server for the application; `on_signal` is called in the event loop."""

    class Protocol(TransportProtocol):
        pass

    Protocol.request_seconds = request_seconds
    Protocol.silence_seconds = silence_seconds
    Protocol.gives_away = take_over
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=Protocol,
        ws="none",
        loop="uvloop",
        lifespan="off",
        access_log=False,
        proxy_headers=False,
        log_config=None,
        server_header=False,
        date_header=False,
        backlog=4096,
        timeout_graceful_shutdown=2,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
    )
    loop = asyncio.get_running_loop()
    return DrainingServer(config, on_signal=lambda: loop.call_soon_threadsafe(on_signal))
