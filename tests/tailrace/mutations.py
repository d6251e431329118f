"""The log with one of its rules taken out, for each rule a way to break it."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import replace

import pytest
from botocore.config import Config

from tailrace import append, dynamodb, flush, let_out, patience
from tailrace.append import Append
from tailrace.clear import Clear
from tailrace.draft import Draft
from tailrace.errors import LogUnavailable
from tailrace.event import Batch, Event, EventId, Position, WorkflowId
from tailrace.event_log import EventLog
from tailrace.in_memory import InMemoryTable
from tailrace.log_reader import LogReader
from tailrace.patience import Surroundings
from tailrace.table import Item, Page, Table, newest_item
from tailrace.tails import Tails

MINUTE = 60
Mutation = Callable[[pytest.MonkeyPatch], None]


def setting(module: object, name: str, value: object) -> Mutation:
    return lambda patch: patch.setattr(module, name, value)


def memory(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Tails, "remember", lambda *_: None)


def care_for_clocks_that_were_set_back(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Tails, "get", lambda self, workflow_id: self._seen.get(workflow_id, (0, None))[1])


def forgetting_what_was_only_found(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Append, "landed", property(lambda _: True, lambda *_: None), raising=False)


def looking_first(patch: pytest.MonkeyPatch) -> None:
    run = Append.run

    async def hasty(self: Append) -> Item:
        self._stale = False
        return await run(self)

    patch.setattr(Append, "run", hasty)


def change_items(change: Callable[[Item | None, Item, float, int], Item]) -> Mutation:
    make = Draft.behind

    def behind(self: Draft, tail: Item | None, *, now: float, retention: int) -> Item:
        return change(tail, make(self, tail, now=now, retention=retention), now, retention)

    return lambda patch: patch.setattr(Draft, "behind", behind)


one_key_to_race_for = change_items(
    lambda tail, item, now, _: item if tail else replace(item, position=Position(int(now * 1000)))
)
the_tails_expiry = change_items(lambda _, item, now, retention: replace(item, expires_at=int(now) + retention))
the_tails_time = change_items(lambda _, item, now, __: replace(item, recorded_at=int(now * 1000)))


def reading_again_after_a_refused_extension(patch: pytest.MonkeyPatch) -> None:
    async def extend(self: Append, tail: Item) -> Item:
        await self._table.extend(tail, int(self._around.now()) + append.EXTENSION)
        return tail

    patch.setattr(Append, "_extend", extend)


def keeping_the_tail_for_last(patch: pytest.MonkeyPatch) -> None:
    async def end_life(self: Append, tail: Item) -> None:
        self._stale = True
        for item in reversed([item async for item in self._items_from(1)]):
            if not await self._table.delete(item, expiring_by=tail.expires_at):
                return

    patch.setattr(Append, "_end_life", end_life)


def the_condition_on(attribute: str) -> Mutation:
    refusable = InMemoryTable.delete

    async def delete(self: InMemoryTable, item: Item, *, expiring_by: int) -> bool:
        standing = self.items[item.workflow_id].get(item.position, item)
        if attribute == "generation":
            item = replace(item, generation=standing.generation)
            expiring_by = standing.expires_at
        else:
            expiring_by = max(expiring_by, standing.expires_at)
        return await refusable(self, item, expiring_by=expiring_by)

    return lambda patch: patch.setattr(InMemoryTable, "delete", delete)


def a_look_before_the_end(patch: pytest.MonkeyPatch) -> None:
    async def end_life(self: Append, tail: Item) -> None:
        self._stale = True
        async for item in self._items_from(1):
            if not await self._table.delete(item, expiring_by=tail.expires_at):
                return

    patch.setattr(Append, "_end_life", end_life)


def an_age_for_events(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(LogReader, "_has_expired", lambda self, item: item.expires_at <= self._now())


def short_time_outs(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(dynamodb, "Config", lambda **settings: Config(**{**settings, "read_timeout": 15 * MINUTE}))


def knowing_its_own_batch(patch: pytest.MonkeyPatch) -> None:
    put = InMemoryTable.put

    async def disguised(self: InMemoryTable, item: Item) -> Item | None:
        standing = await put(self, item)
        return standing and replace(standing, batch_id="another's")

    patch.setattr(InMemoryTable, "put", disguised)


def after_a_refused_put(*, read: bool) -> Mutation:
    put = Append._put_behind

    async def put_behind(self: Append, tail: Item | None) -> Item | None:
        item = await put(self, tail)
        self._stale = read
        return item

    return lambda patch: patch.setattr(Append, "_put_behind", put_behind)


using_what_is_in_the_way = after_a_refused_put(read=True)
reading_after_the_second_conflict = after_a_refused_put(read=False)


def staying_at_the_same_position(patch: pytest.MonkeyPatch) -> None:
    async def back_off(self: Append, failures: int) -> None:
        if failures:
            self._stale, self._sent = True, False

    patch.setattr(Append, "_back_off", back_off)


def an_end_to_patience(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(patience, "min", lambda *_: float("inf"), raising=False)


def the_notice(patch: pytest.MonkeyPatch) -> None:
    async def nothing(*_: object) -> bool:
        return True

    patch.setattr(let_out, "_announce_one", nothing)


def going_on_from_what_is_in_the_way(patch: pytest.MonkeyPatch) -> None:
    put = Append._put_behind

    async def put_behind_the_same(self: Append, tail: Item | None) -> Item | None:
        item = await put(self, tail)
        self._tail, self._stale = tail, tail is None
        return item

    patch.setattr(Append, "_put_behind", put_behind_the_same)


def what_the_log_holds(patch: pytest.MonkeyPatch) -> None:
    run = Append.run

    async def run_and_believe(self: Append) -> Item:
        item = await run(self)
        return item if self.landed else replace(item, events=self._draft.events, count=self._draft.count)

    patch.setattr(Append, "run", run_and_believe)


def reading_forward(patch: pytest.MonkeyPatch) -> None:
    async def look(self: Append) -> Item | None:
        self._tail, self._stale = await newest_item(self._table, self._draft.workflow_id), False
        return None

    patch.setattr(Append, "_look", look)


def turning_pages(patch: pytest.MonkeyPatch) -> None:
    async def items_from(self: Append, first: int) -> AsyncIterator[Item]:
        for item in (await self._table.query(self._draft.workflow_id, first=first)).items:
            yield item

    patch.setattr(Append, "_items_from", items_from)


def reading_from_the_beginning(patch: pytest.MonkeyPatch) -> None:
    async def look_forward(self: Append, base: Item | None) -> None:
        items = [item async for item in self._items_from(base.position if base else 1)]
        self._tail = items[-1] if items else None

    patch.setattr(Append, "_look_forward", look_forward)


def the_floor(patch: pytest.MonkeyPatch) -> None:
    append = EventLog.append

    async def without_floor(
        self: EventLog,
        workflow_id: WorkflowId,
        events: Sequence[Event],
        *,
        batch_id: str,
        floor: EventId | None,
        traceparent: str | None = None,
    ) -> tuple[Batch, ...]:
        del floor, traceparent
        return await append(self, workflow_id, events, batch_id=batch_id)

    patch.setattr(EventLog, "append", without_floor)


def ordinals(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        flush,
        "Draft",
        lambda **fields: Draft(**{**fields, "batch_id": fields["batch_id"].split(":")[0]}),
    )


def looking_before_the_position(patch: pytest.MonkeyPatch) -> None:
    async def nothing(*_: object) -> tuple[Item, ...]:
        return ()

    patch.setattr(LogReader, "_containing", nothing)


def stopping(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(LogReader, "_continues", lambda *_: True)


def counting(patch: pytest.MonkeyPatch) -> None:
    newest = LogReader.newest
    patch.setattr(LogReader, "newest", lambda self, workflow_id, _count: newest(self, workflow_id, 1000))


def the_mark(patch: pytest.MonkeyPatch) -> None:
    async def tail(self: Clear, _tails: Tails, around: Surroundings) -> Item | None:
        page = await around.table.query(self.workflow_id, descending=True, limit=1)
        return replace(page.items[0], position=Position(page.items[0].end + 1)) if page.items else None

    patch.setattr(Clear, "_mark", tail)


def emptying_in_place(patch: pytest.MonkeyPatch) -> None:
    async def delete(self: InMemoryTable, items: Sequence[Item]) -> None:
        for item in items:
            await self.delete(item, expiring_by=item.expires_at)

    patch.setattr(InMemoryTable, "empty", delete)


def emptying_every_page(patch: pytest.MonkeyPatch) -> None:
    empty_page = Clear._empty_page

    async def empty_only_one(self: Clear, mark: Item, first: int, table: Table) -> Page:
        return replace(await empty_page(self, mark, first, table), more=False)

    patch.setattr(Clear, "_empty_page", empty_only_one)


def care_for_the_next_life(patch: pytest.MonkeyPatch) -> None:
    empty = InMemoryTable.empty

    async def empty_whatever_stands(self: InMemoryTable, items: Sequence[Item]) -> None:
        standing = (self.items[item.workflow_id].get(item.position, item) for item in items)
        await empty(self, list(standing))

    patch.setattr(InMemoryTable, "empty", empty_whatever_stands)


def care_for_a_life_that_began_before_the_page_was_read(patch: pytest.MonkeyPatch) -> None:
    empty_page = Clear._empty_page

    async def empty_page_of_any_life(self: Clear, mark: Item, first: int, table: Table) -> Page:
        page = await table.query(self.workflow_id, first=first, last=mark.position - 1)
        await table.empty(page.items)
        return await empty_page(self, mark, first, table)

    patch.setattr(Clear, "_empty_page", empty_page_of_any_life)


def a_look_before_the_mark(patch: pytest.MonkeyPatch) -> None:
    async def mark(self: Clear, _tails: Tails, around: Surroundings) -> Item:
        draft = Draft(workflow_id=self.workflow_id, batch_id=self.batch_id, count=1, events=None)
        return await Append(draft, tail=None, around=around).run()

    patch.setattr(Clear, "_mark", mark)


def emptying_again_after_a_failure(patch: pytest.MonkeyPatch) -> None:
    async def empty_page_or_not(self: Clear, mark: Item, first: int, table: Table) -> Page:
        page = await table.query(self.workflow_id, first=first, last=mark.position - 1)
        with suppress(LogUnavailable):
            await table.empty(page.items)
        return page

    patch.setattr(Clear, "_empty_page", empty_page_or_not)


def leaving_all_else(patch: pytest.MonkeyPatch) -> None:
    empty = InMemoryTable.empty

    async def empty_and_name(self: InMemoryTable, items: Sequence[Item]) -> None:
        await empty(self, items)
        for item in items:
            standing = self.items[item.workflow_id]
            standing[item.position] = replace(standing[item.position], batch_id="cleared")

    patch.setattr(InMemoryTable, "empty", empty_and_name)
