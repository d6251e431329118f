"""What Tailrace shall reach beside the others, as ratios of medians from one run, and whether it does."""

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks import summary
from benchmarks.plan import CLIENTS, GROWTH_CLIENTS, GROWTH_STREAMS, STREAMS_LOADS, Kind, growth_rate
from benchmarks.results import Results
from benchmarks.servers import COALESCING_FLOOR, FLOOR, NCHAN, PUSHPIN, SSE_STARLETTE, TAILRACE, Server
from benchmarks.spread import Spread

US = TAILRACE.name
_RATES = ((1_000, NCHAN, 4), (1_000, PUSHPIN, 6), (1_000, SSE_STARLETTE, 15))
STREAMS_COMPARED = 100
"""Of one stream, events come so close together at these rates that a write takes several."""
FLAT = 1.25
"""What a delivery may cost where clients or streams are most, beside where they are a hundred, and still be flat."""
_RATES_OF_MANY = ((5_000, NCHAN, 6), (5_000, SSE_STARLETTE, 25), (10_000, NCHAN, 6))


@dataclass(frozen=True, slots=True)
class Goal:
    """Something to reach; `reached` is None where it was not measured."""

    text: str
    least: bool
    bound: float
    reached: float | None

    @property
    def met(self) -> bool:
        """Whether it is reached."""
        if self.reached is None:
            return False
        return self.reached >= self.bound if self.least else self.reached <= self.bound


def goals(results: Results) -> tuple[Goal, ...]:
    """Every goal."""
    return (*_rates(results), *_cpu(results), *_latency(results), *_connections(results), *_growth(results))


def _ratio(ours: Spread | None, theirs: Spread | None) -> float | None:
    return ours.median / theirs.median if ours and theirs and theirs.median else None


def _rates(results: Results) -> Iterator[Goal]:
    for clients, other, bound in (*_RATES, *_RATES_OF_MANY):
        text = f"deliveries a second, {clients:,} clients, beside {other.title}"
        yield Goal(text, True, bound, _climb_ratio(results, Kind.SINGLE, clients, other))
    for clients in CLIENTS:
        text = f"the same with 10 events a notice, {clients:,} clients, beside {COALESCING_FLOOR.title}"
        yield Goal(text, True, 0.9, _climb_ratio(results, Kind.BATCHED, clients, COALESCING_FLOOR))


def _climb_ratio(results: Results, kind: Kind, clients: int, other: Server) -> float | None:
    ours, theirs = (summary.climb(results, kind, name, clients) for name in (US, other.name))
    return _ratio(ours.per_second, theirs.per_second) if ours and theirs else None


def _cpu(results: Results) -> Iterator[Goal]:
    for clients in (1_000, 5_000):
        ours = summary.cpu_per_delivery(results, US, clients)
        for other, bound in ((FLOOR, 1.5), (NCHAN, 1.0)):
            theirs = summary.cpu_per_delivery(results, other.name, clients)
            text = f"CPU for a delivery, {clients:,} clients, beside {other.title}"
            yield Goal(text, False, bound, _ratio(ours, theirs))


def _latency(results: Results) -> Iterator[Goal]:
    for name, latency in (("p50", summary.calm_p50), ("p99", summary.calm_p99)):
        for other, bound in ((NCHAN, 1.2), (SSE_STARLETTE, 0.4)):
            text = f"{name} at 500 clients x 10/s, beside {other.title}"
            yield Goal(text, False, bound, _ratio(latency(results, US), latency(results, other.name)))
    alone = summary.calm(results, US, 1, lambda stage: stage.p50_us / 1000)
    yield Goal("milliseconds from the post to one client's socket, p50", False, 2, alone.median if alone else None)


def _connections(results: Results) -> Iterator[Goal]:
    memory = summary.connecting(results, US, lambda connected: connected.kb_each)
    yield Goal("KB for an idle connection", False, 4, memory.median if memory else None)
    for other, bound, replay in ((NCHAN, 2, True), (SSE_STARLETTE, 8, True), (SSE_STARLETTE, 3, False)):
        ours, theirs = (
            summary.connecting(results, name, lambda connected: connected.per_second, replay=replay)
            for name in (US, other.name)
        )
        text = f"connections a second {'with a replay of 100' if replay else 'without a replay'}, beside {other.title}"
        yield Goal(text, True, bound, _ratio(ours, theirs))


def _growth(results: Results) -> Iterator[Goal]:
    few, most = (
        summary.growth(results, Kind.GROWTH, US, clients, growth_rate(clients))
        for clients in (min(GROWTH_CLIENTS), max(GROWTH_CLIENTS))
    )
    text = f"CPU for a delivery, {max(GROWTH_CLIENTS):,} clients of a stream beside {min(GROWTH_CLIENTS):,}"
    yield Goal(text, False, FLAT, _ratio(most, few))
    for load in STREAMS_LOADS:
        few, most = (
            summary.growth(results, Kind.STREAMS, US, streams, load.rate)
            for streams in (STREAMS_COMPARED, max(GROWTH_STREAMS))
        )
        text = (
            f"the same, {max(GROWTH_STREAMS):,} streams beside {STREAMS_COMPARED:,}, {load.rate:,.0f} events a second"
        )
        yield Goal(text, False, FLAT, _ratio(most, few))
