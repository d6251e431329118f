"""The feed: this task's own queue, subscribed to the topic; what comes out of it goes to the hub.

boto3 is synchronous, and a long poll holds its thread: each receiver has one of its own. Everything else, and the hub
above all, stays in the event loop's thread.
"""

import asyncio
import logging
import random
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from stream_service.queue import GONE, Queue
from tailrace.errors import InvalidNotice
from tailrace.notice import Canary, Notice, decode_notice

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

logger = logging.getLogger(__name__)

LONGEST_PAUSE = 5.0
"""Seconds between two tries to reach SQS or SNS, at most."""


class Feed:
    """Brings notices to `deliver`, in the event loop's thread, for as long as `run` does."""

    def __init__(
        self,
        queue: Queue,
        *,
        deliver: Callable[[Notice | Canary], None],
        in_doubt: Callable[[], None],
        receivers: int,
    ) -> None:
        self._queue = queue
        self._deliver = deliver
        self._in_doubt = in_doubt
        self._receivers = receivers
        self._lost = asyncio.Event()
        self._stop = threading.Event()
        self.invalid = 0
        """Messages that were no notices."""

    async def run(self) -> None:
        """Open the queue, and open another whenever it is lost; streams are in doubt from then on."""
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            self._lost.clear()
            try:
                url = await asyncio.to_thread(self._queue.open)
            except (BotoCoreError, ClientError) as error:
                failures += 1
                logger.warning("feed_not_opened", extra={"error": str(error)})
                await asyncio.sleep(random.random() * min(LONGEST_PAUSE, 0.1 * 2 ** min(failures, 8)))  # noqa: S311 - jitter
                continue
            failures = 0
            self._in_doubt()  # what was published before this queue was subscribed never reached it
            self._start_receivers(url, loop)
            await self._lost.wait()
            self._stop.set()

    def renew(self) -> None:
        """Subscribe anew: canaries don't come back."""
        self._lost.set()

    async def close(self) -> None:
        """Stop receiving, and remove subscription and queue."""
        self._stop.set()
        await asyncio.to_thread(self._queue.remove)

    def _start_receivers(self, url: str, loop: asyncio.AbstractEventLoop) -> None:
        self._stop = threading.Event()

        def lost() -> None:
            loop.call_soon_threadsafe(self.renew)

        for number in range(self._receivers):
            receiver = _Receiver(self._queue, url, self._stop, lambda messages: self._hand_over(loop, messages))
            threading.Thread(target=receiver.run, args=(lost,), name=f"feed-{number}", daemon=True).start()

    def _hand_over(self, loop: asyncio.AbstractEventLoop, messages: "list[MessageTypeDef]") -> None:
        """Deliver in the loop's thread, and wait until that is done: so no more is received than the loop can take."""
        notices = [notice for message in messages if (notice := self._decode(message.get("Body", ""))) is not None]
        done: Future[None] = Future()

        def deliver() -> None:
            try:
                for notice in notices:
                    self._deliver(notice)
            finally:
                done.set_result(None)

        loop.call_soon_threadsafe(deliver)
        done.result()

    def _decode(self, body: str) -> Notice | Canary | None:
        try:
            return decode_notice(body)
        except InvalidNotice as error:
            self.invalid += 1
            logger.warning("notice_not_valid", extra={"error": str(error)})
            return None


class _Receiver:
    """One thread that long-polls, hands over, and deletes."""

    def __init__(
        self,
        queue: Queue,
        url: str,
        stop: threading.Event,
        hand_over: "Callable[[list[MessageTypeDef]], None]",
    ) -> None:
        self._queue = queue
        self._url = url
        self._stop = stop
        self._hand_over = hand_over

    def run(self, lost: Callable[[], None]) -> None:
        """Receive until stopped; say so where the queue is gone."""
        failures = 0
        while not self._stop.is_set():
            try:
                if messages := self._queue.receive(self._url):
                    self._hand_over(messages)
                    self._queue.delete(self._url, messages)
                failures = 0
            except (BotoCoreError, ClientError) as error:
                if self._stop.is_set():
                    return
                logger.warning("feed_not_read", extra={"error": str(error)})
                if isinstance(error, ClientError) and error.response.get("Error", {}).get("Code") in GONE:
                    lost()
                    return
                failures += 1
                self._stop.wait(random.random() * min(LONGEST_PAUSE, 0.1 * 2 ** min(failures, 8)))  # noqa: S311 - jitter
