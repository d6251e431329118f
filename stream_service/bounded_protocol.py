"""uvicorn's own protocol, which bounds what strangers send: how large a request's head may be, how long it may take.

What is used of uvicorn's inside is used here and in `server` alone; pyproject.toml pins its minor release.
"""

import asyncio
from typing import TYPE_CHECKING

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from stream_service.bare_answers import NO_HTTP
from stream_service.request_head import HEADER_COSTS, REFUSAL, RequestHead
from stream_service.request_timer import RequestTimer

if TYPE_CHECKING:
    from uvicorn._types import ASGI3Application


MAX_PIPELINED = 64
"""Requests that may wait behind the one that is answered: each costs kilobytes, and is sent in twenty bytes."""


class BoundedProtocol(HttpToolsProtocol):
    """Refuses heads and pipelines that are too large, cuts who dawdles, and tells every request its end."""

    request_seconds: float = 20.0
    """How long a client may take to send a whole request."""
    silence_seconds: float = 60.0
    """How long a socket may stay full of what the client does not read."""
    _running: RequestResponseCycle | None = None
    _timer: RequestTimer
    _head: RequestHead
    _broken = False
    _full: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn declares it
        """Begin a connection."""
        super().connection_made(transport)
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
        if self._running is not None and self._is_answering():
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
        if len(self.pipeline) >= MAX_PIPELINED:
            raise ValueError("Too many requests wait for their answers.")
        self._timer.begin()
        super().on_message_begin()

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

    def pause_writing(self) -> None:
        """Wait for a client to read; a byte now and then won't do."""
        super().pause_writing()
        self._full = self.loop.call_later(self.silence_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on writing."""
        self._wait_no_more()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """End a connection."""
        self._timer.end()
        self._wait_no_more()
        super().connection_lost(exc)
        # uvicorn tells the request that came last; an open stream may have others waiting behind it.
        if self._running is not None and not self._running.response_complete:
            self._running.disconnected = True
            self._running.message_event.set()

    def _wait_no_more(self) -> None:
        if self._full is not None:
            self._full.cancel()
            self._full = None

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: "ASGI3Application") -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def _is_answering(self) -> bool:
        cycle = self._running
        return cycle is not None and cycle.response_started and not cycle.response_complete

    def _unsupported_upgrade_warning(self) -> None:
        """Say nothing: a client may offer HTTP/2, as curl --http2 does, and goes on with HTTP/1.1."""
