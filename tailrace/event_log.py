"""The event log: appends what runs sent, each flush as one item, clears streams, and reads them. It is the truth.

Writers keep the rules of `append`.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

from tailrace.append import first_id
from tailrace.clear import Clear
from tailrace.event import BEGINNING, Batch, Event, EventId, WorkflowId
from tailrace.flush import Flush
from tailrace.log_reader import RETENTION, LogReader
from tailrace.patience import Surroundings
from tailrace.stored_batch import batch_of
from tailrace.table import Table
from tailrace.tails import Tails


class EventLog(LogReader):
    """A table's streams, one a workflow, to be read and written."""

    def __init__(
        self,
        *,
        table: Table,
        retention: timedelta = RETENTION,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        patience: float = 20.0,
        conflicted: Callable[[], object] = lambda: None,
    ) -> None:
        """`conflicted` is told each time that an append met another writer's, and has to be tried again."""
        super().__init__(table=table, retention=retention, now=now)
        self._around = Surroundings(
            table=table, retention=self._retention, patience=patience, now=now, sleep=sleep, conflicted=conflicted
        )
        self._tails = Tails(now)

    async def floor(self, workflow_id: WorkflowId) -> EventId:
        """Name the place that a run which may be tried again begins from: every try appends with the same floor.

        Keep it where every try finds it before the first try sends anything.

        Raises:
            LogUnavailable, LogRefused: the log could not be read.
        """
        tail = self._tails.get(workflow_id) or await self._tail(workflow_id)
        return first_id(tail) or BEGINNING

    async def append(
        self,
        workflow_id: WorkflowId,
        events: Sequence[Event],
        *,
        batch_id: str,
        floor: EventId | None = None,
        traceparent: str | None = None,
    ) -> tuple[Batch, ...]:
        """Append what one run sent, and return it as the log holds it: one batch, or several for some megabytes.

        With the `floor` of its first try, the same `batch_id` appended again finds its earlier batches, and returns
        what the log holds, whatever the later try has sent (rules 11 and 12).

        Raises:
            LogUnavailable: the table failed for too long; the batch may be in the log, or not.
            LogRefused: the table refused: a permission or the table itself is missing.
        """
        flush = Flush(workflow_id=workflow_id, batch_id=batch_id, floor=floor, traceparent=traceparent)
        items = await flush.append(events, tails=self._tails, around=self._around)
        return tuple(batch_of(item) for item in items)

    async def clear(self, workflow_id: WorkflowId, *, batch_id: str) -> Batch | None:
        """Clear a stream, and return the mark, to be announced; None where the stream holds nothing to clear.

        When it returns, no event that stands before the mark is in the log. Cleared again, a stream that has not
        grown keeps its mark; so does one whose clear was interrupted, which is then finished.

        Raises:
            LogUnavailable: the table failed for too long; some of it may be cleared: clear again.
            LogRefused: the table refused: a permission or the table itself is missing.
        """
        clear = Clear(workflow_id=workflow_id, batch_id=batch_id)
        mark = await clear.run(tails=self._tails, around=self._around)
        return batch_of(mark) if mark else None
