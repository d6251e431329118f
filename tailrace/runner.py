"""Runs a workflow's steps, and lets out what they sent when they have finished."""

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import uuid4

from tailrace.calls import Outcome, start
from tailrace.errors import InvalidTrigger, NodeStepFailed
from tailrace.event import Batch, Event, EventId
from tailrace.event_log import EventLog
from tailrace.node import NodeRuntime
from tailrace.notice import NoticeFailed, Notifier
from tailrace.pd import Pd
from tailrace.result import RunResult, RunStatus, StepError, Trigger
from tailrace.run_state import TRIGGER, Context, RunState
from tailrace.step import Step
from tailrace.values import Json, freeze, not_json
from tailrace.workflow import Workflow

__all__ = ["RunResult", "RunStatus", "StepError", "Trigger", "run"]

MAX_MESSAGE = 4_000
"""Characters of an error's message that a result carries."""

logger = logging.getLogger(__name__)


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
    now: Callable[[], float] = time.time,
    make_id: Callable[[], str] = lambda: uuid4().hex,
) -> RunResult:
    """Run a workflow's steps, then let out what they sent.

    `trace_id` is the run's identity, which survives its being tried again: what was sent under it is appended once, if
    every try has the `floor` that `log.floor` named before the first.
    `traceparent` goes with what was sent, to be told in logs.
    `deadline` is in seconds from now; a run that is not done by then ends as TimedOut. `node` runs the Node.js steps.
    A step that raises, or a deadline that passes, is a result. What was sent until then is delivered, or none of it
    with `on_error="discard"`.

    Raises:
        InvalidTrigger: the event is not JSON.
        LogUnavailable, LogRefused: the log could not be written; what was sent may be in it, or not.
    """
    run_id = make_id()
    state = _begin(workflow, trigger, ids=(run_id, trace_id or run_id), now=now(), deadline=deadline)
    progress = _Progress(workflow, state, deadline, node)
    try:
        await progress.go()
    finally:
        sent = state.end()
    batches = await log.append(
        workflow.id, progress.let_out(sent), batch_id=state.context.trace_id, floor=floor, traceparent=traceparent
    )
    announced = [await _announce(batch, notifier, state.context) for batch in batches]
    return RunResult(
        run_id=run_id,
        trace_id=state.context.trace_id,
        workflow_id=workflow.id,
        status=progress.status,
        exit_reason=state.exit_reason,
        steps=progress.exports,
        error=progress.error,
        response=state.response,
        batches=batches,
        announced=all(announced),
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


async def _announce(batch: Batch, notifier: Notifier, context: Context) -> bool:
    """Announce a batch; a notice that fails costs its clients time, and is no reason to fail the run."""
    try:
        await notifier.announce(batch)
    except NoticeFailed:
        fields = {"workflow_id": context.workflow_id, "trace_id": context.trace_id, "first_id": str(batch.first_id)}
        logger.warning("notice_failed", exc_info=True, extra=fields)
        return False
    return True


class _Progress:
    """How far a run has come."""

    def __init__(self, workflow: Workflow, state: RunState, deadline: float | None, node: NodeRuntime | None) -> None:
        self.status = RunStatus.COMPLETED
        self.exports: dict[str, dict[str, Json]] = {}
        self.error: StepError | None = None
        self._workflow = workflow
        self._state = state
        self._deadline = deadline
        self._node = node
        self._began = asyncio.get_running_loop().time()

    async def go(self) -> None:
        """Run the steps, until one of them ends the run."""
        for step in self._workflow.steps:
            try:
                await self._run(step)
            except Exception as error:  # whatever goes wrong with a step is that step's failure
                self._fail(step, error)
            if self.status is not RunStatus.COMPLETED:
                return

    def let_out(self, sent: tuple[Event, ...]) -> tuple[Event, ...]:
        """Choose what is delivered: all, or nothing where the run did not get through and its workflow discards."""
        got_through = self.status in {RunStatus.COMPLETED, RunStatus.EXITED}
        return sent if got_through or self._workflow.on_error == "flush" else ()

    async def _run(self, step: Step) -> None:
        pd = Pd(run=self._state, step=step.name)
        pd.inputs = step.props.resolve(pd.steps if step.props.refer else {})
        outcome = await self._outcome(step, pd)
        if outcome is None:
            self._time_out(step)
        elif isinstance(outcome.error, KeyboardInterrupt):
            raise outcome.error
        elif outcome.error is not None:
            self._fail(step, outcome.error)
        else:
            self.exports[step.name] = pd.finish(outcome.value)
            if self._state.exited:
                self.status = RunStatus.EXITED

    async def _outcome(self, step: Step, pd: Pd) -> Outcome | None:
        """Call a step; None where the time is up first."""
        left = self._time_left()
        if left is not None and left <= 0:
            return None
        call = start(step.call(pd, node=self._node), is_async=step.is_async)
        try:
            await asyncio.wait({call}, timeout=left)
            return call.result() if call.done() else None
        finally:
            if not call.done():
                self._state.end()  # before the step is told: what it does to clean up comes too late to count
                call.cancel()

    def _time_left(self) -> float | None:
        if self._deadline is None:
            return None
        return self._began + self._deadline - asyncio.get_running_loop().time()

    def _time_out(self, step: Step) -> None:
        self.status = RunStatus.TIMED_OUT
        message = f"The run's time, {self._deadline:g} seconds, was up before this step had ended."
        self.error = StepError(step=step.name, type=RunStatus.TIMED_OUT.value, message=message)
        logger.warning("run_timed_out", extra=self._fields(step))

    def _fail(self, step: Step, error: BaseException) -> None:
        self.status = RunStatus.FAILED
        kind = error.name if isinstance(error, NodeStepFailed) else type(error).__name__
        self.error = StepError(step=step.name, type=kind, message=_message(error))
        logger.warning("step_failed", exc_info=error, extra={**self._fields(step), "error_type": self.error.type})

    def _fields(self, step: Step) -> dict[str, str]:
        context = self._state.context
        ids = {"workflow_id": context.workflow_id, "run_id": context.id, "trace_id": context.trace_id}
        return {**ids, "step": step.name}


def _message(error: BaseException) -> str:
    try:
        text = str(error)
    except Exception:  # an author's exception may fail to describe itself
        text = f"{type(error).__name__}, whose text can't be had"
    return text if len(text) <= MAX_MESSAGE else f"{text[:MAX_MESSAGE]}…"
