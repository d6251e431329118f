"""A receiver: one thread that long-polls the queue, hands over what came, and deletes it."""

import logging
import random
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from stream_service.queue import Queue
from tailrace.aws import AWS_TROUBLES

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

logger = logging.getLogger(__name__)

LONGEST_PAUSE = 5.0
"""Seconds between two tries to reach SQS or SNS, at most."""


def pause_after(failures: int) -> float:
    """Seconds to wait after so many failures in a row: a random part of a time that doubles."""
    longest: float = min(LONGEST_PAUSE, 0.1 * 2 ** min(failures, 8))
    return random.uniform(0, longest)  # noqa: S311 - jitter, not a secret


class Receiver:
    """Receives from one queue until stopped, or until the queue is gone; nothing else ends it."""

    def __init__(
        self,
        queue: Queue,
        url: str,
        *,
        stop: threading.Event,
        hand_over: "Callable[[list[MessageTypeDef]], None]",
        lost: Callable[[], object],
    ) -> None:
        self._queue = queue
        self._url = url
        self._stop = stop
        self._hand_over = hand_over
        self._lost = lost

    def run(self) -> None:
        """Receive; call this in a thread of its own."""
        failures = 0
        while not self._stop.is_set():
            try:
                self._receive()
                failures = 0
            except Exception as error:
                if self._stop.is_set():
                    return
                self._complain(error)
                if self._queue.is_lost(error):
                    self._lost()
                    return
                failures += 1
                self._stop.wait(pause_after(failures))

    def _receive(self) -> None:
        if messages := self._queue.receive(self._url):
            # Also when stopped meanwhile: nobody else sees these messages before their visibility ends.
            self._hand_over(messages)
            self._queue.delete(self._url, messages)

    @staticmethod
    def _complain(error: Exception) -> None:
        # A thread that died of what nobody foresaw would take a part of the feed with it, unseen.
        known = isinstance(error, AWS_TROUBLES)
        logger.warning("feed_not_read", extra={"error": repr(error)}, exc_info=None if known else error)
