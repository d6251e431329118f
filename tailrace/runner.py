"""Runs a workflow's steps, and lets out what they sent when they have finished."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import uuid4

from tailrace.errors import InvalidTrigger
from tailrace.event import EventId
from tailrace.event_log import EventLog
from tailrace.let_out import let_out
from tailrace.node import NodeRuntime
from tailrace.notice import Notifier
from tailrace.progress import Progress
from tailrace.result import RunResult, RunStatus, StepError, Trigger
from tailrace.run_state import TRIGGER, Context, RunState
from tailrace.spans import NoSpans, Spans
from tailrace.values import freeze, not_json
from tailrace.workflow import Workflow

__all__ = ["RunResult", "RunStatus", "StepError", "Trigger", "run"]


async def run(
    workflow: Workflow,
    trigger: Trigger,
    *,
    log: EventLog,
    notifier: Notifier,
    trace_id: str | None = None,
    floor: EventId | None = None,
    traceparent: str | None = None,
    deadline: float | None = None,
    node: NodeRuntime | None = None,
    spans: Spans | None = None,
    now: Callable[[], float] = time.time,
    make_id: Callable[[], str] = lambda: uuid4().hex,
) -> RunResult:
    """Run a workflow's steps, then let out what they sent.

    `trace_id` is the run's identity, which survives its being tried again: what was sent under it is appended once, if
    every try has the `floor` that `log.floor` named before the first.
    `traceparent` goes with what was sent, to be told in logs.
    `deadline` is in seconds from now; a run that is not done by then ends as TimedOut. `node` runs the Node.js steps.
    `spans` records how long steps, append and notices take.
    A step that raises, or a deadline that passes, is a result. What was sent until then is delivered, or none of it
    with `on_error="discard"`.

    Raises:
        InvalidTrigger: the event is not JSON.
        LogUnavailable, LogRefused: the log could not be written; what was sent may be in it, or not.
    """
    run_id = make_id()
    state = _begin(workflow, trigger, ids=(run_id, trace_id or run_id), now=now(), deadline=deadline)
    spans = spans or NoSpans()
    progress = Progress(workflow, state, deadline, node, spans)
    try:
        await progress.go()
    finally:
        sent = state.end()
    out = await let_out(
        workflow.id,
        progress.let_out(sent),
        log=log,
        notifier=notifier,
        trace_id=state.context.trace_id,
        floor=floor,
        traceparent=traceparent,
        spans=spans,
    )
    return RunResult(
        run_id=run_id,
        trace_id=state.context.trace_id,
        workflow_id=workflow.id,
        status=progress.status,
        exit_reason=state.exit_reason,
        steps=progress.exports,
        error=progress.error,
        response=state.response,
        batches=out.batches,
        announced=out.announced,
    )


def _begin(
    workflow: Workflow, trigger: Trigger, *, ids: tuple[str, str], now: float, deadline: float | None
) -> RunState:
    context = Context(
        id=ids[0],
        trace_id=ids[1],
        workflow_id=workflow.id,
        ts=datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        deadline=None if deadline is None else int((now + deadline) * 1000),
    )
    try:
        text = freeze({"event": dict(trigger.event), "context": dict(context)})
    except ValueError as error:
        raise InvalidTrigger(not_json("The event that starts this run", error)) from error
    return RunState(context=context, exports={TRIGGER: text})
