"""How one batch gets into the log: the writer's rules, each one named where it acts.

The rules and the failures that they close are told in docs/log.md; the numbers here are its numbers. Nothing in this
module knows DynamoDB: the table, the clock, sleep and chance come in as arguments.
"""

from collections.abc import AsyncIterator
from dataclasses import replace

from tailrace.draft import Draft
from tailrace.event import BEGINNING, EventId
from tailrace.patience import Surroundings, persist
from tailrace.table import Item, newest_item

MINUTE = 60
LONG_ENOUGH = 60 * MINUTE
"""A tail with this long to live, in seconds, may be appended to as it is (rule 3)."""
TOO_SHORT = 15 * MINUTE
"""A tail with less than this to live, in seconds, is at the end of its stream's life (rules 3 and 4)."""
EXTENSION = 75 * MINUTE
"""How long, in seconds, a tail between the two is kept from now on (rule 3)."""


def first_id(tail: Item | None) -> EventId | None:
    """The place of a tail: its first event's id."""
    return EventId(tail.generation, tail.position) if tail else None


class Append:
    """One batch on its way into the log; used once."""

    def __init__(self, draft: Draft, *, tail: Item | None, around: Surroundings, floor: EventId | None = None) -> None:
        self._draft = draft
        self._around = around
        self._table = around.table
        self._tail = tail
        self._stale = tail is None  # "empty" is never remembered: without a tail, look first (rule 1)
        self._base: EventId | None = None  # the first id of the tail that the last put stood behind
        self._sent = False  # a put of this batch may have landed
        if floor is not None:  # another try may have put it, behind the floor and nowhere else (rule 11)
            self._base, self._sent, self._stale = None if floor == BEGINNING else floor, True, True
        self._conflicts = 0  # in a row: another writer was faster
        self.landed = False
        """Whether this put made the item the tail; an earlier try's item may have others behind it by now."""

    async def run(self) -> Item:
        """Append, and return the item that the log now holds: this draft's, or an earlier try's.

        Raises:
            LogUnavailable: nothing but failures for as long as patience lasts; the batch may be in the log, or not.
        """
        # Rule 9: after a failure, what stands in `_tail` still holds, so the same position is tried again.
        return await persist(self._round, around=self._around, pause=self._back_off)

    async def find(self) -> Item | None:
        """Return this batch's own item, where an earlier try has put it behind the floor; append nothing.

        Raises:
            LogUnavailable: the log could not be read.
        """
        return await self._look_forward(self._base)

    async def _round(self) -> Item | None:
        if self._stale and (own := await self._look()) is not None:
            return own
        tail = self._tail
        if tail is not None:
            left = tail.expires_at - self._around.now()
            if left < TOO_SHORT:
                await self._end_life(tail)
                return None
            if left < LONG_ENOUGH:
                tail = await self._extend(tail)
                if tail is None:
                    return None
        return await self._put_behind(tail)

    async def _put_behind(self, tail: Item | None) -> Item | None:
        item = self._draft.behind(tail, now=self._around.now(), retention=self._around.retention)
        self._base, self._sent = first_id(tail), True
        standing = await self._table.put(item)
        if standing is None:
            self.landed = True
            return item
        if self._draft.is_in(standing):  # rule 7
            return standing
        self._count_conflict()
        self._tail, self._base = standing, first_id(standing)  # rule 8
        self._stale = self._conflicts > 1  # rule 8: from the second on, read what came behind it
        return None

    async def _extend(self, tail: Item) -> Item | None:
        """Give the tail time for this put to land behind it (rule 3); None where it is no longer as it was seen."""
        until = int(self._around.now()) + EXTENSION
        if await self._table.extend(tail, until):
            self._tail = replace(tail, expires_at=until)
            return self._tail
        self._count_conflict()
        self._stale = True
        return None

    async def _end_life(self, tail: Item) -> None:
        """Delete what is left of a stream whose tail runs out, in ascending order, the tail last (rule 3)."""
        self._stale = True
        newest = await newest_item(self._table, self._draft.workflow_id)
        if newest is None or replace(newest, events=None) != replace(tail, events=None):
            return
        async for item in self._items_from(1):
            if not await self._table.delete(replace(item, generation=tail.generation), expiring_by=tail.expires_at):
                self._count_conflict()
                return

    async def _look(self) -> Item | None:
        """Find the tail; return this batch's own item where an earlier try had put it (rules 7 and 10)."""
        if self._sent:
            own = await self._look_forward(self._base)
        else:
            newest = await newest_item(self._table, self._draft.workflow_id)
            self._tail = newest
            own = newest if newest is not None and self._draft.is_in(newest) else None
        self._stale = False
        return own

    async def _look_forward(self, base: EventId | None) -> Item | None:
        """Read every item from `base` on, or all of them where its life of the stream is gone (rule 10)."""
        last: Item | None = None
        async for item in self._items_from(base.position if base else 1):
            if base is not None and item.generation != base.generation:
                return await self._look_forward(None)
            if self._draft.is_in(item):
                return item
            last = item
        if last is None and base is not None:
            return await self._look_forward(None)
        self._tail = last
        return None

    async def _items_from(self, first: int) -> AsyncIterator[Item]:
        more = True
        while more:
            page = await self._table.query(self._draft.workflow_id, first=first)
            for item in page.items:
                yield item
                first = item.end + 1
            more = page.more

    def _count_conflict(self) -> None:
        self._conflicts += 1
        self._around.conflicted()

    async def _back_off(self, failures: int) -> None:
        await self._around.back_off(failures, self._conflicts)
