"""Cuts clients that don't finish asking: uvicorn waits for the rest of a request for ever."""

import asyncio
from collections.abc import Callable


class RequestTimer:
    """Gives a client some seconds for each whole request, however it spreads its bytes over them."""

    __slots__ = ("_cut", "_handle", "_is_answering", "_loop", "_seconds")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        *,
        seconds: float,
        is_answering: Callable[[], bool],
        cut: Callable[[], object],
    ) -> None:
        self._loop = loop
        self._seconds = seconds
        self._is_answering = is_answering
        self._cut = cut
        self._handle: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Wait for a whole request from now on; what is waited for already gets no more time."""
        if self._handle is None:
            self._handle = self._loop.call_later(self._seconds, self._time_is_up)

    def end(self) -> None:
        """Wait no more: the request is whole, or the connection has become something else."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _time_is_up(self) -> None:
        self._handle = None
        # A response that has begun reads no body, so what has not come does not matter; a stream may run for days.
        if self._is_answering():
            self.begin()
        else:
            self._cut()
