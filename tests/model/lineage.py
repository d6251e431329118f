"""What one EventSource may hear over all its connections: everything once, in order, or that it is lost."""

from dataclasses import dataclass, field, replace

from stream_service.wish import Wish
from tailrace.event import BEGINNING, EventId, Position
from tests.support.frames import Frame
from tests.support.hub import SteppedHub
from tests.support.log import STREAM
from tests.support.stepped_client import Client
from tests.support.stream_log import Streams


@dataclass(slots=True)
class Lineage:
    """An EventSource: it comes back with the last id that it was sent, and holds what it hears against the log."""

    streams: Streams
    wish: Wish
    """With the cursor that it first came with."""
    last: EventId | None = field(init=False)
    """The last id that it was sent, or came with; None before there is one."""
    client: Client | None = None
    """None while it is cut off."""
    _hub: SteppedHub | None = None
    _came_with: str | None = None
    """The cursor of this connection."""
    _heard: bool = False
    """Anything, over this connection."""

    def __post_init__(self) -> None:
        self.last = EventId.parse(self.wish.cursor) if self.wish.cursor else None

    def connect(self, hub: SteppedHub, *, room: int | None = None) -> None:
        """Come, or come back."""
        self._hub, self._heard = hub, False
        self.client = Client(room=room, hear=self.hear)
        self._came_with = str(self.last) if self.last else self.wish.cursor
        wish = replace(self.wish, cursor=self._came_with)
        hub.hub.subscribe(STREAM, self.client, wish, introduce=self.client.follow)

    def cut(self) -> None:
        """Lose the connection."""
        if self.client is not None:
            self.client.leave()
        self.client = None

    def hear(self, frame: Frame) -> None:
        """Check a frame against everything heard before, and against the log as it is now."""
        match frame.channel:
            case "$sync":
                assert frame.data["head"] in ("0-0", str(frame.id))
                self._pass_over(frame.id, frame.id.position)
            case "$gap":
                self._hear_gap(frame)
            case _:
                assert self.streams.written.get(frame.id) == frame.event, f"{frame} is not what the log held."
                assert self._is_wanted(frame.id)
                self._pass_over(frame.id, frame.id.position - 1)
                assert self.last is None or self._base(frame.id) < frame.id.position, f"{frame.id} came again."
        self.last = frame.id
        self._heard = True

    def _hear_gap(self, frame: Frame) -> None:
        reason, missed = frame.data["reason"], frame.data["missed"]
        assert frame.data["next"] == str(EventId(frame.id.generation, Position(frame.id.position + 1)))
        if self._came_with_no_id:
            assert (frame.data["requested"], missed) == (self._came_with, None)
            return
        self._check_requested(frame.data["requested"])
        if reason == "unknown":
            self._check_unknown(frame)
        else:
            lost = self._wanted(self._base(frame.id), frame.id)
            readable = self.streams.readable()
            assert not [each for each in lost if each in readable], f"The log still has some of {lost}."
            base = self._base(frame.id)
            assert base < frame.id.position, "It lost what it had."
            assert missed is None or missed <= frame.id.position - base
            assert self.wish.channels or missed == frame.id.position - base

    def _check_requested(self, requested: str) -> None:
        """A loss is told of the client's own id, or of what it came with where it has waited on an empty stream."""
        waited = self.last == BEGINNING and requested == self._came_with
        # Of a few channels it stands further on than it can know.
        assert self.wish.channels or waited or requested == str(self.last), f"Lost behind {requested}, at {self.last}."

    def _check_unknown(self, frame: Frame) -> None:
        assert self.last is not None, "It asked for nothing that could be unknown."
        assert self.last not in self.streams.readable(), "The log knows it well."
        head = self.streams.head
        if head is not None and head.generation == self.last.generation and self.last in self.streams.written:
            assert self.last.position > head.position, "The log could go on from there."
        assert frame.data["missed"] is None

    @property
    def _came_with_no_id(self) -> bool:
        return not self._heard and self._came_with is not None and self.last is None

    def _base(self, event_id: EventId) -> int:
        """The position that it was at, in that life of the stream."""
        if self.last is None or self.last == BEGINNING:
            return 0
        assert self.last.generation == event_id.generation, f"From {self.last} to {event_id} without a word."
        return self.last.position

    def _pass_over(self, event_id: EventId, up_to: int) -> None:
        """Check that nothing was withheld between where it was and a position."""
        if self.last is None or event_id == self.last:
            return
        base = self._base(event_id)
        assert base <= up_to, f"From {self.last} back to {event_id}."
        if not self.wish.channels:
            assert base == up_to, f"From {self.last} to {event_id} without a word."
        withheld = self._wanted(base, EventId(event_id.generation, Position(up_to)))
        assert not withheld, f"{withheld} were withheld."

    def _is_wanted(self, event_id: EventId) -> bool:
        return not self.wish.channels or self.streams.written[event_id].channel in self.wish.channels

    def _wanted(self, base: int, last: EventId) -> list[EventId]:
        """The ids of what it wants, behind a position up to an id."""
        ids = (EventId(last.generation, Position(position)) for position in range(base + 1, last.position + 1))
        return [each for each in ids if each in self.streams.written and self._is_wanted(each)]

    def check_arrived(self) -> None:
        """Check that it is at the stream's head, and has all of it; call it when nothing is left to be done."""
        assert self.client is not None
        assert self._hub is not None
        assert self.last is not None or self.wish.cursor, "It was never given an id to come back with."
        head, cursor, at = self.streams.head, self.client.subscription.cursor, self._hub.ring.head
        if head is None:
            return
        assert cursor is not None, "It waits for ever."
        assert cursor.generation == at.generation == head.generation, f"{cursor}, {at} and {head} differ."
        assert cursor.position >= at.position >= head.position, f"{cursor} and {at} are behind {head}."
        if cursor.position > head.position:  # then the tail was deleted, since it had expired
            assert cursor in self.streams.written or cursor in self.streams.marks, f"{cursor} is ahead of {head}."
        withheld = self._wanted(self._base(cursor), cursor)
        assert not withheld, f"{withheld} never arrived."
