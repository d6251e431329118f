"""A log in memory with one stream, and everything that may befall it: clears, expiry, a new life."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from tailrace.codec import decode_events, unpack
from tailrace.event import Batch, Event, EventId, Position
from tailrace.event_log import EventLog
from tailrace.in_memory import PAGE_BYTES, InMemoryTable
from tailrace.notice import Notice, decode_notice, encode_notice
from tailrace.table import Item
from tests.support.log import DAY, NOON, STREAM, RecordingTable, Writer
from tests.support.stepping import Flush, SteppedTable, now_or_never


class Streams:
    """A log in memory with one stream, a clock, and everything that may befall them."""

    def __init__(self, *, page_bytes: int = PAGE_BYTES, item_bytes: int = 400 * 1024) -> None:
        self.now = NOON
        self.table = _NotingTable(self._note, page_bytes=page_bytes, item_bytes=item_bytes)
        self.written: dict[EventId, Event] = {}
        """Every event that ever was in the log."""
        self.marks: set[EventId] = set()
        """The ids of the marks of clears."""
        self._writer = self.log_over(self.table)
        self._batches = 0

    def log_over(self, table: SteppedTable | InMemoryTable, *, skew: float = 0, days: int = 1) -> EventLog:
        """Open the log, which keeps events for a day, by a clock that is so many seconds fast."""
        return EventLog(table=table, retention=timedelta(days=days), now=lambda: self.now + skew, sleep=_at_once)

    @property
    def items(self) -> dict[int, Item]:
        """What the table holds, by position."""
        return self.table.items[STREAM]

    @property
    def head(self) -> EventId | None:
        """The newest event's id."""
        return now_or_never(self._writer.head(STREAM))

    def append(self, *channels: str) -> Batch:
        """Append a batch: one event for each channel named, whose payload is told from all others."""
        self._batches += 1
        events = [Event.of(channel, f"{self._batches}.{number}") for number, channel in enumerate(channels)]
        (batch,) = now_or_never(self._writer.append(STREAM, events, batch_id=str(self._batches)))
        return batch

    def append_many(self, count: int) -> Batch:
        """Append a batch of some events."""
        return self.append(*["numbers"] * count)

    def begin_to_clear(self) -> Flush:
        """Begin to clear the stream, up to where the mark has been appended and nothing been emptied yet."""
        self._batches += 1
        return Writer(self.log_over(SteppedTable(self.table))).clear(f"clear {self._batches}").until("empty")

    def clear(self) -> Batch:
        """Clear the stream, and return the mark."""
        (mark,) = self.begin_to_clear().finish()
        return mark

    def expire(self, position: int) -> None:
        """Let the table delete an item whose time has come."""
        assert self.items.pop(position).expires_at <= self.now, "It has not expired."

    def begin_again(self, *channels: str) -> Batch:
        """Let everything expire, and append to the stream's next life."""
        self.now += 2 * DAY
        return self.append(*channels)

    def _note(self, item: Item) -> None:
        if item.events is None:
            self.marks.add(EventId(item.generation, item.position))
            return
        for number, event in enumerate(decode_events(unpack(item.events))):
            self.written[EventId(item.generation, Position(item.position + number))] = event

    def id(self, position: int) -> str:
        """Write the id of a position in the stream's present life."""
        head = self.head
        assert head is not None
        return f"{head.generation}-{position}"

    def readable(self) -> set[EventId]:
        """The ids of the events that a reader of the whole log would get now."""
        return {
            EventId(item.generation, Position(position))
            for item in self.items.values()
            if item.events is not None and item.recorded_at / 1000 + DAY > self.now
            for position in range(item.position, item.end + 1)
        }


class _NotingTable(RecordingTable):
    """Tells of every item that has landed, and takes none that is too large, as DynamoDB would not."""

    def __init__(self, note: Callable[[Item], None], *, page_bytes: int, item_bytes: int) -> None:
        super().__init__(page_bytes=page_bytes)
        self._note = note
        self._item_bytes = item_bytes

    async def put(self, item: Item) -> Item | None:
        """Store an item, and tell of it."""
        assert len(item.events or b"") <= self._item_bytes, f"The table refuses an item as large as {item}."
        standing = await super().put(item)
        if standing is None:
            self._note(item)
        return standing


async def _at_once(_seconds: float) -> None:
    """Wait for nothing; a test moves the time itself."""


def notice_of(batch: Batch, *, with_events: bool = True) -> Notice:
    """A batch's notice, as it comes out of the queue; without its events if it was too large for them."""
    notice = decode_notice(encode_notice(batch))
    assert isinstance(notice, Notice)
    return notice if with_events else replace(notice, encoded_events=None)
