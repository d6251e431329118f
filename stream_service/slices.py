"""Pieces of a stream: frames of some events in one run of bytes, so that a client's socket takes them in one write."""

from collections.abc import Iterator
from typing import NamedTuple

from stream_service import sse
from tailrace.event import Batch, EventId, Position

SLICE_BYTES = 64 * 1024
"""How much a client is given at once: what its socket can't take waits in memory."""


class Slice(NamedTuple):
    """Frames for a client, in one piece."""

    data: bytes
    reached: EventId
    """The last event looked at; where that is the ring's newest, `Ring.head` itself."""
    events: int


def slices_of(batch: Batch, after: EventId, channels: frozenset[str]) -> Iterator[Slice]:
    """Encode a batch's events behind a cursor, of these channels or of all, about SLICE_BYTES at a time."""
    frames: list[bytes] = []
    size = 0
    reached = after
    for event in batch.events[after.position + 1 - batch.position :]:
        reached = EventId(batch.generation, Position(reached.position + 1))
        if not channels or event.channel in channels:
            frames.append(sse.encode(event, reached))
            size += len(frames[-1])
        if size >= SLICE_BYTES:
            yield Slice(b"".join(frames), reached, len(frames))
            frames, size = [], 0
    yield Slice(b"".join(frames), reached, len(frames))
