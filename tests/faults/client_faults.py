"""Injects what befalls clients and their connections: resets, silence, slowness, absence."""

import asyncio

from tests.faults.clients import Client, Pace
from tests.faults.crowd import Crowd
from tests.faults.front import Front
from tests.faults.plan import Kind, Planned
from tests.faults.world import World

_STRUCK = 0.3
"""The share of clients, or of connections, that is struck at once."""
_SILENCE = (5.0, 15.0)
_SLOWNESS = (5.0, 20.0)
_ABSENCE = (0.2, 4.0)


class ClientFaults:
    """The faults of clients."""

    def __init__(self, world: World, *, front: Front, crowd: Crowd) -> None:
        self._world = world
        self._front = front
        self._crowd = crowd

    async def inject(self, planned: Planned) -> bool:
        """Inject a fault, and wait until it is over; False where it is not of clients."""
        match planned.kind:
            case Kind.CONNECTION_RESET:
                self._reset(planned)
            case Kind.CONNECTION_HALF_OPEN:
                await self._go_dead(planned)
            case Kind.CLIENT_SLOW:
                await self._dawdle(planned, Pace.SLOW)
            case Kind.CLIENT_STALLED:
                await self._dawdle(planned, Pace.NOT_AT_ALL)
            case Kind.CLIENT_VANISHED:
                self._vanish(planned)
            case _:
                return False
        return True

    def _reset(self, planned: Planned) -> None:
        for connection in self._front.some(planned.chance, _share(len(self._front.open))):
            connection.cut_in_frame(lambda: self._world.tally.count(planned.kind))

    async def _go_dead(self, planned: Planned) -> None:
        """Carry nothing any more; the client finds out after a while, the service by itself or never."""
        dead = self._front.some(planned.chance, _share(len(self._front.open)))
        for connection in dead:
            connection.go_dead()
            self._world.tally.count(planned.kind)
        await asyncio.sleep(planned.chance.uniform(*_SILENCE))
        for connection in dead:
            connection.reset_client()

    async def _dawdle(self, planned: Planned, pace: Pace) -> None:
        chosen = self._some_clients(planned)
        for client in chosen:
            client.pace = pace
            self._world.tally.count(planned.kind)
        await asyncio.sleep(planned.chance.uniform(*_SLOWNESS))
        for client in chosen:
            client.pace = Pace.STEADY

    def _vanish(self, planned: Planned) -> None:
        for client in self._some_clients(planned):
            if client.vanish(planned.chance.uniform(*_ABSENCE)):
                self._world.tally.count(planned.kind)
        for library in planned.chance.sample(self._crowd.libraries, 2):
            if library.vanish():
                self._world.tally.count(planned.kind)

    def _some_clients(self, planned: Planned) -> list[Client]:
        """Some of the sockets, and of the crowd."""
        sockets, crowd = self._crowd.sockets, self._crowd.crowd
        return [
            *planned.chance.sample(sockets, _share(len(sockets))),
            *planned.chance.sample(crowd, _share(len(crowd)) // 3),
        ]


def _share(count: int) -> int:
    return max(1, round(count * _STRUCK)) if count else 0
