"""The event log: appends what runs sent, each flush as one item, clears streams and reads them back. It is the truth.

Writers keep the rules of `append`. Readers see a stream's tail as it is, and its events as long as retention lasts.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from tailrace.append import first_id
from tailrace.clear import Clear
from tailrace.codec import decode_channels, decode_events, unpack
from tailrace.errors import InvalidItem
from tailrace.event import BEGINNING, Batch, Event, EventId, Position, WorkflowId
from tailrace.flush import Flush
from tailrace.patience import Surroundings
from tailrace.table import Item, Table
from tailrace.tails import Tails

_Part = TypeVar("_Part")

RETENTION = timedelta(days=30)
MIN_RETENTION = timedelta(days=1)
"""A put may land fifteen minutes late, and a tail's last hour is special: a shorter life would be all exception."""
READING_BYTES = 1024 * 1024
"""Of payloads that one reading decodes, give or take one batch."""
SMALL_BYTES = 4 * 1024
"""Of an item: so much is looked through in a millisecond or two; what is larger, in a thread."""
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


class EventLog:
    """A table's streams: one a workflow."""

    def __init__(
        self,
        *,
        table: Table,
        retention: timedelta = RETENTION,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        patience: float = 20.0,
        conflicted: Callable[[], object] = lambda: None,
    ) -> None:
        """`conflicted` is told each time that an append met another writer's, and has to be tried again."""
        if retention < MIN_RETENTION:
            raise ValueError(f"Retention is {retention}; the log needs at least {MIN_RETENTION}.")
        self._table = table
        self._retention = int(retention.total_seconds())
        self._now = now
        self._around = Surroundings(
            table=table, retention=self._retention, patience=patience, now=now, sleep=sleep, conflicted=conflicted
        )
        self._tails = Tails(now)

    async def floor(self, workflow_id: WorkflowId) -> EventId:
        """Name the place that a run which may be tried again begins from: every try appends with the same floor.

        Keep it where every try finds it before the first try sends anything.

        Raises:
            LogUnavailable, LogRefused: the log could not be read.
        """
        tail = self._tails.get(workflow_id) or await self._newest_item(workflow_id, without_events=True)
        return first_id(tail) or BEGINNING

    async def append(
        self,
        workflow_id: WorkflowId,
        events: Sequence[Event],
        *,
        batch_id: str,
        floor: EventId | None = None,
        traceparent: str | None = None,
    ) -> tuple[Batch, ...]:
        """Append what one run sent, and return it as the log holds it: one batch, or several for some megabytes.

        With the `floor` of its first try, the same `batch_id` appended again finds its earlier batches, and returns
        what the log holds, whatever the later try has sent (rules 11 and 12).

        Raises:
            LogUnavailable: the table failed for too long; the batch may be in the log, or not.
            LogRefused: the table refused: a permission or the table itself is missing.
        """
        flush = Flush(workflow_id=workflow_id, batch_id=batch_id, floor=floor, traceparent=traceparent)
        items = await flush.append(events, tails=self._tails, around=self._around)
        return tuple(_batch(item) for item in items)

    async def clear(self, workflow_id: WorkflowId, *, batch_id: str) -> Batch | None:
        """Clear a stream, and return the mark, to be announced; None where the stream holds nothing to clear.

        When it returns, no event that stands before the mark is in the log. Cleared again, a stream that has not
        grown keeps its mark; so does one whose clear was interrupted, which is then finished.

        Raises:
            LogUnavailable: the table failed for too long; some of it may be cleared: clear again.
            LogRefused: the table refused: a permission or the table itself is missing.
        """
        clear = Clear(workflow_id=workflow_id, batch_id=batch_id)
        mark = await clear.run(tails=self._tails, around=self._around)
        return _batch(mark) if mark else None

    async def head(self, workflow_id: WorkflowId) -> EventId | None:
        """Read the newest event's id, also of one that has expired; None for an empty stream."""
        tail = await self._newest_item(workflow_id, without_events=True)
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
                batches.append(_batch(item))
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
                batches.append(_batch(item))
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
                found = await _places(item, channels)
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

    async def _newest_item(self, workflow_id: WorkflowId, *, without_events: bool) -> Item | None:
        page = await self._table.query(workflow_id, descending=True, limit=1, without_events=without_events)
        return page.items[0] if page.items else None

    async def _containing(self, workflow_id: WorkflowId, position: int) -> tuple[Item, ...]:
        page = await self._table.query(workflow_id, last=position - 1, descending=True, limit=1)
        return tuple(item for item in page.items if item.end >= position)

    def _has_expired(self, item: Item) -> bool:
        # By its age, not by `expires_at`: a tail that was extended for writers does not come back to readers.
        return item.recorded_at / 1000 + self._retention <= self._now()


async def _places(item: Item, channels: frozenset[str]) -> Sequence[int]:
    """The positions of an item's events of these channels, or of all.

    Raises:
        InvalidItem: its events cannot be read, or are not as many as the item says.
    """
    places = range(item.position, item.end + 1)
    if not channels:
        return places
    if len(item.events or b"") < SMALL_BYTES:
        return _places_of(item, channels)
    # Anybody may ask for channels that are nowhere, and has all pages read: others' turns must come in between.
    return await asyncio.to_thread(_places_of, item, channels)


def _places_of(item: Item, channels: frozenset[str]) -> Sequence[int]:
    names = _decoded(item, item.events or b"[]", decode_channels)
    return [place for place, name in enumerate(names, item.position) if name in channels]


def _payload_bytes(batch: Batch) -> int:
    return sum(len(event.payload) for event in batch.events)


def _newest(head: Item, batches: list[Batch], *, whole: bool) -> Newest:
    return Newest(head.generation, Position(head.end + 1), tuple(reversed(batches)), whole)


def _batch(item: Item) -> Batch:
    """Decode an item.

    Raises:
        InvalidItem: its events cannot be read, or are not as many as the item says.
    """
    events = () if item.events is None else _events(item, item.events)
    return Batch(
        workflow_id=item.workflow_id,
        generation=item.generation,
        position=item.position,
        count=item.count,
        events=events,
        batch_id=item.batch_id,
        recorded_at=item.recorded_at,
        cleared=item.events is None,
        traceparent=item.traceparent,
    )


def _events(item: Item, stored: bytes) -> tuple[Event, ...]:
    return _decoded(item, stored, decode_events)


def _decoded(item: Item, stored: bytes, decode: Callable[[bytes], tuple[_Part, ...]]) -> tuple[_Part, ...]:
    try:
        events = decode(unpack(stored))
    except InvalidItem as error:
        raise InvalidItem(f"The item at {item.position} cannot be read. {error}") from error
    if len(events) != item.count:
        raise InvalidItem(f"The item at {item.position} says {item.count} events and holds {len(events)}.")
    return events
