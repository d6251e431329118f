"""What the passes of a cell say together: medians, with the least and the most beside them."""

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.generator import Connected, Stage
from benchmarks.plan import CALM_CLIENTS, LIGHT, REPLAY_CLIENTS, Kind
from benchmarks.results import Results
from benchmarks.spread import Spread

IDLE_CLIENTS = 5_000
"""Where memory and connecting are looked at."""


@dataclass(frozen=True, slots=True)
class Climb:
    """The most deliveries a second that a server reached, and how much of its core that took."""

    per_second: Spread
    cpu_percent: Spread
    saturated: bool
    """Whether a load was offered that it did not sustain."""


def climb(results: Results, kind: Kind, server: str, clients: int) -> Climb | None:
    """Sum up the climbs of a server: it is offered load upon load, until one is too much."""
    passes = [measured.stages for measured in results.of(kind, server, clients) if measured.stages]
    best = [max(stages, key=lambda stage: stage.per_second) for stages in passes]
    rates, cpu = Spread.of(stage.per_second for stage in best), Spread.of(stage.cpu_percent for stage in best)
    if rates is None or cpu is None:
        return None
    return Climb(rates, cpu, saturated=not all(stages[-1].sustained for stages in passes))


def calm(results: Results, server: str, clients: int, value: Callable[[Stage], float]) -> Spread | None:
    """A number of the load that all sustain; of one client alone, where `clients` is 1."""
    kind = Kind.ALONE if clients == 1 else Kind.CALM
    return Spread.of(value(measured.stages[0]) for measured in results.of(kind, server, clients) if measured.stages)


def calm_p50(results: Results, server: str) -> Spread | None:
    """Median latency at the load that all sustain, in milliseconds."""
    return calm(results, server, CALM_CLIENTS, lambda stage: stage.p50_us / 1000)


def calm_p99(results: Results, server: str) -> Spread | None:
    """The 99th percentile of the same."""
    return calm(results, server, CALM_CLIENTS, lambda stage: stage.p99_us / 1000)


def cpu_per_delivery(results: Results, server: str, clients: int) -> Spread | None:
    """Microseconds of the server's CPU for a delivery, where each event is written by itself."""
    return Spread.of(
        stage.cpu_us_each
        for measured in results.of(Kind.SINGLE, server, clients)
        for stage in measured.stages
        if stage.rate * clients <= LIGHT
    )


def growth(results: Results, kind: Kind, server: str, clients: int, rate: float) -> Spread | None:
    """Microseconds of CPU that a delivery adds, at so many events a second, to what idle clients cost."""
    return Spread.of(
        stage.cpu_us_each - measured.connected.idle_cpu_us * stage.seconds / stage.delivered
        for measured in results.of(kind, server, clients)
        for stage in measured.stages
        if stage.rate == rate and stage.delivered
    )


def idle(results: Results, kind: Kind, server: str, clients: int) -> Spread | None:
    """Microseconds of CPU a second while all clients are connected and nothing is published."""
    return Spread.of(measured.connected.idle_cpu_us for measured in results.of(kind, server, clients))


def connecting(
    results: Results, server: str, value: Callable[[Connected], float], *, replay: bool = False
) -> Spread | None:
    """A number of the clients' connecting, without or with a replay."""
    kind, clients = (Kind.REPLAY, REPLAY_CLIENTS) if replay else (Kind.SINGLE, IDLE_CLIENTS)
    return Spread.of(value(measured.connected) for measured in results.of(kind, server, clients))


@dataclass(slots=True)
class Faults:
    """What went wrong for clients in all passes of a server."""

    missing: int = 0
    """Events that were skipped: a later one came instead."""
    doubled: int = 0
    closed: int = 0
    """Connections that the server closed, or answered with another status than 200."""
    late: int = 0
    """Deliveries that had not come some seconds behind a stage's end."""
    failed: int = 0
    """Cells in which nothing could be measured."""


def faults(results: Results, server: str) -> Faults:
    """Add up."""
    found = Faults()
    for entry in results.entries:
        if entry.server != server:
            continue
        if entry.measured is None:
            found.failed += 1
            continue
        parts: list[Connected | Stage] = [entry.measured.connected, *entry.measured.stages]
        found.missing += sum(part.missing for part in parts)
        found.doubled += sum(part.doubled for part in parts)
        found.closed += max(part.closed for part in parts) + entry.measured.connected.refused
        found.late += sum(stage.wanted - stage.delivered - stage.missing for stage in entry.measured.stages)
    return found
