"""The log's table, and the notices, in memory: what stands in for AWS where nothing need outlive the process."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from tailrace.event import Batch, WorkflowId
from tailrace.table import Item, Page

PAGE_BYTES = 1024 * 1024
"""DynamoDB's limit for one page of a query."""


class InMemoryTable:
    """A `Table` in memory, with DynamoDB's answers: conditions, order and pages."""

    def __init__(self, *, page_bytes: int = PAGE_BYTES) -> None:
        self.items: dict[WorkflowId, dict[int, Item]] = defaultdict(dict)
        self._page_bytes = page_bytes

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
        """Read a workflow's items whose own position lies within `first` and `last`."""
        items = self.items[workflow_id]
        positions = sorted(items)
        low = 0 if first is None else bisect_left(positions, first)
        high = len(positions) if last is None else bisect_right(positions, last)
        asked = positions[low:high][::-1] if descending else positions[low:high]
        page: list[Item] = []
        size = 0
        for position in asked:
            if (limit is not None and len(page) == limit) or size >= self._page_bytes:
                break
            page.append(items[position])
            size += len(page[-1].events or b"")
        if without_events:
            page = [replace(item, events=None) for item in page]
        return Page(tuple(page), more=len(page) < len(asked))

    async def put(self, item: Item) -> Item | None:
        """Store an item where none is; where one is, change nothing and return that one."""
        items = self.items[item.workflow_id]
        if item.position in items:
            return items[item.position]
        items[item.position] = item
        return None

    async def extend(self, item: Item, expires_at: int) -> bool:
        """Keep an item until `expires_at`, if it still has the generation and the expiry that `item` has."""
        items = self.items[item.workflow_id]
        standing = items.get(item.position)
        if standing is None or (standing.generation, standing.expires_at) != (item.generation, item.expires_at):
            return False
        items[item.position] = replace(standing, expires_at=expires_at)
        return True

    async def delete(self, item: Item, *, expiring_by: int) -> bool:
        """Delete an item, if it still has `item`'s generation and expires by `expiring_by`; one that is gone counts."""
        items = self.items[item.workflow_id]
        standing = items.get(item.position)
        if standing is not None and (standing.generation != item.generation or standing.expires_at > expiring_by):
            return False
        items.pop(item.position, None)
        return True

    async def empty(self, items: Sequence[Item]) -> None:
        """Empty items in place, each that still has its generation: its events go, it is marked, all else stays."""
        for item in items:
            standing = self.items[item.workflow_id].get(item.position)
            if standing is not None and standing.generation == item.generation:
                self.items[item.workflow_id][item.position] = replace(standing, events=None, cleared=True)


class InMemoryNotifier:
    """A `Notifier` that keeps what it was asked to announce, in order."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []

    async def announce(self, batch: Batch) -> None:
        """Keep the batch."""
        self.batches.append(batch)
