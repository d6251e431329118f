"""What a run sends, and what a clear marks, goes out: first into the log, then as a notice (the log's rule 6)."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from tailrace.event import Batch, Event, EventId, WorkflowId
from tailrace.event_log import EventLog
from tailrace.notice import NoticeFailed, Notifier
from tailrace.spans import NoSpans, Spans

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LetOut:
    """What the log holds of it, and whether every notice could be published."""

    batches: tuple[Batch, ...]
    announced: bool


async def let_out(
    workflow_id: WorkflowId,
    events: Sequence[Event],
    *,
    log: EventLog,
    notifier: Notifier,
    trace_id: str,
    floor: EventId | None = None,
    traceparent: str | None = None,
    spans: Spans | None = None,
) -> LetOut:
    """Append what one run sent, and announce what the log then holds of it; `trace_id` is the run's identity.

    Raises:
        LogUnavailable, LogRefused: the log could not be written; the events may be in it, or not.
    """
    spans = spans or NoSpans()
    with spans.part("append", "client", {"tailrace.events": len(events)}):
        batches = await log.append(workflow_id, events, batch_id=trace_id, floor=floor, traceparent=traceparent)
    return LetOut(batches, await _announce(batches, notifier, trace_id, spans))


async def clear(workflow_id: WorkflowId, *, log: EventLog, notifier: Notifier, trace_id: str) -> LetOut:
    """Clear a stream, and announce the mark; no batch where there was nothing to clear.

    A mark that stands already is announced again, since its first notice may have been lost.

    Raises:
        LogUnavailable, LogRefused: the log could not be written; some of it may be cleared.
    """
    mark = await log.clear(workflow_id, batch_id=trace_id)
    batches = () if mark is None else (mark,)
    return LetOut(batches, await _announce(batches, notifier, trace_id, NoSpans()))


async def _announce(batches: Sequence[Batch], notifier: Notifier, trace_id: str, spans: Spans) -> bool:
    return all([await _announce_one(batch, notifier, trace_id, spans) for batch in batches])


async def _announce_one(batch: Batch, notifier: Notifier, trace_id: str, spans: Spans) -> bool:
    """Announce a batch; a notice that fails costs its clients time, and is no reason to fail what was let out."""
    first_id = str(batch.first_id)
    with spans.part("publish", "producer", {"tailrace.first_id": first_id}) as span:
        try:
            await notifier.announce(batch)
        except NoticeFailed as error:  # who follows hears of it by the next sweep
            fields = {"workflow_id": batch.workflow_id, "trace_id": trace_id, "first_id": first_id}
            logger.warning("notice_failed", exc_info=True, extra=fields)
            span.fail(type(error).__name__)
            return False
    return True
