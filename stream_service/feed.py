"""The feed: this task's own queue, subscribed to the topic; what comes out of it goes to the hub.

boto3 is synchronous, and a long poll holds its thread: each receiver has one of its own. Everything else, and the hub
above all, stays in the event loop's thread.
"""

import asyncio
import logging
import threading
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from stream_service.queue import Queue
from stream_service.receiver import LONGEST_PAUSE, Receiver, pause_after
from stream_service.threads import in_daemon_thread
from tailrace.aws import AWS_TROUBLES
from tailrace.errors import InvalidNotice
from tailrace.notice import Canary, Notice, decode_notice

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

logger = logging.getLogger(__name__)

REMOVAL_SECONDS = 10.0
"""For unsubscribing and deleting at the end, at most."""
_HAND_OVER_CHECK_SECONDS = 0.5


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
        self.opened = asyncio.Event()
        """Set once there is a queue; canaries sent earlier could not come back."""
        self._renewal = asyncio.Event()
        self._stop = threading.Event()  # of the receivers that run
        self._gone: str | None = None  # the queue that its receivers found deleted
        self.invalid = 0
        """Messages that were no notices."""

    async def run(self) -> None:
        """Open the queue, and open another whenever it is lost; streams are in doubt from then on."""
        loop = asyncio.get_running_loop()
        short_lives = 0
        while True:
            url = await self._open()
            self._renewal.clear()
            self._in_doubt()  # what was published before this queue was subscribed never reached it
            self._start_receivers(url, loop)
            self.opened.set()
            opened = loop.time()
            await self._renewal.wait()
            self._stop.set()
            short_lives = 0 if loop.time() - opened >= LONGEST_PAUSE else short_lives + 1
            if short_lives > 1:
                await asyncio.sleep(pause_after(short_lives))

    def renew(self) -> None:
        """Subscribe anew: canaries don't come back."""
        self._renewal.set()

    async def close(self) -> None:
        """Stop receiving, and remove subscription and queue; call it when `run` has been cancelled."""
        self._stop.set()
        try:
            async with asyncio.timeout(REMOVAL_SECONDS):
                await in_daemon_thread(self._queue.remove, name="feed-remove")
        except TimeoutError:
            logger.warning("feed_not_removed", extra={"error": f"SNS or SQS took more than {REMOVAL_SECONDS:.0f} s."})

    async def _open(self) -> str:
        failures = 0
        while True:
            try:
                return await in_daemon_thread(partial(self._queue.open, gone=self._gone), name="feed-open")
            except AWS_TROUBLES as error:
                failures += 1
                logger.warning("feed_not_opened", extra={"error": str(error)})
                await asyncio.sleep(pause_after(failures))

    def _start_receivers(self, url: str, loop: asyncio.AbstractEventLoop) -> None:
        stop = self._stop = threading.Event()
        receiver = Receiver(
            self._queue,
            url,
            stop=stop,
            hand_over=partial(self._hand_over, loop, stop),
            lost=partial(loop.call_soon_threadsafe, self._lose, url, stop),
        )
        for number in range(self._receivers):
            threading.Thread(target=receiver.run, name=f"feed-{number}", daemon=True).start()

    def _lose(self, url: str, stop: threading.Event) -> None:
        """Hear from a receiver that its queue is gone; those of a former queue have nothing to say any more."""
        if stop is self._stop and not stop.is_set():
            stop.set()
            self._gone = url
            self.renew()

    def _hand_over(
        self, loop: asyncio.AbstractEventLoop, stop: threading.Event, messages: "list[MessageTypeDef]"
    ) -> None:
        """Deliver in the loop's thread, and wait until that is done: so no more is received than the loop can take."""
        notices = [notice for message in messages if (notice := _decode(message.get("Body", ""))) is not None]
        done = threading.Event()

        def deliver() -> None:
            self.invalid += len(messages) - len(notices)
            try:
                for notice in notices:
                    self._deliver_one(notice)
            finally:
                done.set()

        loop.call_soon_threadsafe(deliver)
        while not done.wait(_HAND_OVER_CHECK_SECONDS) and not stop.is_set():
            pass

    def _deliver_one(self, notice: Notice | Canary) -> None:
        try:
            self._deliver(notice)
        except Exception:
            # Anybody who may publish to the topic can send anything: one notice must not cost the others, nor the task.
            logger.exception("notice_not_delivered")


def _decode(body: str) -> Notice | Canary | None:
    try:
        return decode_notice(body)
    except InvalidNotice as error:
        logger.warning("notice_not_valid", extra={"error": str(error)})
        return None
