"""The tails that a process saw last, so that a warm append is one round trip."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace

from tailrace.event import WorkflowId
from tailrace.table import Item

MEMORY = 5 * 60
"""For how long, in seconds, a tail may be relied on (the log's rule 1)."""
CAPACITY = 1024
"""Workflows; the one appended to longest ago is forgotten first, and costs its next append a read."""


class Tails:
    """Remembers each workflow's tail for five minutes by the wall clock, which goes on while a function is frozen."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._seen: OrderedDict[WorkflowId, tuple[float, Item]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, workflow_id: WorkflowId) -> Item | None:
        """The tail, without its events, if it was seen lately."""
        with self._lock:
            at, tail = self._seen.get(workflow_id, (0.0, None))
        return tail if 0 <= self._now() - at < MEMORY else None

    def remember(self, tail: Item) -> None:
        """Keep what was just appended as the workflow's tail."""
        with self._lock:
            self._seen[tail.workflow_id] = (self._now(), replace(tail, events=None))
            self._seen.move_to_end(tail.workflow_id)
            if len(self._seen) > CAPACITY:
                self._seen.popitem(last=False)
