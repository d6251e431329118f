"""A page of history as an answer: sent as fast as its client reads, which has a place and so much time for it.

A page is a megabyte. Handed to the socket at once, it would be kept by the web server or the kernel for as long as a
client reads a byte now and then, for however many pages one asks.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, suppress

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from stream_service.takeover import HIGH_WATER, TRANSPORT

KERNEL_BYTES = 128 * 1024
"""Which the kernel takes of a page ahead of its client, about; by itself it takes megabytes."""


class PageAnswer(Response):
    """Makes a response once there is a place for it, which it keeps until it is sent, or its client is cut."""

    def __init__(
        self,
        make: Callable[[], Awaitable[Response]],
        *,
        place: Callable[[Scope], AbstractContextManager[None]],
        seconds: float,
    ) -> None:
        """`place` may refuse by raising; `seconds` is how long sending may take."""
        self.background = None
        self._make = make
        self._place = place
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        transport = scope.get("extensions", {}).get(TRANSPORT, {}).get("transport")
        with self._place(scope):
            response = await self._make()
            if transport is not None:
                _have_the_kernel_take_little(transport)
            try:
                async with asyncio.timeout(self._seconds):
                    await response(scope, receive, _in_slices(send))
            except TimeoutError:
                if transport is not None:
                    transport.abort()
                    while (await receive())["type"] != "http.disconnect":  # else the web server calls it our fault
                        pass


def _in_slices(send: Send) -> Send:
    """Hand a body over a slice at a time: each waits until the socket has taken most of the one before."""

    async def send_slices(message: Message) -> None:
        body = message.get("body", b"")
        if len(body) <= HIGH_WATER:
            await send(message)
            return
        for begin in range(0, len(body), HIGH_WATER):
            await send({**message, "body": body[begin : begin + HIGH_WATER], "more_body": True})
        await send({**message, "body": b""})

    return send_slices


def _have_the_kernel_take_little(transport: asyncio.Transport) -> None:
    sock = transport.get_extra_info("socket")
    with suppress(OSError):  # the client has gone already
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BYTES)
