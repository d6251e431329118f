"""What a run has sent, held until the run has ended."""

import threading

from tailrace.errors import RunFinished, TooManySends
from tailrace.event import Event

MAX_EVENTS = 10_000
"""Of one run."""
MAX_BYTES = 32 * 1024 * 1024
"""Of one run's channels and payloads together."""


class Deferred:
    """One run's sends, in the order of the calls; steps may send from several threads."""

    def __init__(self, *, max_events: int = MAX_EVENTS, max_bytes: int = MAX_BYTES) -> None:
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._events: list[Event] = []
        self._bytes = 0
        self._closed = False
        self._lock = threading.Lock()

    def hold(self, event: Event) -> None:
        """Keep an event until the run has ended.

        Raises:
            TooManySends: the run has sent as much as one run may; this event is not kept.
            RunFinished: the run has ended.
        """
        size = len(event.channel.encode()) + len(event.payload)
        with self._lock:
            if self._closed:
                raise RunFinished("This run has ended, and what it sent is on its way: nothing can be sent any more.")
            if len(self._events) >= self._max_events:
                raise TooManySends(
                    f"This run has sent {self._max_events:,} events, the most that one run may. "
                    "Put several things into one event, or split the work into several runs."
                )
            if self._bytes + size > self._max_bytes:
                raise TooManySends(
                    f"With this event, the run would have sent {self._bytes + size:,} bytes; "
                    f"one run may send {self._max_bytes:,}. Send links, or split the work into several runs."
                )
            self._events.append(event)
            self._bytes += size

    def close(self) -> tuple[Event, ...]:
        """End the sending, and hand over what was sent."""
        with self._lock:
            self._closed = True
            return tuple(self._events)
