"""The polite end: no new streams, the open ones end over a few seconds, each at a frame's boundary."""

import asyncio
import logging

from stream_service.api import Door
from stream_service.hub import Hub

logger = logging.getLogger(__name__)

STEPS_A_SECOND = 20
LAST_MOMENT_SECONDS = 1.0
"""For what was written to reach the sockets; who has not taken it by then is cut, and resumes."""


async def drain(hub: Hub, door: Door, *, over: float) -> None:
    """End every stream, spread over a time in seconds."""
    door.draining = True
    subscriptions = hub.subscriptions()
    logger.info("drain_began", extra={"streams": len(subscriptions)})
    steps = max(1, int(over * STEPS_A_SECOND))
    for step in range(steps):
        for subscription in subscriptions[step::steps]:
            subscription.end()
        if subscriptions:
            await asyncio.sleep(over / steps)
    await _until_gone(hub)
    slow = hub.subscriptions()
    for subscription in slow:
        subscription.abort()
    logger.info("drain_ended", extra={"cut": len(slow)})


async def _until_gone(hub: Hub) -> None:
    deadline = asyncio.get_running_loop().time() + LAST_MOMENT_SECONDS
    while hub.connections and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110 - the hub knows no asyncio
        await asyncio.sleep(1 / STEPS_A_SECOND)
