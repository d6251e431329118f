"""Who makes streams grow: callers of the API, writers of their own, and runs that Lambda tries later."""

import asyncio
import random
from collections.abc import Iterator
from contextlib import suppress

import httpx

from lambdas.workflow_api.invocation import LaterRun
from tailrace.errors import LogUnavailable
from tailrace.event import Event, EventId, WorkflowId
from tailrace.event_log import EventLog
from tailrace.notice import NoticeFailed
from tailrace.sns import SnsNotifier
from tests.faults.functions import Api, LaterFunction
from tests.faults.runs import Run, run_payload
from tests.faults.world import AGING, CROWDED, LARGE, SMALL, World

_PATIENCE = 40.0
_LARGE_EVENTS = (1, 3)
_LARGE_BYTES = (5_000, 30_000)
_STREAMS = (*[SMALL[0]] * 5, SMALL[1], SMALL[2], LARGE, CROWDED, AGING)
"""One is appended to by many at once."""
_UNANNOUNCED = 0.1
"""The share of runs whose writer is gone before it can announce them."""


class Writer:
    """Asks for runs at times of its own, until it is told to stop; then it ends what it has begun."""

    def __init__(self, name: str, world: World, *, pause: float) -> None:
        self.name = name
        self.world = world
        self.chance = world.chance(name)
        self._pause = pause
        self._runs = 0
        self._stop = asyncio.Event()

    async def work(self) -> None:
        """Ask for runs."""
        while not self._stop.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), self.chance.expovariate(1 / self._pause))
                return
            run, size = self._next_run()
            await self.flush(run, size)
            run.accepted = True

    def stop(self) -> None:
        """Begin nothing any more."""
        self._stop.set()

    async def flush(self, run: Run, size: int) -> None:
        """See to it that a run's events get into the log, however often that has to be tried."""
        raise NotImplementedError

    def _next_run(self) -> tuple[Run, int]:
        self._runs += 1
        stream = self.chance.choice(_STREAMS)
        if stream == LARGE:
            events, size = self.chance.randint(*_LARGE_EVENTS), self.chance.randint(*_LARGE_BYTES)
        else:
            events, size = self.chance.randint(1, 5), self.chance.randint(0, 40)
        run = Run(name=f"{self.name}-{self._runs}", stream=stream, events=events)
        self.world.runs.append(run)
        return run, size


class Caller(Writer):
    """Posts to the API, with an Idempotency-Key; posts again, with the same, until it is told of success."""

    def __init__(self, name: str, world: World, *, pause: float, api: Api) -> None:
        super().__init__(name, world, pause=pause)
        self._api = api

    async def flush(self, run: Run, size: int) -> None:
        """Post until the answer is a success; a workflow that sends too much would never be."""
        async with httpx.AsyncClient(trust_env=False, timeout=_PATIENCE) as client:
            while True:
                pause = self.chance.uniform(0.2, 1.0)
                with suppress(httpx.TransportError):
                    answer = await self._post(client, run, size)
                    if answer.is_success:
                        assert answer.json()["sent"]["count"] == run.events, answer.text
                        return
                    assert answer.status_code == 409 or answer.is_server_error, answer.text
                    pause = min(float(answer.headers.get("Retry-After", pause)), 2.0)
                await asyncio.sleep(pause)

    async def _post(self, client: httpx.AsyncClient, run: Run, size: int) -> httpx.Response:
        return await client.post(
            f"{self._api.url}/pipelines/{run.stream}/events",
            json={"run": run.name, "events": run.events, "size": size},
            headers={"Authorization": f"Bearer {self.world.system.api_key}", "Idempotency-Key": run.name},
        )


class DirectWriter(Writer):
    """Appends by itself, and announces; at times it is gone in between."""

    def __init__(self, name: str, world: World, *, pause: float, log: EventLog, notifier: SnsNotifier) -> None:
        super().__init__(name, world, pause=pause)
        self._log = log
        self._notifier = notifier

    async def flush(self, run: Run, size: int) -> None:
        """Append, and announce."""
        stream = WorkflowId(run.stream)
        floor = await self._floor(stream)
        while True:
            with suppress(LogUnavailable):
                batches = await self._log.append(
                    stream, tuple(_events(run, size, self.chance)), batch_id=run.name, floor=floor
                )
                break
        if self.chance.random() < _UNANNOUNCED:
            return
        for batch in batches:
            with suppress(NoticeFailed):
                await self._notifier.announce(batch)

    async def _floor(self, stream: WorkflowId) -> EventId:
        while True:
            with suppress(LogUnavailable):
                return await self._log.floor(stream)


class LaterCaller(Writer):
    """Has Lambda run a workflow later."""

    def __init__(self, name: str, world: World, *, pause: float, function: LaterFunction, log: EventLog) -> None:
        super().__init__(name, world, pause=pause)
        self._function = function
        self._log = log

    async def flush(self, run: Run, size: int) -> None:
        """Wait until Lambda has got through with it; the floor was fixed before, or the first try looks for it."""
        stream = WorkflowId(run.stream)
        asked = {"run": run.name, "events": run.events, "size": size}
        later = LaterRun(
            workflow_id=stream,
            trace_id=run.name,
            trigger_event={"body": asked},
            floor=await self._log.floor(stream) if self.chance.random() < 0.5 else None,
        )
        await self._function.run(later.to_event())


def _events(run: Run, size: int, chance: random.Random) -> Iterator[Event]:
    for place in range(run.events):
        fill = chance.randbytes(size).hex()
        yield Event.of("ab"[place % 2], run_payload(run.name, place, fill))
