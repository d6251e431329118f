"""What tests of workflows stand on: a run without a server, and what came of it."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from typing import NamedTuple

from tailrace.event_log import EventLog
from tailrace.in_memory import InMemoryNotifier, InMemoryTable
from tailrace.node_process import NodeProcesses
from tailrace.notice import Notifier
from tailrace.response import Response
from tailrace.runner import RunResult, RunStatus, StepError, Trigger, run
from tailrace.values import Json, thaw
from tailrace.workflow import Workflow


class Sent(NamedTuple):
    """An event as an author wrote it: `result.sent == [("events", {"name": "Luke"})]`."""

    channel: str
    payload: Json


@dataclass(frozen=True, slots=True)
class WorkflowRun:
    """A run of a workflow in a test, and what came of it."""

    result: RunResult

    @property
    def sent(self) -> list[Sent]:
        """What was delivered, in order."""
        return [Sent(event.channel, thaw(event.payload)) for batch in self.result.batches for event in batch.events]

    @property
    def status(self) -> RunStatus:
        """How the run ended; equal to its name: `"Completed"`, `"Exited"`, `"Failed"` or `"TimedOut"`."""
        return self.result.status

    @property
    def exit_reason(self) -> str | None:
        """What was said to `pd.flow.exit`."""
        return self.result.exit_reason

    @property
    def steps(self) -> Mapping[str, Mapping[str, Json]]:
        """What each finished step exported, `$return_value` included."""
        return self.result.steps

    @property
    def error(self) -> StepError | None:
        """Which step failed, and with what; its traceback is in the log, which pytest shows."""
        return self.result.error

    @property
    def response(self) -> Response | None:
        """What was said to `pd.respond`."""
        return self.result.response


def run_workflow(
    workflow: Workflow,
    event: Mapping[str, Json] | None = None,
    *,
    body: Json = None,
    trace_id: str | None = None,
    deadline: float | None = None,
    log: EventLog | None = None,
    notifier: Notifier | None = None,
) -> WorkflowRun:
    """Run a workflow without a server, and wait for it; from asynchronous code too, whose loop stands still meanwhile.

    `body` is what a request would have carried; `event` is the trigger's whole event, where the request's other
    parts matter. The log is a new one in memory, unless one is given.
    """
    running = run_workflow_async(
        workflow, event, body=body, trace_id=trace_id, deadline=deadline, log=log, notifier=notifier
    )
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(running)
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(copy_context().run, asyncio.run, running).result()


async def run_workflow_async(
    workflow: Workflow,
    event: Mapping[str, Json] | None = None,
    *,
    body: Json = None,
    trace_id: str | None = None,
    deadline: float | None = None,
    log: EventLog | None = None,
    notifier: Notifier | None = None,
) -> WorkflowRun:
    """Run a workflow as `run_workflow` does, on the loop that is running."""
    if event is not None and body is not None:
        raise TypeError("A request's body is a part of its event: give one of the two.")
    result = await run(
        workflow,
        Trigger(event=request_event(workflow, body) if event is None else event),
        log=log or EventLog(table=InMemoryTable()),
        notifier=notifier or InMemoryNotifier(),
        trace_id=trace_id,
        deadline=deadline,
        node=NodeProcesses.shared(),
    )
    return WorkflowRun(result)


def request_event(workflow: Workflow, body: Json) -> dict[str, Json]:
    """Make up the event of a request that starts a workflow, with the names that a real one has."""
    path = f"/pipelines/{workflow.id}/events"
    return {
        "method": "POST",
        "path": path,
        "query": {},
        "headers": {"content-type": "application/json"},
        "client_ip": "127.0.0.1",
        "url": f"http://localhost{path}",
        "body": body,
    }
