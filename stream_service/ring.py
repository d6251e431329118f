"""A ring keeps one stream's newest events, encoded once for all clients: always one unbroken run."""

from collections import deque
from collections.abc import Iterable
from itertools import islice

from stream_service import sse
from stream_service.slices import SLICE_BYTES, Slice
from tailrace.event import BEGINNING, Batch, EventId, Position
from tailrace.log_reader import Newest

MAX_SLICES = 16
"""Joined slices that are kept for the next client at the same position, of no more bytes than the ring has itself."""


class Ring:
    """The newest events of a stream, within bounds of number and bytes; older ones are in the log."""

    def __init__(self, *, max_events: int, max_bytes: int) -> None:
        self.generation: str | None = None
        self.next = Position(1)
        """The position that the ring waits for."""
        self.head = BEGINNING
        """The id of the newest event that the ring has seen; `0-0` before there is one. One object for all clients."""
        self.whole = True
        """Whether nothing deliverable stands before the first event here."""
        self.size = 0
        """Bytes."""
        self.breaks = 0
        """How often what was read of the log until then may have gone: for a clear, a hole, another life."""
        self._max_events = max_events
        self.max_bytes = max_bytes
        self._frames: deque[bytes] = deque()
        self._channels: deque[str] = deque()
        self._slices: dict[tuple[Position, frozenset[str]], Slice] = {}
        self._slices_size = 0

    @property
    def first(self) -> Position:
        """The first event's position, or `next` where the ring is empty."""
        return Position(self.next - len(self._frames))

    def load(self, newest: Newest) -> None:
        """Begin anew with what the log holds."""
        self.skip_to(Position(newest.next - sum(batch.count for batch in newest.batches)))
        self.generation = newest.generation
        self.whole = newest.whole
        self._name_head()
        for batch in newest.batches:
            self.take(batch)

    def take(self, batch: Batch) -> None:
        """Take the part of a batch from `next` on; a hole before it empties the ring, and so does a cleared one."""
        if batch.cleared:
            self.skip_to(Position(batch.end + 1))
            return
        if batch.position > self.next:
            self.skip_to(batch.position)
        for event in batch.events[self.next - batch.position :]:
            frame = sse.encode(event, EventId(batch.generation, self.next))
            self._frames.append(frame)
            self._channels.append(event.channel)
            self.size += len(frame)
            self.next = Position(self.next + 1)
        self._forget_slices()
        self._name_head()
        self.shrink(self.max_bytes)

    def skip_to(self, position: Position) -> None:
        """Let everything go, and wait for a position further on."""
        self._frames.clear()
        self._channels.clear()
        self._forget_slices()
        self.size = 0
        self.breaks += 1
        self.next = position
        self.whole = True
        self._name_head()

    def shrink(self, max_bytes: int) -> None:
        """Let the oldest events go until the bounds are kept."""
        while self._frames and (self.size > max_bytes or len(self._frames) > self._max_events):
            self.size -= len(self._frames.popleft())
            self._channels.popleft()
            self._forget_slices()  # they hold what is let go here
            self.whole = False

    def holds(self, cursor: EventId) -> bool:
        """Whether a client with this cursor can go on from here."""
        return cursor.generation == self.generation and self.first - 1 <= cursor.position < self.next

    def slice_after(self, position: Position, channels: frozenset[str] = frozenset()) -> Slice:
        """Join the frames after a position, of these channels or of all, up to about SLICE_BYTES.

        Clients stand at few positions, so each slice is joined once until the ring grows.
        """
        key = (position, channels)
        found = self._slices.get(key)
        if found is None:
            frames = self._of(position, channels) if channels else self._after(position)
            found = self._join(position, frames)
            if len(self._slices) >= MAX_SLICES or self._slices_size + len(found.data) > self.size:
                self._forget_slices()
            self._slices[key] = found
            self._slices_size += len(found.data)
        return found

    def _of(self, position: Position, channels: frozenset[str]) -> Iterable[bytes]:
        """The frames after a position, empty ones in place of other channels'."""
        named = islice(self._channels, position + 1 - self.first, None)
        return (frame if name in channels else b"" for frame, name in zip(self._after(position), named, strict=True))

    def start_of_newest(self, count: int, channels: frozenset[str]) -> Position | None:
        """The position behind which the newest `count` events stand; None if older ones than these are needed."""
        if not channels:
            return self._start(Position(self.next - 1 - count))
        position = self.next
        for channel in reversed(self._channels):
            if count == 0:
                break
            position = Position(position - 1)
            count -= channel in channels
        return Position(position - 1) if count == 0 else self._start(Position(self.first - 2))

    def _start(self, wanted: Position) -> Position | None:
        if wanted >= self.first - 1:
            return wanted
        return Position(self.first - 1) if self.whole else None

    def _after(self, position: Position) -> Iterable[bytes]:
        return islice(self._frames, position + 1 - self.first, None)

    def _join(self, position: Position, frames: Iterable[bytes]) -> Slice:
        joined: list[bytes] = []
        size = events = 0
        for frame in frames:
            joined.append(frame)
            size += len(frame)
            events += bool(frame)
            position = Position(position + 1)
            if size >= SLICE_BYTES:
                break
        return Slice(b"".join(joined), self._id_at(position), events)

    def _id_at(self, position: Position) -> EventId:
        return self.head if position == self.head.position else EventId(self.head.generation, position)

    def _forget_slices(self) -> None:
        self._slices.clear()
        self._slices_size = 0

    def _name_head(self) -> None:
        self.head = EventId(self.generation or BEGINNING.generation, Position(self.next - 1))
