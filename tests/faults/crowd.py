"""Everybody who follows: real libraries through the front, sockets through it and past it, and the crowd."""

import asyncio
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress

from cli.ports import HOST
from tests.faults.auditor import caught_up
from tests.faults.clients import Client, Pace
from tests.faults.front import Front
from tests.faults.history import NO_CHANNELS, History
from tests.faults.library_clients import LibraryClient, libraries
from tests.faults.truth import EMPTY, Truth
from tests.faults.world import CROWDED, LARGE, SMALL, STREAMS, World

_EARLY = 3.0
_SLOTHS = 4
_VISITORS = 8
_FAR = 10**9
_STRANGE_CURSORS = ("zz9-5", "not an id", "m1a2b3c4-999999")


class Bell:
    """Rings when a client hears something from a stream service: that one is in the middle of a sweep then."""

    def __init__(self) -> None:
        self._waiting: dict[int, asyncio.Future[None]] = {}

    def ring(self, port: int) -> None:
        """Say that a service has just written to a client."""
        waiting = self._waiting.pop(port, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(None)

    async def wait(self, port: int, patience: float) -> None:
        """Wait for the next time, or for as long as patience lasts."""
        waiting = self._waiting.setdefault(port, asyncio.get_running_loop().create_future())
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(waiting), patience)


class Crowd:
    """All clients of a storm."""

    def __init__(self, world: World, *, front: Front, ports: Callable[[], list[int]], size: int) -> None:
        self.bell = Bell()
        self._world = world
        self._front = front
        self._ports = ports
        self._chance = world.chance("crowd")
        self.libraries = [
            LibraryClient(library, History(name=library, stream=stream), url=front.url)
            for library in libraries()
            for stream in (SMALL[0], LARGE)
        ]
        self.sockets = list(self._sockets())
        self.crowd = [self._client(f"one of the crowd, {number}", CROWDED, direct=True) for number in range(size)]
        self._sloths = [self._sloth(number) for number in range(_SLOTHS)]
        self._visitors = list(self._make_visitors())
        self._newcomers: list[Client] = []

    @property
    def everybody(self) -> Sequence[LibraryClient | Client]:
        """All clients."""
        return (*self.libraries, *self.sockets, *self._sloths, *self._visitors, *self.crowd, *self._newcomers)

    @property
    def histories(self) -> list[History]:
        """What everybody has heard."""
        return [each.history for each in self.everybody]

    async def follow(self, seconds: float) -> None:
        """Come, most soon and some in the course of so many seconds, and follow until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for each in self.everybody:
                late = each in self._visitors or self._chance.random() < 0.2
                tasks.create_task(_come(each, self._chance.uniform(0, seconds if late else _EARLY)))

    def invite_newcomers(self) -> None:
        """Let others be there when all is over, at every service and on every stream; they come by `follow_anew`."""
        self._newcomers = [
            self._client(f"newcomer of {asked or 'the newest'} at {port}", stream, port=port, asked=asked)
            for port in self._ports()
            for stream in STREAMS
            for asked in (None, "0-0")
        ]
        for each in self._newcomers:
            each.history.newcomer = True

    async def follow_anew(self) -> None:
        """Let the newcomers follow until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for each in self._newcomers:
                tasks.create_task(_come(each, 0.0))

    def wake(self) -> None:
        """Let those read who have read nothing all the time."""
        for each in self._sloths:
            each.pace = Pace.STEADY

    def behind(self, truths: Mapping[str, Truth]) -> list[History]:
        """Those who have not yet heard all that they shall hear."""
        return [each for each in self.histories if not caught_up(each, truths.get(each.stream, EMPTY))]

    def _sockets(self) -> Iterator[Client]:
        for stream in STREAMS:
            for number in range(6):
                yield self._client(f"socket {number}", stream)
            for number in range(2):
                yield self._client(f"socket past the front {number}", stream, direct=True, small=True)
            yield self._client("reader of one channel", stream, channels=frozenset({"a"}))
            yield self._client("reader of everything", stream, asked="0-0")
            yield self._client("reader of what is new", stream, wishes=[("replay", "0")])
            yield self._client("reader of a few, and of states", stream, wishes=[("replay", "3"), ("control", "1")])
        for number, cursor in enumerate(_STRANGE_CURSORS):
            yield self._client(f"stranger {number}", SMALL[1], asked=cursor)

    def _make_visitors(self) -> Iterator[Client]:
        """Clients that come with a cursor of long ago, some time: what follows it may have expired by then, or not."""
        for stream, newest in self._world.old.items():
            for number in range(_VISITORS):
                position = self._chance.randrange(newest.position)
                yield self._client(f"visitor {number}", stream, asked=f"{newest.generation}-{position}")
            yield self._client("visitor of the future", stream, asked=f"{newest.generation}-{_FAR}")

    def _sloth(self, number: int) -> Client:
        """A client that reads nothing behind the first bytes, until it is woken."""
        client = self._client(f"sloth {number}", LARGE, direct=True, small=True)
        client.pace = Pace.NOT_AT_ALL
        return client

    def _client(
        self,
        name: str,
        stream: str,
        *,
        direct: bool = False,
        port: int | None = None,
        small: bool = False,
        wishes: Sequence[tuple[str, str]] = (),
        asked: str | None = None,
        channels: frozenset[str] = NO_CHANNELS,
    ) -> Client:
        chance = self._world.chance(f"{name} {stream}")
        return Client(
            History(name=name, stream=stream, asked=asked, channels=channels),
            where=self._where(chance, direct=direct, port=port),
            chance=chance,
            small=small,
            wishes=wishes,
            heard_from=self.bell.ring,
        )

    def _where(self, chance: random.Random, *, direct: bool, port: int | None) -> Callable[[], str]:
        if not direct and port is None:
            return lambda: self._front.url
        return lambda: f"http://{HOST}:{port or chance.choice(self._ports())}"


async def _come(client: LibraryClient | Client, after: float) -> None:
    await asyncio.sleep(after)
    client.history.began = client.history.now()
    await client.run()
