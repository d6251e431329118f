"""The polite end: no new streams, the open ones end over a few seconds, each at a frame's boundary."""

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
    """Ends every stream once a signal has come, spread over some seconds; at a second signal, at once."""

    def __init__(self, hub: Hub, door: Door, *, over: float) -> None:
        self._hub = hub
        self._door = door
        self._over = over
        self._told = asyncio.Event()
        self._hurried = asyncio.Event()

    def hear_signal(self) -> None:
        """Begin, or hurry; call it in the event loop."""
        if self._door.draining:
            self._hurried.set()
        self._door.draining = True
        self._told.set()

    async def run(self) -> None:
        """Wait for the signal; return when no stream is left, or when the last ones have been cut."""
        await self._told.wait()
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
            await asyncio.wait_for(self._hurried.wait(), seconds)

    async def _until_gone(self) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + LAST_MOMENT_SECONDS
        while self._hub.connections and loop.time() < deadline:  # noqa: ASYNC110 - the hub knows no asyncio
            await asyncio.sleep(1 / STEPS_A_SECOND)
