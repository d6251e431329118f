"""Runs workflows, at once for requests or later for asynchronous invocations, and tells log and metrics about it."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from lambdas.workflow_api.logs import log_context
from lambdas.workflow_api.metrics import RunMetrics
from lambdas.workflow_api.problems import Problem
from lambdas.workflow_api.traces import caller_of, new_trace_id, own_trace
from tailrace.errors import LogRefused, LogUnavailable
from tailrace.event import EventId
from tailrace.event_log import EventLog
from tailrace.node import NodeRuntime
from tailrace.notice import Notifier
from tailrace.runner import RunResult, Trigger, run
from tailrace.spans import NoSpans, Span, Spans
from tailrace.workflow import Workflow

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What all tries of a run have in common."""

    trace_id: str
    floor: EventId | None = None
    """Where each of them begins to look for what an earlier one has appended; None of a run that is tried but once."""


class Runs:
    """Runs workflows, and counts the runs."""

    def __init__(
        self,
        *,
        log: EventLog,
        notifier: Notifier,
        metrics: RunMetrics,
        node: NodeRuntime | None = None,
        spans: Spans | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._log = log
        self._notifier = notifier
        self._metrics = metrics
        self._node = node
        self._spans = spans or NoSpans()
        self._clock = clock

    async def identify(self, workflow: Workflow) -> Identity:
        """Make a run's identity, before its first try, where it may be tried again.

        Raises:
            Problem: the log could not be read.
        """
        with nothing_has_run():
            return Identity(trace_id=new_trace_id(), floor=await self._log.floor(workflow.id))

    async def run_for_request(
        self, workflow: Workflow, trigger_event: Mapping[str, Any], *, identity: Identity, seconds: float
    ) -> RunResult:
        """As `run`, for somebody who waits.

        Raises:
            Problem: 503 where the log could not be written, 500 where it refuses for good.
        """
        trace_id = identity.trace_id
        try:
            return await self.run(workflow, trigger_event, identity=identity, seconds=seconds)
        except LogUnavailable as error:
            raise _unavailable(workflow, trace_id) from error
        except LogRefused as error:
            raise _refused(workflow, trace_id) from error

    async def run(
        self, workflow: Workflow, trigger_event: Mapping[str, Any], *, identity: Identity, seconds: float
    ) -> RunResult:
        """Run a workflow, for at most so many seconds from now.

        Raises:
            LogUnavailable, LogRefused: what was sent may be in the log, or not.
        """
        begun = self._clock()
        caller, own = caller_of(trigger_event), own_trace(identity.trace_id)
        with (
            self._spans.run(workflow.id, caller=caller, trace_id=own) as (context, span),
            log_context(workflow_id=workflow.id, trace_id=identity.trace_id, traceparent=str(context)),
        ):
            try:
                result = await run(
                    workflow,
                    Trigger(event=trigger_event),
                    log=self._log,
                    notifier=self._notifier,
                    trace_id=identity.trace_id,
                    floor=identity.floor,
                    traceparent=str(context),
                    deadline=seconds,
                    node=self._node,
                    spans=self._spans,
                )
            except (LogUnavailable, LogRefused):
                logger.exception("append_failed")
                raise
            took = self._clock() - begun
            self._metrics.run_finished(result, seconds=took)
            logger.info("run_finished", extra=_describe(result, took))
            _record(result, span)
        return result


@contextmanager
def nothing_has_run() -> Iterator[None]:
    """Turn the log's errors before a run into problems."""
    try:
        yield
    except (LogUnavailable, LogRefused) as error:
        logger.exception("log_not_read")
        raise Problem(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "log-unavailable",
            "The event log did not answer, so nothing has run. Try again in a moment.",
            headers={"Retry-After": "5"},
        ) from error


def _record(result: RunResult, span: Span) -> None:
    span.tell({"tailrace.run_id": result.run_id, "tailrace.status": result.status.value})
    if result.error is not None:
        span.fail(result.error.type)


def _describe(result: RunResult, seconds: float) -> dict[str, Any]:
    return {
        "run_id": result.run_id,
        "status": result.status.value,
        "batches": [str(batch.first_id) for batch in result.batches],
        "events": sum(batch.count for batch in result.batches),
        "announced": result.announced,
        "ms": round(seconds * 1000),
        **({"failed_step": result.error.step, "error_type": result.error.type} if result.error else {}),
    }


def _unavailable(workflow: Workflow, trace_id: str) -> Problem:
    detail = (
        "The workflow has run, but the event log did not answer: what it sent may be delivered, or not. "
        "Another request runs the workflow again; with the same Idempotency-Key, what was sent is delivered once."
    )
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "log-unavailable",
        detail,
        headers={"Retry-After": "5", "Tailrace-Trace-Id": trace_id},
        members={"workflow_id": workflow.id, "trace_id": trace_id},
    )


def _refused(workflow: Workflow, trace_id: str) -> Problem:
    return Problem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "log-refused",
        "The workflow has run, but the event log refused what it sent; the API's own log says why.",
        headers={"Tailrace-Trace-Id": trace_id},
        members={"workflow_id": workflow.id, "trace_id": trace_id},
    )
