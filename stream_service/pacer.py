"""When a stream's clients are written to: its first event goes at once, and what follows soon after goes together.

A pass writes to every client of a stream. Each write costs the kernel some microseconds, whatever it holds, so under
load what came since the last pass goes in one write; and a pass leaves the event loop to others between its groups of
clients, and for a while behind itself, so that notices come in and connections are accepted.
"""

import asyncio
from dataclasses import dataclass

from stream_service.stream import Stream
from stream_service.turns import CLIENTS_AT_ONCE, Turns

_OVER = object()
REST = 0.25
"""How long nothing is written behind a pass, as a part of the time that it took."""


@dataclass(slots=True)
class _Pace:
    """A pass that is under way, or the time at which the next one may begin."""

    began: float = 0.0
    turns: Turns | None = None
    again: bool = False
    """Whether something came that this pass may not have brought to everybody."""


class Pacer:
    """Runs the passes of all streams on the event loop."""

    def __init__(self, *, every: float) -> None:
        """`every` is the time, in seconds, from one pass of a stream to its next, at least."""
        self._every = every
        self._paces: dict[Stream, _Pace] = {}
        self._died: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def run(self) -> None:
        """Wait for ever; raise what no turn should have raised, since the clients behind it would wait for ever too."""
        await self._died

    @property
    def busy(self) -> int:
        """How many streams are being written to, or were just now."""
        return len(self._paces)

    def due(self, stream: Stream) -> None:
        """Hear that a stream has something to deliver."""
        pace = self._paces.get(stream)
        if pace is not None:
            pace.again = True
            return
        self._paces[stream] = _Pace()
        asyncio.get_running_loop().call_soon(self._begin, stream)

    def spread(self, turns: Turns) -> None:
        """Take the first turn of something long now, and each of the others in a turn of the loop of its own.

        What the first turn raises is the caller's; what the others raise ends `run`.
        """
        if next(turns, _OVER) is not _OVER:
            asyncio.get_running_loop().call_soon(self._spread_on, turns)

    def _spread_on(self, turns: Turns) -> None:
        try:
            self.spread(turns)
        except Exception as error:
            self._die(error)

    def _die(self, error: Exception) -> None:
        if not self._died.done():
            self._died.set_exception(error)

    def _begin(self, stream: Stream) -> None:
        pace = self._paces[stream]
        pace.again = False
        pace.began = asyncio.get_running_loop().time()
        pace.turns = stream.deliver(CLIENTS_AT_ONCE)
        self._go_on(stream)

    def _go_on(self, stream: Stream) -> None:
        pace = self._paces[stream]
        loop = asyncio.get_running_loop()
        try:
            if pace.turns is not None and next(pace.turns, _OVER) is not _OVER:
                loop.call_soon(self._go_on, stream)
                return
        except Exception as error:
            self._die(error)
            return
        now = loop.time()
        loop.call_at(max(pace.began + self._every, now + REST * (now - pace.began)), self._rested, stream)

    def _rested(self, stream: Stream) -> None:
        pace = self._paces[stream]
        if pace.again or stream.behind:
            self._begin(stream)
        else:
            del self._paces[stream]
