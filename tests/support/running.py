"""Runs workflows in memory: what a test of the runner stands on."""

from dataclasses import dataclass, field
from typing import Any

from tailrace import Pd, Workflow
from tailrace.event import EventId
from tailrace.event_log import EventLog
from tailrace.in_memory import InMemoryNotifier, InMemoryTable
from tailrace.response import Response
from tailrace.runner import RunResult, StepError, Trigger, run


@dataclass(slots=True)
class Bench:
    """A workflow to give steps to, and a log and notices in memory to run it with."""

    workflow: Workflow = field(default_factory=lambda: Workflow("p_mine"))
    table: InMemoryTable = field(default_factory=InMemoryTable)
    notifier: InMemoryNotifier = field(default_factory=InMemoryNotifier)

    async def go(self, event: dict[str, Any] | None = None, **options: object) -> RunResult:
        """Run the workflow; each run is a process of its own, which remembers no tail."""
        arguments: dict[str, Any] = {"log": EventLog(table=self.table), "notifier": self.notifier, **options}
        return await run(self.workflow, Trigger(event=event or {}), **arguments)

    async def head(self) -> EventId | None:
        """The newest id in the log."""
        return await EventLog(table=self.table).head(self.workflow.id)


def sent(result: RunResult) -> list[tuple[str, str]]:
    """What a run delivered: channels and payloads, as JSON text."""
    return [(event.channel, event.payload) for batch in result.batches for event in batch.events]


def tick(pd: Pd) -> object:
    """A step that sends one event."""
    return pd.send.sse(channel="ticks", payload=1)


def failure(result: RunResult) -> StepError:
    """Why a run ended early."""
    assert result.error is not None
    return result.error


def answer(result: RunResult) -> Response:
    """What a run said to its caller."""
    assert result.response is not None
    return result.response
