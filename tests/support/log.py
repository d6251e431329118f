"""A world for the log's rules: one table, the true time, writers stepped by hand, and what must always hold."""

import math
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from tailrace.event import Batch, Event, EventId, workflow_id
from tailrace.event_log import EventLog
from tailrace.in_memory import PAGE_BYTES, InMemoryTable
from tailrace.table import Item
from tests.support.stepping import Flush, SteppedTable

STREAM = workflow_id("p_stream")
MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR
A_DAY = timedelta(days=1)
NOON = 1_800_000_000.0
"""When a world begins, in epoch seconds."""


def some_events(count: int = 1) -> tuple[Event, ...]:
    """Events that tell their number."""
    return tuple(Event.of("numbers", number) for number in range(count))


@dataclass(slots=True)
class Writer:
    """A process that appends: what it remembers is its own, and so is its clock."""

    log: EventLog

    def flush(self, batch_id: str, events: Sequence[Event] = some_events(), *, floor: EventId | None = None) -> Flush:
        """Begin to append."""
        return Flush(self.log.append(STREAM, events, batch_id=batch_id, floor=floor))

    def clear(self, batch_id: str) -> Flush:
        """Begin to clear the stream; what comes of it is the mark, as a batch."""
        return Flush(_as_batches(self.log.clear(STREAM, batch_id=batch_id)))


class RecordingTable(InMemoryTable):
    """Remembers every put that ever landed, in order."""

    def __init__(self, *, page_bytes: int = PAGE_BYTES) -> None:
        super().__init__(page_bytes=page_bytes)
        self.landed: list[Item] = []

    async def put(self, item: Item) -> Item | None:
        """Store an item, and remember that it was stored."""
        standing = await super().put(item)
        if standing is None:
            self.landed.append(item)
        return standing


@dataclass(slots=True)
class World:
    """One table, the true time, and as many writers as a test needs."""

    table: RecordingTable = field(default_factory=RecordingTable)
    now: float = NOON

    def writer(self, *, skew: float = 0, retention: timedelta = A_DAY, patience: float = 10 * DAY) -> Writer:
        """Start a process whose clock is `skew` seconds fast."""
        return Writer(
            EventLog(
                table=SteppedTable(self.table),
                retention=retention,
                now=lambda: self.now + skew,
                sleep=_at_once,
                patience=patience,
            )
        )

    def append(self, batch_id: str, count: int = 1, *, skew: float = 0, retention: timedelta = A_DAY) -> Item:
        """Append from a process of its own, undisturbed."""
        self.writer(skew=skew, retention=retention).flush(batch_id, some_events(count)).finish()
        return self.table.landed[-1]

    def clear(self, batch_id: str = "clear") -> Item:
        """Clear the stream from a process of its own, undisturbed, and return the mark."""
        (mark,) = self.writer().clear(batch_id).finish()
        return self.table.items[STREAM][mark.position]

    def expire(self, item: Item) -> None:
        """Let the table delete an item whose time has come."""
        standing = self.table.items[STREAM].pop(item.position)
        assert standing.expires_at <= self.now, "It has not expired."

    def check(self) -> None:
        """Hold what ever landed, and what the table still has of it, against what the log promises."""
        check_landed(self.table.landed)
        check_kept(self.table, now=self.now)


async def _as_batches(clear: Awaitable[Batch | None]) -> tuple[Batch, ...]:
    mark = await clear
    return (mark,) if mark else ()


async def _at_once(_seconds: float) -> None:
    """Wait for nothing; a test moves the time itself."""


def check_landed(landed: Sequence[Item], *, once_in: float = math.inf) -> None:
    """Hold what ever landed against what the log promises: ids are used once, without holes, and batches land once.

    `once_in` are the seconds for which a batch is sure to be kept, and known to whoever tries its run again.
    """
    generation, end = "", 0
    for item in landed:
        if item.position == 1:
            generation, end = item.generation, 0
        assert item.generation == generation, f"{item} goes on with a life of the stream that had ended."
        assert item.position == end + 1, f"{item} tears its generation, or uses an id again."
        end = item.end
    seen: dict[str, Item] = {}
    for item in landed:
        before = seen.setdefault(item.batch_id, item)
        assert before is item or item.recorded_at - before.recorded_at >= once_in * 1000, f"{item} landed twice."
    generations = [item.generation for item in landed if item.position == 1]
    assert len(generations) == len(set(generations)), f"A generation began twice: {generations}"


def check_kept(table: RecordingTable, *, now: float) -> None:
    """Hold what the table still has against what the log promises: all until its time, and whole unless cleared."""
    standing = table.items[STREAM]
    for item in table.landed:
        if item.expires_at > now + 30 * MINUTE:  # a quarter of an hour, and a clock that is as much ahead
            held = standing.get(item.position)
            assert (held and held.batch_id) == item.batch_id, f"{item} is gone before its time."
    for item in standing.values():
        marks = [mark for mark in table.landed if mark.cleared and mark.generation == item.generation]
        last_mark = max((mark.position for mark in marks), default=0)
        assert not item.cleared or item.position <= last_mark, f"{item} was emptied, and nobody cleared it."
