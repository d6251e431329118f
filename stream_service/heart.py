"""What happens by the clock: keepalives, ticks, and the canary."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from stream_service.hub import Hub
from stream_service.pulse import DEGRADED_AFTER, Pulse
from stream_service.threads import in_daemon_thread
from tailrace.aws import AWS_TROUBLES
from tailrace.notice import Canary, encode_canary

logger = logging.getLogger(__name__)

TICK_SECONDS = 1.0
HASTY_CANARY_SECONDS = 0.5
"""From a canary's return to the next canary, until the feed has shown that it works."""
HASTY_PATIENCE_SECONDS = 2.0
"""How long a canary's return is waited for until then."""
DEGRADED_CANARY_SECONDS = 5.0
FEED_PATIENCE_SECONDS = 60.0
"""After which a new service takes clients without a feed that works, and compares their streams with the log often.

Well within the time that the platform gives a new task to become healthy.
"""
MAX_UNDERWAY = 64
"""Canaries whose way is timed, should they ever come back; of more, the oldest are not."""


async def keep_alive(hub: Hub, *, every: float) -> None:
    """Write keepalives for ever."""
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(every)
        hub.keep_alive(loop.time())


async def tick(hub: Hub) -> None:
    """Let the hub clean up, for ever."""
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(TICK_SECONDS)
        hub.tick(loop.time())


class Canaries:
    """Sends canaries to this task's own queue, by way of the topic, and has the feed renewed when they stay away."""

    def __init__(
        self,
        pulse: Pulse,
        *,
        task: str,
        every: float,
        opened: asyncio.Event,
        publish: Callable[[str], None],
        renew: Callable[[], None],
        measure: Callable[[float], None],
    ) -> None:
        """`measure` is told how many seconds each canary took."""
        self._pulse = pulse
        self._task = task
        self._every = every
        self._opened = opened
        self._publish = publish
        self._renew = renew
        self._measure = measure
        self._underway: deque[tuple[int, float]] = deque(maxlen=MAX_UNDERWAY)
        self._returned = asyncio.Event()

    def came_back(self, canary: Canary) -> None:
        """Hear of a canary; other tasks' are none of ours."""
        if canary.task == self._task:
            was_degraded = self._pulse.degraded
            self._pulse.came_back(canary.number)
            self._take_time(canary.number)
            self._returned.set()
            if was_degraded and not self._pulse.degraded:
                logger.info("feed_works")

    async def run(self) -> None:
        """Send canaries for ever, once there is a queue that they can come back through."""
        asyncio.get_running_loop().call_later(FEED_PATIENCE_SECONDS, self._do_without)
        await self._opened.wait()
        while True:
            canary = Canary(self._task, self._pulse.next_number())
            if self._pulse.missed >= DEGRADED_AFTER:
                logger.warning("feed_degraded", extra={"missed": self._pulse.missed})
                self._renew()
            await self._send(canary)
            await self._pause()

    def _do_without(self) -> None:
        if not self._pulse.ready:
            logger.warning("feed_not_waited_for")
            self._pulse.do_without()

    def _take_time(self, number: int) -> None:
        while self._underway and self._underway[0][0] <= number:
            underway, since = self._underway.popleft()
            if underway == number:
                self._measure(asyncio.get_running_loop().time() - since)

    async def _send(self, canary: Canary) -> None:
        self._returned.clear()
        self._underway.append((canary.number, asyncio.get_running_loop().time()))
        try:
            await in_daemon_thread(partial(self._publish, encode_canary(canary)), name="canary")
        except AWS_TROUBLES as error:
            logger.warning("canary_not_sent", extra={"error": str(error)})

    async def _pause(self) -> None:
        if self._pulse.ready:
            await asyncio.sleep(min(self._every, DEGRADED_CANARY_SECONDS) if self._pulse.degraded else self._every)
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(HASTY_PATIENCE_SECONDS):  # Python 3.11's `wait_for` may lose a cancellation
                await self._returned.wait()
        await asyncio.sleep(HASTY_CANARY_SECONDS)
