"""Clearing a stream: a mark behind all that it holds, then all before the mark emptied in place (the log's rule 14)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from tailrace.append import Append
from tailrace.draft import Draft
from tailrace.event import WorkflowId
from tailrace.patience import Surroundings, persist
from tailrace.table import Item, Page, Table
from tailrace.tails import Tails

_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Clear:
    """Which stream is cleared, and how the mark is known to be this clear's own."""

    workflow_id: WorkflowId
    batch_id: str
    """No other clear has it: one that is asked for again goes on under the mark that it finds."""

    async def run(self, *, tails: Tails, around: Surroundings) -> Item | None:
        """Clear, and return the mark; None where the stream holds nothing. One that was interrupted is gone on with."""
        mark = await self._mark(tails, around)
        if mark is not None:
            await self._empty_all_before(mark, around)
        return mark

    async def _mark(self, tails: Tails, around: Surroundings) -> Item | None:
        """Append the mark, by the rules for any batch; a stream that ends with one needs no other."""
        page = await _persist(lambda: around.table.query(self.workflow_id, descending=True, limit=1), around)
        tail = page.items[0] if page.items else None
        if tail is None or tail.cleared:
            return tail
        draft = Draft(workflow_id=self.workflow_id, batch_id=self.batch_id, count=1, events=None)
        append = Append(draft, tail=tail, around=around)
        mark = await append.run()
        if append.landed:
            tails.remember(mark)
        return mark

    async def _empty_all_before(self, mark: Item, around: Surroundings) -> None:
        first, more = 1, True
        while more:
            page = await _persist(partial(self._empty_page, mark, first, around.table), around)
            first = page.items[-1].end + 1 if page.items else first
            more = page.more

    async def _empty_page(self, mark: Item, first: int, table: Table) -> Page:
        page = await table.query(self.workflow_id, first=first, last=mark.position - 1)
        # One of another generation belongs to the next life: the one that is cleared has ended meanwhile.
        of_this_life = [item for item in page.items if item.generation == mark.generation]
        await table.empty([item for item in of_this_life if not item.cleared])
        return page


async def _persist(step: Callable[[], Awaitable[_Answer]], around: Surroundings) -> _Answer:
    return await persist(step, around=around, pause=around.back_off)
