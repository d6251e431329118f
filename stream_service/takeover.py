"""Takes a connection over from the web server once its response has begun, so that a client costs no task.

The web server's transport gets a protocol of ours, as uvicorn itself does it for WebSockets. From then on the request's
task, scope and buffers are gone, and the hub writes to the transport: chunks of HTTP/1.1, which clients at the same
place share.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

TRANSPORT = "tailrace.transport"
"""The ASGI extension through which a response reaches its connection: `transport`, and `take`, which gives it away."""
HIGH_WATER = 64 * 1024
"""Bytes that wait for the socket; with more, the subscription is paused."""
LAST_CHUNK = b"0\r\n\r\n"


class Follower(Protocol):
    """What a connection tells the hub's subscription."""

    def pause(self) -> None:
        """The socket is full."""

    def resume(self) -> None:
        """The socket takes data again."""

    def leave(self) -> None:
        """The connection is gone."""


class _Chunk:
    """The bytes that were written last, and their chunk: a pass writes the same to thousands of clients."""

    __slots__ = ("chunk", "data")

    def __init__(self) -> None:
        self.wrap(b"")

    def wrap(self, data: bytes) -> None:
        self.data = data
        self.chunk = b"%x\r\n%b\r\n" % (len(data), data)


_latest = _Chunk()


class TakenConnection(asyncio.Protocol):
    """A `Connection` that writes to a transport by itself."""

    __slots__ = ("_ended", "_follower", "_gone", "transport")

    def __init__(self, transport: asyncio.Transport, *, gone: Callable[["TakenConnection"], None]) -> None:
        self.transport = transport
        self._gone = gone
        self._follower: Follower | None = None
        self._ended = False
        transport.set_write_buffer_limits(high=HIGH_WATER)
        transport.set_protocol(self)

    def follow(self, follower: Follower) -> None:
        """Say who shall hear how the socket fares, before it writes anything."""
        self._follower = follower

    # --- what the hub does

    def write(self, data: bytes) -> None:
        """Send bytes as one chunk; behind the end nothing is sent any more."""
        if not self._ended:
            if data is not _latest.data:
                _latest.wrap(data)
            self.transport.write(_latest.chunk)

    def end(self) -> None:
        """End the response behind what was written."""
        if not self._ended:
            self._ended = True
            self.transport.write(LAST_CHUNK)
            self.transport.close()

    def abort(self) -> None:
        """Cut the connection, and drop what waits."""
        self._ended = True
        self.transport.abort()

    # --- what the transport says

    def pause_writing(self) -> None:
        """The socket is full."""
        if self._follower is not None:
            self._follower.pause()

    def resume_writing(self) -> None:
        """The socket takes data again."""
        if self._follower is not None:
            self._follower.resume()

    def data_received(self, data: bytes) -> None:
        """Ignore what a client says behind its request: it can't be answered on this connection any more."""

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """The connection is gone."""
        self._ended = True
        self._gone(self)
        if self._follower is not None:
            self._follower.leave()
            self._follower = None

    def shutdown(self) -> None:
        """Hear from uvicorn that it stops; `Drain` has ended the streams before."""
        self.end()
