"""Takes posts from the load generator, for every server in Python alike and as cheaply as Python can.

A server's own framework would cost some hundred microseconds a post, which say nothing about how it delivers.
"""

import asyncio
from collections.abc import Callable
from typing import TypeAlias, cast

HOST = "127.0.0.1"
ANSWER = b"HTTP/1.1 204 No Content\r\n\r\n"
_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = b"Content-Length: "

Publish: TypeAlias = Callable[[str, list[str]], None]
"""Publishes payloads as one notice of a stream."""


class Posts(asyncio.Protocol):
    """One connection with `POST /publish/{stream}`: a payload a line; requests need not wait for answers."""

    def __init__(self, publish: Publish) -> None:
        self._publish = publish
        self._rest = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.WriteTransport", transport)  # uvloop's is one, and no subclass of it

    def data_received(self, data: bytes) -> None:
        """Publish every post that has come whole."""
        rest = self._rest + data
        at = 0
        while (end := _end_of_post(rest, at)) is not None:
            self._take(rest[at:end])
            at = end
        self._rest = rest[at:]

    def _take(self, post: bytes) -> None:
        head, _, body = post.partition(_END_OF_HEAD)
        stream = head.split(b" ", 2)[1].rpartition(b"/")[2]
        self._publish(stream.decode(), body.decode().split("\n"))
        if self._transport is not None:
            self._transport.write(ANSWER)


def _end_of_post(data: bytes, start: int) -> int | None:
    """Where the post at `start` ends; None where it has not all come."""
    body = data.find(_END_OF_HEAD, start)
    if body < 0:
        return None
    length = data.find(_LENGTH, start, body)
    size = int(data[length + len(_LENGTH) : data.index(b"\r", length)]) if length >= 0 else 0
    end = body + len(_END_OF_HEAD) + size
    return end if end <= len(data) else None


async def take_posts(port: int, publish: Publish) -> asyncio.Server:
    """Listen for posts on a port of this machine's own."""
    return await asyncio.get_running_loop().create_server(lambda: Posts(publish), HOST, port)
