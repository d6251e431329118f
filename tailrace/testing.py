"""What tests of workflows, and of Tailrace itself, stand on: a log and notices in memory, and runs without a server."""

import asyncio
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, replace
from typing import NamedTuple

from tailrace.event import Batch, WorkflowId
from tailrace.event_log import EventLog
from tailrace.node_process import NodeProcesses
from tailrace.notice import Notifier
from tailrace.response import Response
from tailrace.runner import RunResult, RunStatus, StepError, Trigger, run
from tailrace.table import Item, Page
from tailrace.values import Json, thaw
from tailrace.workflow import Workflow

PAGE_BYTES = 1024 * 1024
"""DynamoDB's limit for one page of a query."""


class InMemoryTable:
    """A `Table` in memory, with DynamoDB's answers: conditions, order and pages."""

    def __init__(self, *, page_bytes: int = PAGE_BYTES) -> None:
        self.items: dict[WorkflowId, dict[int, Item]] = defaultdict(dict)
        self._page_bytes = page_bytes

    async def query(
        self,
        workflow_id: WorkflowId,
        *,
        first: int | None = None,
        last: int | None = None,
        descending: bool = False,
        limit: int | None = None,
        without_events: bool = False,
    ) -> Page:
        """Read a workflow's items whose own position lies within `first` and `last`."""
        items = self.items[workflow_id]
        positions = sorted(items)
        low = 0 if first is None else bisect_left(positions, first)
        high = len(positions) if last is None else bisect_right(positions, last)
        asked = positions[low:high][::-1] if descending else positions[low:high]
        page: list[Item] = []
        size = 0
        for position in asked:
            if (limit is not None and len(page) == limit) or size >= self._page_bytes:
                break
            page.append(items[position])
            size += len(page[-1].events or b"")
        if without_events:
            page = [replace(item, events=None) for item in page]
        return Page(tuple(page), more=len(page) < len(asked))

    async def put(self, item: Item) -> Item | None:
        """Store an item where none is; where one is, change nothing and return that one."""
        items = self.items[item.workflow_id]
        if item.position in items:
            return items[item.position]
        items[item.position] = item
        return None

    async def extend(self, item: Item, expires_at: int) -> bool:
        """Keep an item until `expires_at`, if it still has the generation and the expiry that `item` has."""
        items = self.items[item.workflow_id]
        standing = items.get(item.position)
        if standing is None or (standing.generation, standing.expires_at) != (item.generation, item.expires_at):
            return False
        items[item.position] = replace(standing, expires_at=expires_at)
        return True

    async def delete(self, item: Item, *, expiring_by: int) -> bool:
        """Delete an item, if it still has `item`'s generation and expires by `expiring_by`; one that is gone counts."""
        items = self.items[item.workflow_id]
        standing = items.get(item.position)
        if standing is not None and (standing.generation != item.generation or standing.expires_at > expiring_by):
            return False
        items.pop(item.position, None)
        return True

    async def empty(self, items: Sequence[Item]) -> None:
        """Empty items in place, each that still has its generation: its events go, it is marked, all else stays."""
        for item in items:
            standing = self.items[item.workflow_id].get(item.position)
            if standing is not None and standing.generation == item.generation:
                self.items[item.workflow_id][item.position] = replace(standing, events=None, cleared=True)


class InMemoryNotifier:
    """A `Notifier` that keeps what it was asked to announce, in order."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []

    async def announce(self, batch: Batch) -> None:
        """Keep the batch."""
        self.batches.append(batch)


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
