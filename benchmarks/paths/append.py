"""Appending: flushes a second, and calls of the table for each."""

import asyncio
import time
from collections.abc import Sequence
from uuid import uuid4

from benchmarks.paths import Numbers
from benchmarks.paths.notices import PAYLOAD
from cli.tables import create_event_log_table
from tailrace.dynamodb import DynamoDBTable
from tailrace.event import Event, WorkflowId
from tailrace.event_log import EventLog
from tailrace.in_memory import InMemoryTable
from tailrace.table import Item, Page, Table
from tests.support.aws import aws_clients_of, emulated_aws_server

WRITERS = 16
IN_MEMORY = 5_000
ON_EMULATOR = 320
EVENTS = tuple(Event("tick", PAYLOAD) for _ in range(10))


class CountingTable:
    """A table whose calls are counted."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self.calls = 0

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
        """Count, and pass on."""
        self.calls += 1
        return await self._table.query(
            workflow_id, first=first, last=last, descending=descending, limit=limit, without_events=without_events
        )

    async def put(self, item: Item) -> Item | None:
        """Count, and pass on."""
        self.calls += 1
        return await self._table.put(item)

    async def extend(self, item: Item, expires_at: int) -> bool:
        """Count, and pass on."""
        self.calls += 1
        return await self._table.extend(item, expires_at)

    async def delete(self, item: Item, *, expiring_by: int) -> bool:
        """Count, and pass on."""
        self.calls += 1
        return await self._table.delete(item, expiring_by=expiring_by)

    async def empty(self, items: Sequence[Item]) -> None:
        """Count, and pass on."""
        self.calls += len(items)
        await self._table.empty(items)


def measure() -> Numbers:
    """Measure once."""
    return asyncio.run(_measure())


async def _measure() -> Numbers:
    found: Numbers = {}
    for label, workflows in (("one workflow", 1), ("1,000 workflows", 1_000)):
        rate, calls = await _flushes(InMemoryTable(), writers=1, workflows=workflows, number=IN_MEMORY)
        found[f"flushes/s of 10 events to {label}, table in memory"] = [rate]
        found[f"calls a flush to {label}"] = [calls]
    with emulated_aws_server() as aws:
        client = aws_clients_of(aws).dynamodb
        name = f"EventLog-{uuid4().hex}"
        create_event_log_table(client, name)
        table = DynamoDBTable(client=client, table_name=name)
        for label, writers, workflows in (
            ("one writer to one workflow", 1, 1),
            (f"{WRITERS} writers to as many workflows", WRITERS, WRITERS),
            (f"{WRITERS} writers to one workflow", WRITERS, 1),
        ):
            rate, calls = await _flushes(table, writers=writers, workflows=workflows, number=ON_EMULATOR)
            found[f"flushes/s, {label}, emulated DynamoDB"] = [rate]
            found[f"calls a flush, {label}"] = [calls]
        table.close()
    return found


async def _flushes(table: Table, *, writers: int, workflows: int, number: int) -> tuple[float, float]:
    """Each writer is a process of its own to the log: it remembers only its own tails."""
    counting = CountingTable(table)
    run = uuid4().hex[:8]
    streams = [WorkflowId(f"p_{run}_{index}") for index in range(workflows)]
    began = time.perf_counter()
    await asyncio.gather(
        *(
            _write(EventLog(table=counting), streams[writer::writers] or streams, writer, number // writers)
            for writer in range(writers)
        )
    )
    return number / (time.perf_counter() - began), counting.calls / number


async def _write(log: EventLog, streams: Sequence[WorkflowId], writer: int, number: int) -> None:
    for index in range(number):
        await log.append(streams[index % len(streams)], EVENTS, batch_id=f"{writer}-{index}")
