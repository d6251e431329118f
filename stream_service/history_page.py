"""A page of a stream's past, put together from what the log holds: its events, and what is known to be lost."""

from dataclasses import dataclass, field

from tailrace.event import BEGINNING, Batch, Event, EventId, Position, WorkflowId

PAGE_BYTES = 1024 * 1024
"""Of payloads on a page, give or take one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What somebody asks for: events behind `after`, in front of `before`, or the newest where neither is given."""

    workflow_id: WorkflowId
    limit: int
    after: EventId | None = None
    before: EventId | None = None
    channels: frozenset[str] = frozenset()

    @property
    def crossed(self) -> bool:
        """Whether it ends where it begins, or in front of that, so that there can be nothing in between."""
        after, before = self.after, self.before
        if after is None or before is None:
            return False
        return after.generation == before.generation and after.position >= before.position


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event with its place and its time."""

    id: EventId
    event: Event
    recorded_at: int
    """Epoch milliseconds."""


@dataclass(frozen=True, slots=True)
class Gap:
    """What stood behind the id that was asked for can't be had any more, up to the first event that follows."""

    reason: str
    requested: EventId
    next: EventId
    missed: int | None


@dataclass(slots=True, kw_only=True)
class Page:
    """A stretch of a stream, oldest event first: what lies behind `start` up to `reached`."""

    start: EventId = BEGINNING
    reached: EventId = BEGINNING
    head: EventId | None = None
    """The stream's newest event when the page was begun; None for an empty stream."""
    events: list[Recorded] = field(default_factory=list)
    gap: Gap | None = None
    bare: bool = False
    """Whether what stood right in front of `start` is known to be lost."""
    size: int = 0
    """Of the events' payloads, in bytes."""

    def take(self, batch: Batch, wanted: Wanted, end: int) -> bool:
        """Put a batch's events on the page; False once it is full, or the end is reached."""
        if batch.position > self.reached.position + 1:
            self.lose(wanted, "expired", Position(batch.position - 1))
        if batch.cleared:
            dropped = self._empty()  # a clearing that is still at work has left them standing
            self.lose(wanted, "cleared", batch.end, dropped=dropped)
            return True
        for place, event in enumerate(batch.events, batch.position):
            if place <= self.reached.position:
                continue
            if place > end:
                return False
            self.reached = EventId(batch.generation, Position(place))
            if not wanted.channels or event.channel in wanted.channels:
                self._put(Recorded(self.reached, event, batch.recorded_at))
            if len(self.events) >= wanted.limit or self.size >= PAGE_BYTES:
                return False
        return True

    def lose(self, wanted: Wanted, reason: str, last_lost: Position, *, dropped: int = 0) -> None:
        """Go on behind what is lost, and say so to somebody who had an id in front of it.

        `dropped` is how many events were on the page, and are lost with it.
        """
        missed = last_lost - self.reached.position + dropped
        self.reached = EventId(self.reached.generation, last_lost)
        if not self.events:
            self.start, self.bare = self.reached, True
        if wanted.after is None or wanted.after == BEGINNING:
            return
        known = self.gap
        if known is not None:
            missed += known.missed or 0
            reason = "cleared" if "cleared" in (known.reason, reason) else known.reason
        self.gap = Gap(reason, wanted.after, behind(self.reached), missed)

    def _put(self, recorded: Recorded) -> None:
        self.events.append(recorded)
        self.size += len(recorded.event.payload)

    def _empty(self) -> int:
        dropped = len(self.events)
        self.events.clear()
        self.size = 0
        return dropped


def behind(cursor: EventId) -> EventId:
    """The place right behind a cursor."""
    return EventId(cursor.generation, Position(cursor.position + 1))
