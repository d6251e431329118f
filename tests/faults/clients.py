"""Clients on bare sockets, by the thousand. They do what a browser's EventSource does, and nothing more."""

import asyncio
import random
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from enum import Enum, auto
from urllib.parse import urlencode, urlsplit

from tests.faults.history import History
from tests.support.sse import ChunkedBody, FrameParser

_PIECE = 64 * 1024
_SMALL_BUFFER = 4096
_FIRST_RETRY = 1.0
_SLOW_PIECE = 2048
_SLOW_PAUSE = 0.2
_HEAD_PATIENCE = 30.0


class Pace(Enum):
    """How a client reads."""

    STEADY = auto()
    SLOW = auto()
    NOT_AT_ALL = auto()


class Client:
    """Follows a stream for as long as `run` does: connects, reads, and comes back with the id that it heard last."""

    def __init__(
        self,
        history: History,
        *,
        where: Callable[[], str],
        chance: random.Random,
        small: bool = False,
        wishes: Sequence[tuple[str, str]] = (),
        heard_from: Callable[[int], None] = lambda _port: None,
    ) -> None:
        self.history = history
        self._pace = Pace.STEADY
        self._where = where
        self._chance = chance
        self._small = small
        self._wishes = wishes
        self._heard_from = heard_from
        self._retry = _FIRST_RETRY
        self._writer: asyncio.StreamWriter | None = None
        self._away = 0.0

    @property
    def pace(self) -> Pace:
        """How it reads."""
        return self._pace

    @pace.setter
    def pace(self, pace: Pace) -> None:
        self._pace = pace
        self.history.dawdled = self.history.dawdled or pace is not Pace.STEADY

    def vanish(self, seconds: float) -> bool:
        """Be gone without a word, and come back after so many seconds; False where it was not there."""
        if self._writer is None:
            return False
        self._away = seconds
        self._writer.transport.abort()
        return True

    async def run(self) -> None:
        """Follow, until cancelled."""
        while True:
            with suppress(OSError, asyncio.IncompleteReadError, TimeoutError):
                await self._follow(self._where())
            away, self._away = self._away, 0.0
            await asyncio.sleep(away or self._retry)

    async def _follow(self, base: str) -> None:
        place = urlsplit(base)
        self.history.connect()
        reader, writer = await self._connect(place.hostname or "", place.port or 0)
        try:
            writer.write(self._request(place.netloc))
            async with asyncio.timeout(_HEAD_PATIENCE):
                head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 "), f"An EventSource gives up for good: {head!r}"
            self._writer = writer
            await self._read(reader, place.port or 0)
        finally:
            self._writer = None
            writer.transport.abort()

    async def _connect(self, host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        sock = socket.socket(socket.AF_INET)
        sock.setblocking(False)
        try:
            if self._small:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL_BUFFER)
            await asyncio.get_running_loop().sock_connect(sock, (host, port))
        except BaseException:
            sock.close()
            raise
        return await asyncio.open_connection(sock=sock, limit=_SMALL_BUFFER if self._small else _PIECE)

    def _request(self, host: str) -> bytes:
        query = [*self._wishes, *(("channel", channel) for channel in sorted(self.history.channels))]
        if self.history.asked is not None:
            query.append(("last_event_id", self.history.asked))
        target = f"/pipelines/{self.history.stream}/sse" + (f"?{urlencode(query)}" if query else "")
        lines = [f"GET {target} HTTP/1.1", f"Host: {host}", "Accept: text/event-stream"]
        if self.history.last_id:
            lines.append(f"Last-Event-ID: {self.history.last_id}")
        return "\r\n".join([*lines, "", ""]).encode()

    async def _read(self, reader: asyncio.StreamReader, port: int) -> None:
        body, parser = ChunkedBody(), FrameParser()
        while True:
            data = await reader.read(_SLOW_PIECE if self.pace is Pace.SLOW else _PIECE)
            if not data:
                return
            for frame in parser.feed(body.feed(data)):
                self.history.hear(frame.event, frame.data, frame.id)
                self._heard_from(port)
            if parser.retry is not None:
                self._retry = parser.retry / 1000
            if self.pace is not Pace.STEADY:
                await self._dawdle()

    async def _dawdle(self) -> None:
        await asyncio.sleep(self._chance.uniform(0, 2 * _SLOW_PAUSE))
        while self.pace is Pace.NOT_AT_ALL:  # noqa: ASYNC110 (the storm decides, from outside)
            await asyncio.sleep(_SLOW_PAUSE)
