"""A flush: everything that one run sent, on its way into the log, in as many items as it needs: nearly always one."""

from collections.abc import Sequence
from dataclasses import dataclass

from tailrace.append import Append
from tailrace.codec import MAX_BATCH_BYTES, encode_events, pack
from tailrace.draft import MORE_FOLLOW, Draft
from tailrace.event import Event, EventId, WorkflowId
from tailrace.patience import Surroundings
from tailrace.table import Item
from tailrace.tails import Tails

MAX_STORED_BYTES = 300 * 1024
"""Of one item's events; DynamoDB's limit for an item is 400 KB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flush:
    """Where a flush belongs, and how its items are known to be its own."""

    workflow_id: WorkflowId
    batch_id: str
    floor: EventId | None
    """Of the run's first try; None for a run that is never tried again."""
    traceparent: str | None = None

    async def append(self, events: Sequence[Event], *, tails: Tails, around: Surroundings) -> list[Item]:
        """Append in order, each item by itself, and return what the log holds of this flush.

        Where an earlier try has put items, they stand for as many of these events, however it had split its own.
        """
        items: list[Item] = []
        parts = split(events)
        while parts or self.floor is not None:
            append = self._append(len(items), parts, tails, around)
            item = await append.run() if parts else await append.find()
            if item is None:
                break
            if append.landed:
                tails.remember(item)
            items.append(item)
            if not item.batch_id.endswith(MORE_FOLLOW):
                break  # whole: what a later try has sent beyond it does not count (rule 12)
            parts = parts[1:] if append.landed else split(events[sum(each.count for each in items) :])
        return items

    def _append(self, ordinal: int, parts: Sequence["Part"], tails: Tails, around: Surroundings) -> Append:
        part = parts[0] if parts else Part(0, b"")
        draft = Draft(
            workflow_id=self.workflow_id,
            batch_id=f"{self.batch_id}:{ordinal}{MORE_FOLLOW if len(parts) > 1 else ''}",
            count=part.count,
            events=part.packed,
            traceparent=self.traceparent,
        )
        return Append(draft, tail=tails.get(self.workflow_id), around=around, floor=self.floor)


@dataclass(frozen=True, slots=True)
class Part:
    """As many events as one item takes."""

    count: int
    packed: bytes


def split(events: Sequence[Event]) -> list[Part]:
    """Split events into items (the log's rule 13)."""
    if not events:
        return []
    text = encode_events(events)
    packed = pack(text)
    if (len(packed) <= MAX_STORED_BYTES and len(text) <= MAX_BATCH_BYTES) or len(events) == 1:
        return [Part(len(events), packed)]
    middle = len(events) // 2
    return [*split(events[:middle]), *split(events[middle:])]
