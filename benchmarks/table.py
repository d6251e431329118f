"""The tables: Markdown, for the terminal and for docs/performance.md alike."""

from collections.abc import Iterator

from benchmarks import absent, summary
from benchmarks.generator import Measured
from benchmarks.goals import goals
from benchmarks.markdown import NOTHING, markdown, number, short
from benchmarks.paths.report import tables as path_tables
from benchmarks.plan import (
    CALM_CLIENTS,
    CLIENTS,
    GROWTH_CLIENTS,
    GROWTH_STREAMS,
    REPLAY_CLIENTS,
    STREAMS_LOADS,
    Kind,
    growth_rate,
)
from benchmarks.results import Results
from benchmarks.servers import NCHAN, SERVERS, TAILRACE, Server
from benchmarks.spread import Spread


def everything(results: Results) -> str:
    """All tables of a run."""
    parts = [rates(results), costs(results), faults(results), growth(results), reached(results)]
    if results.paths:
        parts.append(path_tables(results.paths))
    return "\n" + "\n".join(parts) + "\n" + "".join(f"Left out: {line}\n" for line in absent.lines(results))


def rates(results: Results) -> str:
    """Deliveries a second."""
    columns = [(kind, clients) for kind in (Kind.SINGLE, Kind.BATCHED) for clients in CLIENTS]
    head = [
        "deliveries a second",
        *(f"{clients:,} x {'1' if kind == Kind.SINGLE else '10'}" for kind, clients in columns),
    ]
    rows = (
        [server.title, *(_climb(results, kind, server.name, clients) for kind, clients in columns)]
        for server in _measured(results)
    )
    return markdown(head, rows)


def costs(results: Results) -> str:
    """What a delivery, a wait and a connection cost."""
    head = ["", "p50 ms", "p99 ms", "µs CPU, 1,000", "µs CPU, 5,000", "KB idle", "connects/s", "with replay"]
    return markdown(head, (_costs_of(results, server) for server in _measured(results)))


def _costs_of(results: Results, server: Server) -> list[str]:
    name = server.name

    def shown(spread: Spread | None, kind: Kind, clients: int) -> str:
        return number(spread) if spread else absent.word(results, kind, name, clients)

    replay = summary.connecting(results, name, lambda connected: connected.per_second, replay=True)
    memory = summary.connecting(results, name, lambda connected: connected.kb_each)
    connects = summary.connecting(results, name, lambda connected: connected.per_second)
    return [
        server.title,
        shown(summary.calm_p50(results, name), Kind.CALM, CALM_CLIENTS),
        shown(summary.calm_p99(results, name), Kind.CALM, CALM_CLIENTS),
        *(shown(summary.cpu_per_delivery(results, name, count), Kind.SINGLE, count) for count in (1_000, 5_000)),
        shown(memory, Kind.SINGLE, summary.IDLE_CLIENTS),
        shown(connects, Kind.SINGLE, summary.IDLE_CLIENTS),
        shown(replay, Kind.REPLAY, REPLAY_CLIENTS) if server.replays else absent.NO_REPLAY,
    ]


def faults(results: Results) -> str:
    """What went wrong."""
    head = ["in all passes", "missing", "doubled", "closed", "too late", "cells without a result"]
    rows = []
    for server in _measured(results):
        found = summary.faults(results, server.name)
        counts = (found.missing, found.doubled, found.closed, found.late, found.failed)
        rows.append([server.title, *(f"{count:,}" for count in counts)])
    return markdown(head, rows)


def growth(results: Results) -> str:
    """How the cost of a delivery changes with clients and streams."""
    return _more_clients(results) + "\n" + _more_streams(results)


def _more_clients(results: Results) -> str:
    head = ["µs CPU a delivery, one stream", *(f"{clients:,} clients" for clients in GROWTH_CLIENTS)]
    costs = (summary.growth(results, Kind.GROWTH, TAILRACE.name, count, growth_rate(count)) for count in GROWTH_CLIENTS)
    return markdown(head, [[TAILRACE.title, *map(number, costs)]])


def _more_streams(results: Results) -> str:
    head = [
        "µs CPU a delivery, a client to each stream",
        *(f"{count:,} stream{'s' if count > 1 else ''}" for count in GROWTH_STREAMS),
    ]
    rows = []
    for load in STREAMS_LOADS:
        for server in (TAILRACE, NCHAN):
            costs = (summary.growth(results, Kind.STREAMS, server.name, count, load.rate) for count in GROWTH_STREAMS)
            rows.append([f"{server.title}, {load.rate:,.0f} events/s", *map(number, costs)])
    for server in (TAILRACE, NCHAN):
        costs = (summary.idle(results, Kind.STREAMS, server.name, count) for count in GROWTH_STREAMS)
        rows.append([f"{server.title}, none: µs a second", *map(number, costs)])
    return markdown(head, rows)


def reached(results: Results) -> str:
    """What was to be reached."""
    head = ["goal", "bound", "measured", ""]
    rows = []
    for goal in goals(results):
        bound = f"{'at least' if goal.least else 'at most'} {goal.bound:g}"
        measured = NOTHING if goal.reached is None else f"{goal.reached:.3g}"
        rows.append(
            [
                goal.text,
                bound,
                measured,
                "met" if goal.met else "not measured" if goal.reached is None else "**not met**",
            ]
        )
    return markdown(head, rows)


def brief(measured: Measured) -> str:
    """A run of the generator in a line."""
    connected = measured.connected
    parts = [f"{connected.per_second:,.0f} connects/s"]
    for stage in measured.stages:
        load = f"{stage.rate:g}x{stage.batch}"
        lost = stage.wanted - stage.delivered
        note = "" if stage.sustained else f"*, {lost:,} not delivered"
        parts.append(
            f"{load}: {short(stage.per_second)}/s {stage.cpu_percent:.0f} % p99 {stage.p99_us / 1000:.1f} ms{note}"
        )
    return "  ".join(parts)


def _climb(results: Results, kind: Kind, server: str, clients: int) -> str:
    climbed = summary.climb(results, kind, server, clients)
    if climbed is None:
        return absent.word(results, kind, server, clients)
    core = f"{climbed.cpu_percent.median:.0f} %"
    return f"{number(climbed.per_second)}{'*' if climbed.saturated else ''} {core}"


def _measured(results: Results) -> Iterator[Server]:
    for server in SERVERS:
        if any(entry.server == server.name for entry in results.entries):
            yield server
