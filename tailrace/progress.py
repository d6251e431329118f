"""How far a run has come: its steps are called in order, until one of them ends it."""

import asyncio
import logging

from tailrace.calls import Outcome, start
from tailrace.errors import NodeStepFailed
from tailrace.event import Event
from tailrace.node import NodeRuntime
from tailrace.pd import Pd
from tailrace.result import RunStatus, StepError
from tailrace.run_state import RunState
from tailrace.spans import Spans
from tailrace.step import Step
from tailrace.values import Json
from tailrace.workflow import Workflow

MAX_MESSAGE = 4_000
"""Characters of an error's message that a result carries."""

logger = logging.getLogger(__name__)


class Progress:
    """How far a run has come."""

    def __init__(
        self, workflow: Workflow, state: RunState, deadline: float | None, node: NodeRuntime | None, spans: Spans
    ) -> None:
        self.status = RunStatus.COMPLETED
        self.exports: dict[str, dict[str, Json]] = {}
        self.error: StepError | None = None
        self._workflow = workflow
        self._state = state
        self._deadline = deadline
        self._node = node
        self._spans = spans
        self._began = asyncio.get_running_loop().time()

    async def go(self) -> None:
        """Run the steps, until one of them ends the run."""
        for step in self._workflow.steps:
            with self._spans.part(f"step {step.name}") as span:
                try:
                    await self._run(step)
                except Exception as error:  # whatever goes wrong with a step is that step's failure
                    self._fail(step, error)
                if self.error is not None:
                    span.fail(self.error.type)
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
