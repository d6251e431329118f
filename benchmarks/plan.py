"""What is measured: cells, each one run of the generator against one server that was just started."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from benchmarks.generator import Load
from benchmarks.servers import FLOOR, NCHAN, SERVERS, TAILRACE, Server

CLIENTS = (1_000, 5_000, 10_000)
LIGHT = 20_000
"""Deliveries a second at which no server has to join events: there CPU per delivery is compared."""
SINGLE_LOADS = (LIGHT, 100_000, 500_000, 2_000_000)
BATCHED_LOADS = (100_000, 500_000, 2_000_000, 4_000_000)
LIGHT_SECONDS = 5
"""The kernel counts CPU in hundredths of a second, of which a light load takes few."""
HEAVY = 2_000_000
HEAVY_SECONDS = 5
"""A load is sustained where its last event comes within a tenth of its time: here half a second, which tells a server
that is late by some passes from one that falls behind."""
BATCH = 10
CALM = Load(10, seconds=3)
CALM_CLIENTS = 500
REPLAY = 100
REPLAY_CLIENTS = 2_000
GROWTH_CLIENTS = (100, 1_000, 10_000)
GROWTH_RATE = 40.0
"""Events a second to a client, at most: each is then written by itself."""
GROWTH_STREAMS = (1, 100, 1_000, 10_000)
STREAMS_LOADS = (Load(400, seconds=4), Load(4_000, seconds=2))
"""Of all streams together, however many there are."""
IDLE_SECONDS = 4


class Kind(StrEnum):
    """What a cell is for."""

    SINGLE = "single"  # one event a notice, load upon load until the server does not sustain it
    BATCHED = "batched"  # ten events a notice, the same
    CALM = "calm"  # a load that all sustain: latency
    ALONE = "alone"  # one client: latency with nothing to wait for
    REPLAY = "replay"  # connecting, with a replay
    GROWTH = "growth"  # cost of a delivery as clients become more
    STREAMS = "streams"  # the same as streams become more, each with one client


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One run of the generator."""

    kind: Kind
    server: Server
    clients: int
    streams: int = 1
    replay: int = 0
    idle_seconds: int = 0
    """In which nothing is published, to know what the clients cost by being there."""
    loads: tuple[Load, ...] = ()

    @property
    def name(self) -> str:
        """Unique in a pass."""
        return f"{self.kind}/{self.server.name}/{self.clients}"


def full_plan() -> tuple[Cell, ...]:
    """Every cell of a pass; servers take turns within each kind."""
    return (*_calm(), *_replay(), *_climbs(CLIENTS), *_growth())


def quick_plan() -> tuple[Cell, ...]:
    """A few cells, for a look."""
    return (*_calm(), *_replay(), *_climbs((1_000,)))


def light_plan() -> tuple[Cell, ...]:
    """Every cell with all its clients, and the least of its loads: whether all servers work, and nothing else."""
    return tuple(
        replace(cell, loads=tuple(Load(min(20.0, load.rate), load.batch, 1) for load in cell.loads[:1]))
        for cell in full_plan()
    )


def _calm() -> Iterator[Cell]:
    for server in SERVERS:
        yield Cell(kind=Kind.CALM, server=server, clients=CALM_CLIENTS, loads=(CALM,))
    for server in (TAILRACE, NCHAN, FLOOR):
        yield Cell(kind=Kind.ALONE, server=server, clients=1, loads=(CALM,))


def _replay() -> Iterator[Cell]:
    for server in SERVERS:
        if server.replays:
            yield Cell(kind=Kind.REPLAY, server=server, clients=REPLAY_CLIENTS, replay=REPLAY)


def _climbs(sizes: tuple[int, ...]) -> Iterator[Cell]:
    for clients in sizes:
        for kind, batch, loads in ((Kind.SINGLE, 1, SINGLE_LOADS), (Kind.BATCHED, BATCH, BATCHED_LOADS)):
            steps = tuple(_load(deliveries, clients, batch) for deliveries in loads)
            for server in SERVERS:
                yield Cell(kind=kind, server=server, clients=clients, loads=steps)


def _load(deliveries: int, clients: int, batch: int) -> Load:
    load = Load(deliveries / clients, batch)
    if deliveries >= HEAVY:
        return replace(load, seconds=HEAVY_SECONDS)
    return replace(load, seconds=LIGHT_SECONDS) if deliveries == LIGHT else load


def _growth() -> Iterator[Cell]:
    for clients in GROWTH_CLIENTS:
        load = Load(growth_rate(clients))
        yield Cell(kind=Kind.GROWTH, server=TAILRACE, clients=clients, idle_seconds=IDLE_SECONDS, loads=(load,))
    for streams in GROWTH_STREAMS:
        for server in (TAILRACE, NCHAN):
            yield Cell(
                kind=Kind.STREAMS,
                server=server,
                clients=streams,
                streams=streams,
                idle_seconds=IDLE_SECONDS,
                loads=STREAMS_LOADS,
            )


def growth_rate(clients: int) -> float:
    """Events a second to so many clients of one stream."""
    return min(GROWTH_RATE, LIGHT / clients)
