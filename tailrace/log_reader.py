"""What readers get of the log: a stream's tail as it is, and its events while retention lasts (rules 16 and 18)."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from tailrace.event import Batch, EventId, Position, WorkflowId
from tailrace.stored_batch import batch_of, places_of
from tailrace.table import Item, Table, newest_item

RETENTION = timedelta(days=30)
MIN_RETENTION = timedelta(days=1)
"""A put may land fifteen minutes late, and a tail's last hour is special: a shorter life would be all exception."""
READING_BYTES = 1024 * 1024
"""Of payloads that one reading decodes, give or take one batch."""
FEW_ITEMS = 4
"""How many items a reading backwards begins with: the newest often has all that is wanted."""
LOOK_BACK_PAGES = 20
"""How far a replay of chosen channels looks back, in pages of the table (1 MB each)."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A stretch of a stream as the log holds it, oldest batch first; what has expired or was deleted is not there."""

    batches: tuple[Batch, ...]
    next: Position
    """Where to read on."""
    more: bool
    """Whether the log held more there."""


@dataclass(frozen=True, slots=True)
class Newest:
    """A stream's end: where it goes on, and its newest batches without a break, oldest first."""

    generation: str
    next: Position
    batches: tuple[Batch, ...]
    whole: bool
    """Whether nothing deliverable stands before these batches."""


class LogReader:
    """A table's streams, one a workflow, to be read."""

    def __init__(self, *, table: Table, retention: timedelta = RETENTION, now: Callable[[], float] = time.time) -> None:
        if retention < MIN_RETENTION:
            raise ValueError(f"Retention is {retention}; the log needs at least {MIN_RETENTION}.")
        self._table = table
        self._retention = int(retention.total_seconds())
        self._now = now

    async def head(self, workflow_id: WorkflowId) -> EventId | None:
        """Read the newest event's id, also of one that has expired; None for an empty stream."""
        tail = await self._tail(workflow_id)
        return EventId(tail.generation, tail.end) if tail else None

    async def read(self, workflow_id: WorkflowId, position: int) -> Reading:
        """Read on from a position, beginning with the batch that contains it (rule 18)."""
        page = await self._table.query(workflow_id, first=position)
        items = page.items
        if not items or items[0].position != position:
            items = (*await self._containing(workflow_id, position), *items)
        batches, size, after = [], 0, position
        for item in items:
            after = item.end + 1
            if not self._has_expired(item):
                batches.append(batch_of(item))
                size += _payload_bytes(batches[-1])
            if size >= READING_BYTES:
                return Reading(tuple(batches), Position(after), more=True)
        return Reading(tuple(batches), Position(after), more=page.more)

    async def newest(self, workflow_id: WorkflowId, count: int, *, max_bytes: int = READING_BYTES) -> Newest | None:
        """Read backwards until `count` events are there, or payloads of `max_bytes`; None for an empty stream.

        Stops at a cleared batch, at another generation and at a hole (rule 16).
        """
        batches: list[Batch] = []
        head: Item | None = None
        found, size, last, limit = 0, 0, None, min(count, FEW_ITEMS)
        while True:
            page = await self._table.query(workflow_id, last=last, descending=True, limit=limit)
            for item in page.items:
                head = head or item
                below = batches[-1].position - 1 if batches else head.end
                if not self._continues(item, EventId(head.generation, Position(below))):
                    return _newest(head, batches, whole=True)
                batches.append(batch_of(item))
                found += item.count
                size += _payload_bytes(batches[-1])
                if found >= count or size >= max_bytes:
                    return _newest(head, batches, whole=item.position == 1)
                last = item.position - 1
            if not page.more:
                return _newest(head, batches, whole=True) if head else None
            # An item has hundreds of events, or one: as many more as it takes, if they go on as they began.
            limit = min(count, max(FEW_ITEMS, (count - found) * len(batches) // max(1, found) + 1))

    async def start_of_newest(
        self,
        workflow_id: WorkflowId,
        count: int,
        channels: frozenset[str] = frozenset(),
        *,
        before: Position | None = None,
    ) -> EventId | None:
        """Find the cursor behind which the newest `count` events stand, of these channels (of all where none is named).

        With `before`, it is the newest in front of that position. Looks back over at most LOOK_BACK_PAGES pages; None
        where nothing is there.
        """
        start: EventId | None = None
        last = None if before is None else before - 1
        for _ in range(LOOK_BACK_PAGES):
            page = await self._table.query(workflow_id, last=last, descending=True)
            for item in page.items:
                start = start or EventId(item.generation, item.end)
                if count == 0 or not self._continues(item, start):
                    return start
                found = await places_of(item, channels)
                places = [place for place in found if before is None or place < before][-count:]
                count -= len(places)
                start = EventId(item.generation, Position((item.position if count else places[0]) - 1))
                last = item.position - 1
            if not page.more:
                break
        return start

    def _continues(self, item: Item, start: EventId) -> bool:
        """Whether the item's events can be delivered, and lead up to `start` without a break."""
        return (
            (item.generation, item.end) == (start.generation, start.position)
            and item.events is not None
            and not self._has_expired(item)
        )

    async def _tail(self, workflow_id: WorkflowId) -> Item | None:
        return await newest_item(self._table, workflow_id, without_events=True)

    async def _containing(self, workflow_id: WorkflowId, position: int) -> tuple[Item, ...]:
        item = await newest_item(self._table, workflow_id, last=position - 1)
        return (item,) if item is not None and item.end >= position else ()

    def _has_expired(self, item: Item) -> bool:
        # By its age, not by `expires_at`: a tail that was extended for writers does not come back to readers.
        return item.recorded_at / 1000 + self._retention <= self._now()


def _payload_bytes(batch: Batch) -> int:
    return sum(len(event.payload) for event in batch.events)


def _newest(head: Item, batches: list[Batch], *, whole: bool) -> Newest:
    return Newest(head.generation, Position(head.end + 1), tuple(reversed(batches)), whole)
