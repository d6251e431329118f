"""Pieces of a stream: frames of some events in one run of bytes, so that a client's socket takes them in one write."""

from collections.abc import Iterable
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


def slice_of(batches: Iterable[Batch], after: EventId, channels: frozenset[str]) -> Slice:
    """Encode what follows a cursor without a break, of these channels or of all, up to about SLICE_BYTES."""
    frames: list[bytes] = []
    size = 0
    reached = after
    for batch in batches:
        if batch.cleared or batch.generation != reached.generation or batch.position > reached.position + 1:
            break
        for event in batch.events[reached.position + 1 - batch.position :]:
            reached = EventId(batch.generation, Position(reached.position + 1))
            if not channels or event.channel in channels:
                frames.append(sse.encode(event, reached))
                size += len(frames[-1])
                if size >= SLICE_BYTES:
                    return Slice(b"".join(frames), reached, len(frames))
    return Slice(b"".join(frames), reached, len(frames))
