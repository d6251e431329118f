"""What the log says of a batch on its way through this task: its notice, and its delivery, once each.

A batch whose caller asked for a trace is told of at INFO; all others at DEBUG, since there are many.
"""

import logging

from stream_service.unwritten import Delivered
from tailrace.notice import Notice
from tailrace.trace import TraceContext

logger = logging.getLogger(__name__)


def tell_notice(notice: Notice) -> None:
    """Tell of a notice that reached this task."""
    level = _level(notice.traceparent)
    if logger.isEnabledFor(level):
        logger.log(level, "notice_heard", extra=_fields(notice))


def tell_delivery(batch: Delivered, *, seconds: float) -> None:
    """Tell of a batch that was written to all who follow it live, so many seconds after it got its place."""
    level = _level(batch.traceparent)
    if logger.isEnabledFor(level):
        logger.log(level, "batch_delivered", extra={**_fields(batch), "ms": round(1000 * seconds)})


def _level(traceparent: str | None) -> int:
    context = TraceContext.parse(traceparent) if traceparent else None
    return logging.INFO if context is not None and context.sampled else logging.DEBUG


def _fields(batch: Notice | Delivered) -> dict[str, object]:
    return {
        "workflow_id": batch.workflow_id,
        "batch_id": batch.batch_id,
        "last_id": f"{batch.generation}-{batch.end}",
        "traceparent": batch.traceparent,
    }
