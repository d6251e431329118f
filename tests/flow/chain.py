"""The whole system as a test sees it: requests go in at one end, frames come out at the other."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx

from cli.running_system import RunningSystem
from tailrace.event import Event, WorkflowId
from tailrace.event_log import EventLog
from tests.support.services import Service
from tests.support.streams import PATIENCE

Send = tuple[str, object]
"""A channel and a payload."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """An API and two stream services over one log and one topic."""

    system: RunningSystem
    api: Service
    tasks: tuple[Service, Service]
    log: EventLog
    fresh: Iterator[str]

    @property
    def url(self) -> str:
        """Where streams are followed, where it does not matter from which task."""
        return self.tasks[0].url

    def workflow(self) -> str:
        """A workflow whose stream nobody has used."""
        return next(self.fresh)

    async def post(
        self, workflow_id: str, body: dict[str, Any], *, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """Run a workflow."""
        url = f"{self.api.url}/pipelines/{workflow_id}/events"
        authorization = {"Authorization": f"Bearer {self.system.api_key}"}
        async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as client:
            return await client.post(url, json=body, headers={**authorization, **(headers or {})})

    async def send(self, workflow_id: str, *sends: Send) -> dict[str, Any]:
        """Run a workflow that sends these, and return what its answer says was sent."""
        answer = await self.post(workflow_id, {"events": sends})
        assert answer.status_code == 200, answer.text
        sent: dict[str, Any] = answer.json()["sent"]
        assert sent["count"] == len(sends)
        return sent

    async def send_numbers(self, workflow_id: str, numbers: Sequence[int]) -> dict[str, Any]:
        """Run a workflow that sends numbers."""
        return await self.send(workflow_id, *(("c", number) for number in numbers))

    async def append(self, workflow_id: str, count: int) -> None:
        """Put events into the log that nobody announces, as if they had been sent long ago."""
        events = [Event.of("c", number) for number in range(count)]
        for begin in range(0, count, 50):
            await self.log.append(WorkflowId(workflow_id), events[begin : begin + 50], batch_id=uuid4().hex)

    async def recorded(self, workflow_id: str) -> list[tuple[str, str]]:
        """All that the log holds of a stream: ids and payloads."""
        found: list[tuple[str, str]] = []
        position, more = 1, True
        while more:
            reading = await self.log.read(WorkflowId(workflow_id), position)
            for batch in reading.batches:
                found += [
                    (f"{batch.generation}-{batch.position + place}", event.payload)
                    for place, event in enumerate(batch.events)
                ]
            position, more = reading.next, reading.more
        return found
