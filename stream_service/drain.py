"""The polite end: no new streams, the open ones end over a few seconds, each at a frame's boundary.

It begins when the load balancer lets go of the task, or with the signal to stop, whichever comes first. Only the
signal ends the service: behind a load balancer it comes later, and finds nothing left to do.
"""

import asyncio
import logging
from contextlib import suppress

from stream_service.api import Door
from stream_service.counts import End
from stream_service.hub import Hub

logger = logging.getLogger(__name__)

STEPS_A_SECOND = 20
LAST_MOMENT_SECONDS = 1.0
"""For what was written to reach the sockets; who has not taken it by then is cut, and resumes."""


class Drain:
    """Ends every stream, spread over some seconds; from a second signal on, at once."""

    def __init__(self, hub: Hub, door: Door, *, over: float) -> None:
        self._hub = hub
        self._door = door
        self._over = over
        self._begun = asyncio.Event()
        self._signalled = asyncio.Event()
        self._hurried = asyncio.Event()

    def begin(self) -> None:
        """Take no new streams, and end those that are open; call it in the event loop."""
        self._door.draining = True
        self._begun.set()

    def hear_signal(self) -> None:
        """Begin, and let the service end afterwards; or hurry. Call it in the event loop."""
        if self._signalled.is_set():
            self._hurried.set()
        self._signalled.set()
        self.begin()

    async def run(self) -> None:
        """Return when a signal has come, and no stream is left or the last ones have been cut."""
        await self._begun.wait()
        await self._end_streams()
        await self._signalled.wait()

    async def _end_streams(self) -> None:
        subscriptions = self._hub.subscriptions()
        logger.info("drain_began", extra={"streams": len(subscriptions)})
        steps = max(1, int(self._over * STEPS_A_SECOND))
        for step in range(steps):
            for subscription in subscriptions[step::steps]:
                subscription.end(End.DRAIN)
            if subscriptions:
                await self._pause(self._over / steps)
        await self._until_gone()
        slow = self._hub.subscriptions()
        for subscription in slow:
            subscription.abort(End.DRAIN)
        logger.info("drain_ended", extra={"cut": len(slow)})

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._hurried.wait()

    async def _until_gone(self) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + LAST_MOMENT_SECONDS
        while self._hub.connections and loop.time() < deadline:  # noqa: ASYNC110 - the hub knows no asyncio
            await asyncio.sleep(1 / STEPS_A_SECOND)
