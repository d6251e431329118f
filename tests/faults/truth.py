"""What the log holds, and has held, of a stream; the auditor's other side."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tailrace.event import Batch, EventId, WorkflowId
from tailrace.event_log import EventLog


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """An event as the log holds it."""

    channel: str
    payload: str
    recorded_at: float
    """Epoch seconds."""
    batch_id: str
    cleared_at: float = math.inf
    """When a clear first reached for it."""
    expired_at: float = math.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """A stream's events, by position, in the one life that it had; also those that were cleared, or have expired."""

    generation: str
    events: dict[int, Recorded]
    """In the order of their positions."""
    head: int
    marks: Mapping[int, float] = field(default_factory=dict)
    """The positions of clears' own batches, and since when they stand there."""

    def holds(self, cursor: EventId) -> bool:
        """Whether a cursor is a place in this life of the stream."""
        return cursor.generation == self.generation and cursor.position <= self.head

    def lost_to(self, position: int, by: float) -> frozenset[str]:
        """What may have taken a position's event away by a time: `cleared`, `expired`, both, or nothing."""
        if position in self.marks:
            return frozenset({"cleared"} if self.marks[position] <= by else ())
        event = self.events.get(position)
        if event is None:
            return frozenset()
        ends = {"cleared": event.cleared_at, "expired": event.expired_at}
        return frozenset(reason for reason, at in ends.items() if at <= by)

    def wanted(self, channels: frozenset[str], after: int) -> list[int]:
        """The positions behind a cursor whose events a client of these channels should get."""
        return [
            position
            for position, event in self.events.items()
            if position > after and (not channels or event.channel in channels)
        ]

    def last_wanted(self, channels: frozenset[str]) -> int:
        """The position of the last event that a client of these channels should get; 0 for none."""
        return next((at for at in reversed(self.events) if not channels or self.events[at].channel in channels), 0)


EMPTY = Truth(generation="0", events={}, head=0)


async def read_batches(log: EventLog, workflow_id: str) -> Sequence[Batch]:
    """Read every batch that the log holds of a stream, also those that were cleared."""
    batches: list[Batch] = []
    position, more = 1, True
    while more:
        reading = await log.read(WorkflowId(workflow_id), position)
        batches += reading.batches
        position, more = reading.next, reading.more
    return batches


async def read_truth(log: EventLog, workflow_id: str) -> Truth:
    """Read everything that the log holds of a stream from which nothing was ever taken away."""
    events: dict[int, Recorded] = {}
    generation, head = EMPTY.generation, 0
    for batch in await read_batches(log, workflow_id):
        assert not head or batch.generation == generation, f"{workflow_id} has begun a new life."
        generation, head = batch.generation, batch.end
        for place, event in enumerate(batch.events):
            events[batch.position + place] = Recorded(
                channel=event.channel,
                payload=event.payload,
                recorded_at=batch.recorded_at / 1000,
                batch_id=batch.batch_id,
            )
    return Truth(generation=generation, events=events, head=head)
