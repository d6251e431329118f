"""A table in memory that keeps each stream's newest batches, and counts how often it is read."""

from tailrace.codec import encode_events, pack
from tailrace.event import Batch, WorkflowId
from tailrace.in_memory import InMemoryTable
from tailrace.table import Item, Page

KEPT = 1_500
"""Batches of a stream: more than a ring holds, so that slow clients are served as they would be."""
LIFE_SECONDS = 30 * 24 * 3600


class RecentTable(InMemoryTable):
    """What a log looks like to the stream service, bounded so that a long run does not fill the memory."""

    def __init__(self) -> None:
        super().__init__()
        self.reads = 0
        """Queries so far."""

    def record(self, batch: Batch) -> None:
        """Store a batch as the log would, and let the oldest go."""
        items = self.items[batch.workflow_id]
        items[batch.position] = Item(
            workflow_id=batch.workflow_id,
            position=batch.position,
            generation=batch.generation,
            count=batch.count,
            batch_id=batch.batch_id,
            recorded_at=batch.recorded_at,
            expires_at=batch.recorded_at // 1000 + LIFE_SECONDS,
            events=pack(encode_events(batch.events)),
        )
        if len(items) > KEPT:
            del items[next(iter(items))]

    async def query(
        self,
        workflow_id: WorkflowId,
        *,
        first: int | None = None,
        last: int | None = None,
        descending: bool = False,
        limit: int | None = None,
        without_events: bool = False,
    ) -> Page:
        """Read, and count it."""
        self.reads += 1
        return await super().query(
            workflow_id, first=first, last=last, descending=descending, limit=limit, without_events=without_events
        )
