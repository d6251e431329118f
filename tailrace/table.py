"""The seam under the log: a table of items, one partition a workflow, and the few conditional operations it needs.

Every read is consistent. The log's rules are written against this seam, so that they are tested, and searched for
counterexamples, without DynamoDB.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from tailrace.event import Position, WorkflowId


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A batch as the table keeps it: its events still packed, and until when it must be kept."""

    workflow_id: WorkflowId
    position: Position
    generation: str
    count: int
    batch_id: str
    recorded_at: int
    """Epoch milliseconds; never earlier than the item's before it."""
    expires_at: int
    """Epoch seconds: from then on the table may delete the item, in any order with others."""
    events: bytes | None
    """As `codec.pack` made them; None where the item was cleared."""
    cleared: bool = False
    traceparent: str | None = None

    @property
    def end(self) -> Position:
        """The position of the last event."""
        return Position(self.position + self.count - 1)


@dataclass(frozen=True, slots=True)
class Page:
    """Items in the order asked for, and whether the table holds more of them."""

    items: tuple[Item, ...]
    more: bool


class Table(Protocol):
    """What the log asks of its table. Every method may raise LogUnavailable; writes, OutcomeUnknown."""

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
        """Read a workflow's items whose own position lies within `first` and `last`, both included; at most 1 MB.

        `without_events`, they come as if they were cleared, which costs DynamoDB as much and everybody else less.
        """

    async def put(self, item: Item) -> Item | None:
        """Store an item where none is; where one is, change nothing and return that one."""

    async def extend(self, item: Item, expires_at: int) -> bool:
        """Keep an item until `expires_at`, if it still has the generation and the expiry that `item` has."""

    async def delete(self, item: Item, *, expiring_by: int) -> bool:
        """Delete an item, if it still has `item`'s generation and expires by `expiring_by`; one that is gone counts."""

    async def empty(self, items: Sequence[Item]) -> None:
        """Empty items in place, each that still has its generation: its events go, it is marked, all else stays."""


async def newest_item(
    table: Table, workflow_id: WorkflowId, *, last: int | None = None, without_events: bool = False
) -> Item | None:
    """Read a workflow's last item, or the last of those whose own position is `last` or before; None without any."""
    page = await table.query(workflow_id, last=last, descending=True, limit=1, without_events=without_events)
    return page.items[0] if page.items else None
