"""Runs that may be asked for twice happen once: by a record that the first one to ask makes, and the others find.

The record is made before anything runs, and holds the floor from which every try appends (the log's rules 11 and 12).
A try that crashed is followed by another when its lease is over. Should both go on after all, since clocks differ or a
step would not end, the log still takes one batch, and the first to finish says what is answered.
"""

import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from lambdas.workflow_api.records import Record, RecordsUnavailable, RecordTable
from lambdas.workflow_api.traces import new_trace_id
from tailrace.errors import TailraceError
from tailrace.event import EventId, WorkflowId
from tailrace.event_log import EventLog

logger = logging.getLogger(__name__)

KEPT = 24 * 60 * 60
"""For how long, in seconds, a record is kept after it was last changed."""


class OtherRequest(TailraceError):
    """The record is of a request that asked for something else."""


class RunInProgress(TailraceError):
    """Another try has the run in hand."""

    def __init__(self, message: str, *, seconds: float) -> None:
        super().__init__(message)
        self.seconds = seconds
        """After which it is over, or is given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A run that is asked for, perhaps not for the first time."""

    record_id: str
    workflow_id: WorkflowId
    fingerprint: str = ""
    trace_id: str | None = None
    """None where the first to ask shall make one up."""
    floor: EventId | None = None
    """None where the first to ask shall look for it."""
    try_id: str | None = None
    """What names the tries of one invocation, which follow each other; None where there is but one."""


class Once:
    """Lets one try at a time have a run in hand, and none when it has finished."""

    def __init__(
        self,
        *,
        table: RecordTable,
        log: EventLog,
        now: Callable[[], float] = time.time,
        make_id: Callable[[], str] = new_trace_id,
    ) -> None:
        self._table = table
        self._log = log
        self._now = now
        self._make_id = make_id

    async def begin(self, asked: Asked, *, seconds: float) -> Record:
        """Take a run in hand for so many seconds; a record that is finished says what came of it earlier.

        Raises:
            OtherRequest: the same was asked for with other words.
            RunInProgress: another try has it in hand.
            RecordsUnavailable, LogUnavailable, LogRefused: nothing was begun.
        """
        mine = await self._draft(asked, seconds)
        standing = await self._table.create(mine, now=self._now())
        while standing is not None:
            if standing.fingerprint != mine.fingerprint:
                raise OtherRequest("An earlier request with this key asked for something else.")
            if standing.finished:
                return standing
            self._check_free_for(mine, standing)
            mine = replace(mine, trace_id=standing.trace_id, floor=standing.floor)
            standing = await self._table.change(mine, seen=standing)
        return mine

    async def finish(self, record: Record, answer: bytes | None) -> Record:
        """Keep what came of a run; return the record that stands, which is another try's where that was faster."""
        mine = replace(record, finished=True, answer=answer, expires_at=int(self._now()) + KEPT)
        seen = record
        try:
            while (standing := await self._table.change(mine, seen=seen)) is not None:
                if standing.trace_id != mine.trace_id:
                    break
                if standing.finished:
                    return standing
                seen = standing  # another try has taken over, and is slower
        except RecordsUnavailable:  # it has run, and says so; asked for again after its lease, its steps run again
            logger.exception("answer_not_kept", extra={"trace_id": record.trace_id})
        return mine

    @asynccontextmanager
    async def in_hand(self, record: Record) -> AsyncIterator[Record]:
        """Give a run back where what happens inside fails, so that it can be asked for again at once."""
        try:
            yield record
        except Exception:
            try:
                await self._table.change(replace(record, leased_until=0), seen=record)
            except RecordsUnavailable:
                logger.warning("run_not_given_back", extra={"trace_id": record.trace_id})
            raise

    async def _draft(self, asked: Asked, seconds: float) -> Record:
        floor = asked.floor or await self._log.floor(asked.workflow_id)
        now = self._now()
        return Record(
            id=asked.record_id,
            trace_id=asked.trace_id or self._make_id(),
            floor=floor,
            fingerprint=asked.fingerprint,
            try_id=asked.try_id or self._make_id(),
            leased_until=int((now + seconds) * 1000),
            expires_at=int(now) + KEPT,
        )

    def _check_free_for(self, mine: Record, standing: Record) -> None:
        # A try of mine that stands there has ended, or it was this very put whose answer was lost.
        left = standing.leased_until / 1000 - self._now()
        if standing.try_id != mine.try_id and left > 0:
            raise RunInProgress(f"The run {standing.trace_id} is in progress.", seconds=left)
