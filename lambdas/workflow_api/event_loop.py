"""An event loop for each thread that calls the handler, whatever the thread brings."""

import asyncio
import threading


class EventLoops:
    """Gives every thread its loop, the same at each call, and closes it when the thread has ended."""

    def __init__(self) -> None:
        self._of_thread = threading.local()

    def current(self) -> asyncio.AbstractEventLoop:
        """The calling thread's loop, made its current one, which is the one that Mangum runs on.

        It outlives a call: to close it would mean to wait for what a step has left behind.
        """
        owner: _Owner | None = getattr(self._of_thread, "owner", None)
        if owner is None:
            owner = self._of_thread.owner = _Owner()
        asyncio.set_event_loop(owner.loop)
        return owner.loop


class _Owner:
    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()

    def __del__(self) -> None:
        self.loop.close()
