"""The response that a stream is: headers at once, then whatever the hub writes, until one of both ends it."""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Protocol, TypeAlias

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from stream_service import sse
from stream_service.connection import Connection
from stream_service.takeover import HIGH_WATER, TRANSPORT, Follower, TakenConnection

HEADERS = {
    "Content-Type": sse.CONTENT_TYPE,
    "Cache-Control": "no-store, no-transform",
    "X-Accel-Buffering": "no",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_LAST = (b"connection", b"close")
"""Of a connection that is taken over: unsaid, a load balancer sends its next request into one that is just closing."""
_RAW_HEADERS = tuple((name.lower().encode(), value.encode()) for name, value in HEADERS.items())


class Abortable(Protocol):
    """A transport that can be cut."""

    def abort(self) -> None:
        """Close at once, and drop what waits."""


class AsgiConnection:
    """A `Connection` whose bytes one ASGI task sends, for servers that give no connection away."""

    def __init__(self, transport: Abortable | None) -> None:
        self._transport = transport
        self._follower: Follower | None = None
        self._waiting: list[bytes] = []
        self._size = 0
        self._wake = asyncio.Event()
        self._paused = False
        self._ended = False
        self._aborted = False

    def follow(self, follower: Follower) -> None:
        """Say who shall hear how the socket fares, before it writes anything."""
        self._follower = follower

    def write(self, data: bytes) -> None:
        """Queue bytes; over HIGH_WATER the follower is paused. Behind the end nothing is taken any more."""
        if self._ended or self._aborted:
            return
        self._waiting.append(data)
        self._size += len(data)
        self._wake.set()
        if self._size > HIGH_WATER and not self._paused and self._follower is not None:
            self._paused = True
            self._follower.pause()

    def end(self) -> None:
        """End the response behind what was written."""
        self._ended = True
        self._wake.set()

    def abort(self) -> None:
        """Cut the connection, and drop what waits."""
        self._aborted = True
        self._wake.set()
        if self._transport is not None:
            self._transport.abort()

    async def pump(self, send: Send) -> None:
        """Send until the end, or until the connection is cut."""
        while not self._aborted:
            await self._wake.wait()
            self._wake.clear()
            data = b"".join(self._waiting)
            self._waiting.clear()
            if data and not self._aborted:
                await send({"type": "http.response.body", "body": data, "more_body": True})
            self._size = sum(map(len, self._waiting))
            if self._paused and self._size <= HIGH_WATER and self._follower is not None:
                self._paused = False
                self._follower.resume()
            if self._ended and not self._waiting:
                await send({"type": "http.response.body", "body": b"", "more_body": False})
                return


Subscribe: TypeAlias = Callable[[Connection, Callable[[Follower], None]], Follower | None]
"""Has a connection written to, and says by whom before the first write; None where there is no room for a client."""


class StreamResponse(Response):
    """A stream of events. Its headers go out before anything is read, so that nothing can take their place."""

    media_type = sse.CONTENT_TYPE

    def __init__(self, *, first_bytes: bytes, subscribe: Subscribe) -> None:
        # Not by Response.__init__, which would write the same headers anew for each of thousands that come at once.
        self.background = None
        self.status_code = HTTPStatus.OK
        self.raw_headers = list(_RAW_HEADERS)  # of this response: whoever stands between may add to them
        self._first_bytes = first_bytes
        self._subscribe = subscribe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer; a HEAD request gets the headers alone."""
        offer: dict[str, Any] = scope.get("extensions", {}).get(TRANSPORT, {})
        is_last = "take" in offer and scope["method"] != "HEAD"
        headers = [*self.raw_headers, _LAST] if is_last else self.raw_headers
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        if scope["method"] == "HEAD":
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            return
        if "take" in offer and (taken := offer["take"]()) is not None:
            self._begin(taken)
        elif (follower := self._begin(connection := AsgiConnection(offer.get("transport")))) is None:
            await connection.pump(send)
        else:
            try:
                await self._pump_until_gone(connection, receive, send)
            finally:
                follower.leave()

    def _begin(self, connection: TakenConnection | AsgiConnection) -> Follower | None:
        connection.write(self._first_bytes)
        follower = self._subscribe(connection, connection.follow)
        if follower is None:
            connection.end()
        return follower

    @staticmethod
    async def _pump_until_gone(connection: AsgiConnection, receive: Receive, send: Send) -> None:
        pump = asyncio.ensure_future(connection.pump(send))
        gone = asyncio.ensure_future(_disconnected(receive))
        try:
            await asyncio.wait({pump, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (pump, gone):
                task.cancel()
            outcome, _ = await asyncio.gather(pump, gone, return_exceptions=True)
        if isinstance(outcome, Exception):
            raise outcome


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
