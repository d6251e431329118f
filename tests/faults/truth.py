"""What the log holds, read from the log itself; the auditor's other side."""

from collections.abc import Mapping
from dataclasses import dataclass

from tailrace.event import EventId, WorkflowId
from tailrace.event_log import EventLog


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """An event as the log holds it."""

    channel: str
    payload: str
    recorded_at: float
    """Epoch seconds."""
    batch_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """A stream's retained events, by position, in the one life that it had."""

    generation: str
    events: Mapping[int, Recorded]
    head: int

    def holds(self, cursor: EventId) -> bool:
        """Whether a cursor is a place in this life of the stream."""
        return cursor.generation == self.generation and cursor.position <= self.head

    def wanted(self, channels: frozenset[str], after: int) -> list[int]:
        """The positions behind a cursor whose events a client of these channels should get."""
        return [
            position
            for position, event in self.events.items()
            if position > after and (not channels or event.channel in channels)
        ]


EMPTY = Truth(generation="0", events={}, head=0)


async def read_truth(log: EventLog, workflow_id: str) -> Truth:
    """Read everything that the log holds of a stream."""
    events: dict[int, Recorded] = {}
    generation, head, position, more = EMPTY.generation, 0, 1, True
    while more:
        reading = await log.read(WorkflowId(workflow_id), position)
        for batch in reading.batches:
            assert not head or batch.generation == generation, f"{workflow_id} has begun a new life."
            generation, head = batch.generation, batch.end
            for place, event in enumerate(batch.events):
                events[batch.position + place] = Recorded(
                    channel=event.channel,
                    payload=event.payload,
                    recorded_at=batch.recorded_at / 1000,
                    batch_id=batch.batch_id,
                )
        position, more = reading.next, reading.more
    return Truth(generation=generation, events=events, head=head)
