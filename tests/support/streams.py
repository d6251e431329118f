"""A client of event streams on a bare socket: it keeps every byte, can be cut anywhere, and comes back."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, Self
from urllib.parse import urlencode, urlsplit

from tests.support.sse import ChunkedBody, Frame, FrameParser

PATIENCE = 40.0
_PIECE = 64 * 1024


class StreamClient:
    """One connection to a stream. Nothing is read that was not asked for, so that it can be as slow as one likes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.frames: list[Frame] = []
        """All that have come."""
        self.raw = b""
        """The body as it came."""
        self.parser = FrameParser()
        self._reader = reader
        self._writer = writer
        self._body = ChunkedBody()
        self._taken = 0

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        receive_buffer: int | None = None,
        query: Mapping[str, object] | None = None,
    ) -> Self:
        """Connect and read the answer's headers."""
        place = urlsplit(url)
        sock = socket.socket(socket.AF_INET)
        sock.setblocking(False)
        if receive_buffer is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        try:
            await asyncio.get_running_loop().sock_connect(sock, (place.hostname, place.port))
        except OSError:
            sock.close()
            raise
        reader, writer = await asyncio.open_connection(sock=sock, limit=receive_buffer or _PIECE)
        target = place.path + (f"?{urlencode(query, doseq=True)}" if query else "")
        lines = [f"{method} {target} HTTP/1.1", f"Host: {place.netloc}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        writer.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
        client = cls(reader, writer)
        try:
            await client._read_head()
        except BaseException:
            await client.close()
            raise
        return client

    @property
    def port(self) -> int:
        """This end's port."""
        return int(self._writer.get_extra_info("sockname")[1])

    @property
    def last_id(self) -> str:
        """What an EventSource would send as Last-Event-ID."""
        return self.parser.last_id

    @property
    def ended(self) -> bool:
        """Whether the response has ended as HTTP says, and not in the middle of a frame."""
        return self._body.ended and self.parser.at_boundary

    @property
    def events(self) -> list[Frame]:
        """What workflows sent, without control events."""
        return [frame for frame in self.frames if not frame.event.startswith("$")]

    @property
    def payloads(self) -> list[Any]:
        """What workflows sent, decoded."""
        return [json.loads(frame.data) for frame in self.events]

    async def next(self, *, patience: float = PATIENCE) -> Frame:
        """Wait for the next frame."""
        async with asyncio.timeout(patience):
            while self._taken == len(self.frames):
                assert await self.read(), f"The stream ended after {self.frames[-3:]}."
        self._taken += 1
        return self.frames[self._taken - 1]

    async def take(self, count: int, *, patience: float = PATIENCE) -> list[Frame]:
        """Wait for the next frames."""
        return [await self.next(patience=patience) for _ in range(count)]

    async def until(self, count: int, *, patience: float = PATIENCE) -> None:
        """Read until so many events have come, without control events."""
        async with asyncio.timeout(patience):
            while len(self.events) < count:
                assert await self.read(), f"The stream ended after {len(self.events)} events."

    async def until_end(self, *, patience: float = PATIENCE) -> None:
        """Read until the response has ended, or the connection."""
        async with asyncio.timeout(patience):
            while not self._body.ended and await self.read():
                pass

    async def read(self, at_most: int = _PIECE) -> int:
        """Read what has come, and say how many bytes of the connection that were; 0 at its end."""
        try:
            data = await self._reader.read(at_most)
        except ConnectionResetError:
            return 0
        body = self._body.feed(data)
        self.raw += body
        self.frames += self.parser.feed(body)
        return len(data)

    async def read_exactly(self, count: int) -> None:
        """Read so many bytes of the connection, and not one more."""
        while count > 0 and (got := await self.read(count)):
            count -= got

    async def rest(self) -> bytes:
        """Read the bytes of the connection until its end, whatever they are."""
        async with asyncio.timeout(PATIENCE):
            return await self._reader.read()

    async def send(self, data: bytes) -> None:
        """Send bytes that nobody asked for, and wait until most of them are on their way."""
        self._writer.write(data)
        await self._writer.drain()

    async def expect_silence(self, seconds: float) -> None:
        """Check that no frame comes for a while."""
        try:
            async with asyncio.timeout(seconds):
                while await self.read():
                    assert self._taken == len(self.frames), f"Unexpected: {self.frames[self._taken :]}"
        except TimeoutError:
            return
        raise AssertionError("The stream ended.")

    def cut(self) -> None:
        """Be gone at once."""
        self._writer.transport.abort()
        self._writer.close()

    async def close(self) -> None:
        """Be gone, as a closed page is."""
        self._writer.close()
        with suppress(ConnectionError):
            await self._writer.wait_closed()

    async def _read_head(self) -> None:
        async with asyncio.timeout(PATIENCE):
            head = await self._reader.readuntil(b"\r\n\r\n")
        status, *lines = head.decode("latin-1").split("\r\n")[:-2]
        self.status = int(status.split(" ")[1])
        self.headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}


def stream_url(service: str, workflow_id: str) -> str:
    """A stream's URL."""
    return f"{service}/pipelines/{workflow_id}/sse"


@asynccontextmanager
async def follow(
    service: str,
    workflow_id: str,
    *,
    last_event_id: str | None = None,
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, object] | None = None,
) -> AsyncIterator[StreamClient]:
    """Follow a stream until the context ends."""
    cursor = {} if last_event_id is None else {"Last-Event-ID": last_event_id}
    client = await StreamClient.open(
        stream_url(service, workflow_id), headers={**(headers or {}), **cursor}, query=query
    )
    try:
        yield client
    finally:
        client.cut()
