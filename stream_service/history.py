"""A stream's past, a page at a time, out of the log: bounded in what it reads, and in how much at once.

It says of ids that can't be honoured what the stream itself says (`$gap`), and never looks into a ring.
"""

import asyncio
from dataclasses import replace

from stream_service.history_page import Gap, Page, Wanted, behind
from stream_service.reader import Reader
from tailrace.errors import LogUnavailable
from tailrace.event import BEGINNING, EventId, Position, WorkflowId
from tailrace.log_reader import LOOK_BACK_PAGES, Reading

AT_ONCE = 4
"""Pages that are put together at a time: the log's other readings are for clients that follow.

The others wait for their turn: there are no more of them than places for pages (`shares.PAGES`).
"""
MAX_EVENTS = 1_000
"""On a page."""
READINGS = LOOK_BACK_PAGES
"""Of the log for one page, at most: of channels that are rare, a page may hold less than it could."""


class History:
    """Puts pages together."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def page(self, wanted: Wanted) -> Page:
        """Read a page.

        Raises:
            LogUnavailable, LogRefused, InvalidItem: the log could not be read.
        """
        async with self._turn:
            try:
                return await self._page(wanted)
            except _AnotherLife:
                return await self._page(wanted)

    async def _page(self, wanted: Wanted) -> Page:
        head = await self._reader.once(lambda log: log.head(wanted.workflow_id))
        if head is None:  # there is nothing that an id could be wrong about
            return Page(start=wanted.after or BEGINNING, reached=wanted.after or BEGINNING)
        page = Page(head=head)
        unknown = _unknown(wanted, head)
        if unknown is not None:
            wanted = replace(wanted, after=None, before=None)
        start = await self._start(wanted, head)
        page.start = page.reached = start
        await self._read_on(page, wanted, head)
        if unknown is not None:
            page.gap = Gap("unknown", unknown, behind(page.start), None)
        return page

    async def _start(self, wanted: Wanted, head: EventId) -> EventId:
        """The cursor behind which the page begins."""
        if wanted.after is not None:
            return EventId(head.generation, wanted.after.position)
        before = Position(head.position + 1) if wanted.before is None else wanted.before.position
        start = await self._reader.once(
            lambda log: log.start_of_newest(wanted.workflow_id, wanted.limit, wanted.channels, before=before)
        )
        if start is not None and start.generation != head.generation:
            raise _AnotherLife
        return start or EventId(head.generation, Position(max(0, before - 1)))

    async def _read_on(self, page: Page, wanted: Wanted, head: EventId) -> None:
        """Fill a page from its start on, until it is full or at its end."""
        end = head.position if wanted.before is None else min(head.position, Position(wanted.before.position - 1))
        for _ in range(READINGS):
            if page.reached.position >= end:
                return
            reading = await self._read_behind(wanted.workflow_id, page.reached.position)
            for batch in reading.batches:
                if batch.generation != head.generation:
                    raise _AnotherLife
                if not page.take(batch, wanted, end):
                    return
            if reading.next - 1 > page.reached.position:  # what stood there has expired
                page.lose(wanted, "expired", Position(min(end, reading.next - 1)))
            elif not reading.more:
                return

    async def _read_behind(self, workflow_id: WorkflowId, position: Position) -> Reading:
        return await self._reader.once(lambda log: log.read(workflow_id, position + 1))


class _AnotherLife(LogUnavailable):
    """The stream has begun anew while it was read; read again, it is whole."""

    def __init__(self) -> None:
        super().__init__("The stream has just begun anew.")


def _unknown(wanted: Wanted, head: EventId) -> EventId | None:
    """The id that is of another life of the stream, or ahead of it: one that comes next may only be stopped at."""
    for cursor, last in ((wanted.after, head.position), (wanted.before, head.position + 1)):
        if cursor is None or cursor == BEGINNING:
            continue
        if cursor.generation != head.generation or cursor.position > last:
            return cursor
    return None
