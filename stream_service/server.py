"""uvicorn, with what long streams need of it: a signal that drains first, and connections that can be taken over.

What is used of uvicorn's inside (`handle_exit`, and what the protocols override) is used here and in `bounded_protocol`
alone; pyproject.toml pins its minor release.
"""

import asyncio
from collections.abc import Callable
from types import FrameType

import uvicorn
from fastapi import FastAPI

from stream_service.bounded_protocol import BoundedProtocol
from stream_service.silence import give_up_after
from stream_service.takeover import TRANSPORT, TakenConnection

KEEP_ALIVE_SECONDS = 75
"""Longer than a load balancer keeps an idle connection (60 s): or it would send a request into one that just closes."""
OWNERS_SIGNALS = 2


class TransportProtocol(BoundedProtocol):
    """A protocol that can give its connection away; after `silence_seconds` the kernel gives silent clients up, too."""

    gives_away: bool = True
    """Whether the application may take connections over."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn declares it
        """Begin a connection."""
        super().connection_made(transport)
        sock = transport.get_extra_info("socket")
        if sock is not None:
            give_up_after(sock, self.silence_seconds)

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        offer: dict[object, object] = {"transport": self.transport}
        if self.gives_away:
            offer["take"] = self.take
        self.scope["extensions"] = {TRANSPORT: offer}

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
