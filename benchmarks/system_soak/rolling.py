"""Two stream services that are replaced again and again, as a deploy does it: let go first, and then told to stop."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.services import Service
from tests.support.stream_process import (
    exit_code,
    expect,
    interrupt,
    metric,
    resident_bytes,
    stream_service,
    with_port,
)
from tests.support.target_group import DRAINING, HEALTHY, TargetGroup, target_group

TASKS = 2
_MB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Held:
    """What a task holds at a moment."""

    clients: int
    memory_mb: float
    descriptors: int


@dataclass(slots=True)
class Task:
    """A running stream service, and what its load balancer says of it."""

    service: Service
    group: TargetGroup
    stack: AsyncExitStack

    def held(self) -> Held:
        """Look."""
        pid = self.service.child.pid
        return Held(
            clients=int(metric(self.service, "connections")),
            memory_mb=resident_bytes(self.service) / _MB,
            descriptors=len(list(Path(f"/proc/{pid}/fd").iterdir())),
        )


@dataclass(slots=True, kw_only=True)
class Rolling:
    """The tasks that take clients, the oldest first, and what became of those that were replaced."""

    environment: Mapping[str, str]
    chance: random.Random
    tasks: list[Task] = field(default_factory=list)
    replaced: list[Held] = field(default_factory=list)
    """What each held when it was let go."""
    complaints: list[str] = field(default_factory=list)
    connects: int = 0

    def where(self) -> str:
        """Where a client shall connect, as a load balancer would choose."""
        self.connects += 1
        return self.chance.choice(self.tasks).service.url

    async def replace_oldest(self) -> None:
        """Start another, let the oldest go, and stop it once its streams have moved."""
        await self.grow()
        old = self.tasks.pop(0)
        self.replaced.append(await asyncio.to_thread(old.held))
        old.group.health = DRAINING
        await expect(old.service, "its streams had moved", lambda: metric(old.service, "connections") == 0)
        interrupt(old.service)
        if (code := await exit_code(old.service)) != 0:
            self.complaints.append(f"a stream service ended with {code}")
        self.complaints += _cut(old.service)
        await old.stack.aclose()

    async def grow(self) -> None:
        """Start one more task, and let clients come when it is ready."""
        stack = AsyncExitStack()
        group = stack.enter_context(target_group())
        group.health = HEALTHY
        service = await stack.enter_async_context(stream_service(with_port({**self.environment, **group.environment})))
        self.tasks.append(Task(service, group, stack))


def _cut(service: Service) -> list[str]:
    """Whether its drain had to cut clients."""
    ends = [json.loads(line) for line in service.output if '"drain_ended"' in line]
    return [f"{end['cut']} clients were cut" for end in ends if end["cut"]] or ([] if ends else ["no drain was logged"])


@asynccontextmanager
async def rolling(environment: Mapping[str, str], *, chance: random.Random) -> AsyncIterator[Rolling]:
    """Run the tasks until the context ends."""
    fleet = Rolling(environment=environment, chance=chance)
    try:
        for _ in range(TASKS):
            await fleet.grow()
        yield fleet
    finally:
        for task in fleet.tasks:
            await task.stack.aclose()
