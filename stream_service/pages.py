"""What clients have read of the log a moment ago, encoded once, for those who come to the same place next.

After a new task has begun, or an outage has ended, the clients of a stream come back one after another with much the
same cursors; without this each would have the log read again for what the one before it was given.
"""

from bisect import bisect_right
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING

from stream_service.slices import Slice, slice_of
from tailrace.event import Batch, EventId, Position
from tailrace.log_reader import Reading

if TYPE_CHECKING:
    from stream_service.ring import Ring

MAX_PAGES = 8
"""Of those that are new, and again as many older ones, for all streams together; a page has 1 MiB of payloads or so."""
TICKS = 5
"""After which the new pages are old ones, and the old ones are let go."""
MAX_SLICES = 16
"""Joined slices that are kept of one page for the next client at the same place."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Page:
    """A stretch of one life of a stream, as the log held it when clients asked what follows their cursor."""

    first: EventId
    """What was asked for first."""
    reading: Reading
    ring: "Ring"
    ring_began_at: Position
    """Where the ring began when the log was asked."""
    breaks: int
    """How often the ring had let go of everything by then."""
    _slices: dict[tuple[Position, frozenset[str]], Slice] = field(init=False, default_factory=dict)

    def answers(self, ring: "Ring", first: EventId) -> bool:
        """Whether it tells a client of this ring what stands from an id on.

        Not once the ring has begun anew, as for a clear: then what was read before may be gone.
        """
        if self.ring is not ring or self.breaks != ring.breaks or self.first.generation != first.generation:
            return False
        return first == self.first or self.first.position < first.position < self.reading.next

    def slice_after(self, cursor: EventId, channels: frozenset[str]) -> Slice:
        """Encode what follows a cursor without a break, a slice at a time, once for all who stand there."""
        key = (cursor.position, channels)
        found = self._slices.get(key)
        if found is None:
            if len(self._slices) >= MAX_SLICES:
                self._slices.clear()
            batches = self.reading.batches
            start = bisect_right(batches, cursor.position, key=_end)
            found = self._slices[key] = slice_of(batches[start:], cursor, channels)
        return found


class Pages:
    """The newest pages of all streams, each kept for TICKS ticks to twice as many."""

    def __init__(self) -> None:
        self._new: deque[Page] = deque(maxlen=MAX_PAGES)
        self._old: deque[Page] = deque()
        self._ticks = 0

    def keep(self, page: Page) -> None:
        """Keep a page for those who come next."""
        self._new.append(page)

    def find(self, ring: "Ring", first: EventId) -> Page | None:
        """Find what a client of this ring needs that stands just before an id."""
        return next((page for page in self._all() if page.answers(ring, first)), None)

    def tick(self) -> None:
        """Hear that some time has gone by."""
        self._ticks += 1
        if self._ticks % TICKS == 0:
            self._old, self._new = self._new, deque(maxlen=MAX_PAGES)

    def _all(self) -> Iterator[Page]:
        return chain(reversed(self._new), reversed(self._old))


def _end(batch: Batch) -> Position:
    return batch.end
