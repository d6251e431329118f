"""Sixteen writers at once on one stream, while requests and answers get lost and puts land late."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import pytest

from tailrace.errors import LogUnavailable, OutcomeUnknown
from tailrace.event import Batch, Event, Position, WorkflowId
from tailrace.event_log import EventLog
from tailrace.table import Item, Page, Table
from tests.support.log import STREAM, RecordingTable, check_landed

WRITERS, FLUSHES = 16, 50
Answer = TypeVar("Answer")


@dataclass(slots=True)
class UnreliableTable:
    """A `Table` behind a bad network: one operation in eight is lost, unanswered or late."""

    table: Table
    chance: random.Random
    late: set[asyncio.Task[object]] = field(default_factory=set)
    refused: int = 0

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
        await self._travel()
        if self.chance.random() < 0.05:
            raise LogUnavailable("The question was lost.")
        page = await self.table.query(
            workflow_id, first=first, last=last, descending=descending, limit=limit, without_events=without_events
        )
        await self._travel()
        return page

    async def put(self, item: Item) -> Item | None:
        standing = await self._write(lambda: self.table.put(item))
        self.refused += standing is not None
        return standing

    async def extend(self, item: Item, expires_at: int) -> bool:
        return await self._write(lambda: self.table.extend(item, expires_at))

    async def delete(self, item: Item, *, expiring_by: int) -> bool:
        return await self._write(lambda: self.table.delete(item, expiring_by=expiring_by))

    async def empty(self, items: Sequence[Item]) -> None:
        await self._write(lambda: self.table.empty(items))

    async def _write(self, write: Callable[[], Awaitable[Answer]]) -> Answer:
        await self._travel()
        fate = self.chance.random()
        if fate < 0.03:
            raise OutcomeUnknown("The request was lost.")
        if fate < 0.06:
            late = asyncio.create_task(self._later(write))
            self.late.add(late)
            raise OutcomeUnknown("The request is late.")
        answer = await write()
        await self._travel()
        if fate < 0.12:
            raise OutcomeUnknown("The answer was lost.")
        return answer

    async def _later(self, write: Callable[[], Awaitable[object]]) -> None:
        for _ in range(self.chance.randrange(5)):
            await self._travel()
        await write()

    async def _travel(self) -> None:
        for _ in range(self.chance.randrange(4)):
            await asyncio.sleep(0)


@pytest.mark.timeout(300)  # some 5,000 requests to a server that answers 200 a second, on a machine with other work
async def test_sixteen_writers_of_fifty_flushes_leave_no_hole_no_overlap_and_no_double(table: Table) -> None:
    unreliable = UnreliableTable(table, random.Random(1))

    written = await write_at_once(unreliable, sleep=asyncio.sleep)

    check(written, await everything_in(table))


@pytest.mark.parametrize("seed", range(10))
async def test_sixteen_writers_that_hardly_back_off_leave_no_hole_no_overlap_and_no_double(seed: int) -> None:
    table = RecordingTable(page_bytes=2000)
    unreliable = UnreliableTable(table, random.Random(seed))

    written = await write_at_once(unreliable, sleep=lambda _: asyncio.sleep(0))

    check(written, await everything_in(table))
    check_landed(table.landed)
    assert unreliable.refused > WRITERS * FLUSHES  # a race indeed


async def write_at_once(table: UnreliableTable, *, sleep: Callable[[float], Awaitable[None]]) -> list[Batch]:
    """Let every writer append all its flushes, and what is late land; return what the writers were told."""

    async def write(writer: int) -> list[Batch]:
        log = EventLog(table=table, sleep=sleep)  # its own, as a process's: what it remembers, others do not know
        batches: list[Batch] = []
        for flush in range(FLUSHES):
            batches += await log.append(STREAM, events_of(writer, flush), batch_id=f"{writer}-{flush}")
        return batches

    written = await asyncio.gather(*(write(writer) for writer in range(WRITERS)))
    await asyncio.gather(*table.late)
    return [batch for batches in written for batch in batches]


def check(written: list[Batch], held: list[Batch]) -> None:
    assert sorted(written, key=lambda batch: batch.position) == held
    assert {batch.generation for batch in held} == {held[0].generation}
    assert [batch.position for batch in held] == [1, *(batch.end + 1 for batch in held[:-1])]
    assert {batch.batch_id: batch.events for batch in held} == {
        f"{writer}-{flush}:0": tuple(events_of(writer, flush)) for writer in range(WRITERS) for flush in range(FLUSHES)
    }


def events_of(writer: int, flush: int) -> list[Event]:
    return [Event.of(f"writer-{writer}", [flush, number]) for number in range(1 + (writer + flush) % 3)]


async def everything_in(table: Table) -> list[Batch]:
    log = EventLog(table=table)
    batches: list[Batch] = []
    position, more = Position(1), True
    while more:
        reading = await log.read(STREAM, position)
        batches += reading.batches
        position, more = reading.next, reading.more
    return batches
