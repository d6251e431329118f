"""A batch that has no place yet, and the item that it becomes behind a tail."""

from dataclasses import dataclass

from tailrace.event import Position, WorkflowId
from tailrace.table import Item

MORE_FOLLOW = "+"
"""Ends the batch id of an item whose flush goes on in another (rule 13)."""

_BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A batch that has no place yet."""

    workflow_id: WorkflowId
    batch_id: str
    count: int
    events: bytes | None
    """As `codec.pack` made them; None for the mark of a clear."""
    traceparent: str | None = None

    def behind(self, tail: Item | None, *, now: float, retention: int) -> Item:
        """Make it an item at the tail's end + 1, never expiring before the tail (rules 2 and 5); times in seconds."""
        expires_at, recorded_at = int(now) + retention, int(now * 1000)
        return Item(
            workflow_id=self.workflow_id,
            position=Position(tail.end + 1 if tail else 1),
            generation=tail.generation if tail else new_generation(now),
            count=self.count,
            batch_id=self.batch_id,
            recorded_at=max(recorded_at, tail.recorded_at) if tail else recorded_at,
            expires_at=max(expires_at, tail.expires_at) if tail else expires_at,
            events=self.events,
            traceparent=self.traceparent,
            cleared=self.events is None,
        )

    def is_in(self, item: Item) -> bool:
        """Whether an item is this batch, also where another try had split its flush otherwise (rules 7 and 13)."""
        return item.batch_id.removesuffix(MORE_FOLLOW) == self.batch_id.removesuffix(MORE_FOLLOW)


def new_generation(now: float) -> str:
    """Name a stream's new life after the moment it begins: epoch milliseconds in base 36 (rule 2)."""
    number, text = int(now * 1000), ""
    while number:
        number, digit = divmod(number, 36)
        text = _BASE36[digit] + text
    return text or "0"
