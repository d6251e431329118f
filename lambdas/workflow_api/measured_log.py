"""The event log, with the time that its appends take, and how often another writer was faster."""

import time
from collections.abc import Callable, Sequence
from datetime import timedelta

from lambdas.workflow_api.metrics import RunMetrics
from tailrace.errors import LogRefused, LogUnavailable
from tailrace.event import Batch, Event, EventId, WorkflowId
from tailrace.event_log import EventLog
from tailrace.table import Table

PATIENCE = 10.0
"""Seconds for which an append that fails is tried again: the client shall hear of it before API Gateway gives up."""


class MeasuredEventLog(EventLog):
    """An `EventLog` that tells its metrics about every append."""

    def __init__(
        self,
        *,
        table: Table,
        retention: timedelta,
        metrics: RunMetrics,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        super().__init__(table=table, retention=retention, patience=PATIENCE, conflicted=self._count_conflict)
        self._conflicts = 0
        self._metrics = metrics
        self._clock = clock

    async def append(
        self,
        workflow_id: WorkflowId,
        events: Sequence[Event],
        *,
        batch_id: str,
        floor: EventId | None = None,
        traceparent: str | None = None,
    ) -> tuple[Batch, ...]:
        """Append what one run sent, as `EventLog.append`."""
        begun, conflicts = self._clock(), self._conflicts
        try:
            batches = await super().append(workflow_id, events, batch_id=batch_id, floor=floor, traceparent=traceparent)
        except (LogUnavailable, LogRefused):
            self._metrics.append_failed()
            raise
        if events:
            self._metrics.appended(seconds=self._clock() - begun, conflicts=self._conflicts - conflicts)
        return batches

    def _count_conflict(self) -> None:
        self._conflicts += 1
