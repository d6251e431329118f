"""Runs the load generator against a server, and reads what it measured."""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.processes import GENERATOR_CORE, pinned
from benchmarks.running import BUILD, Running

DRAIN_SECONDS = 4
SETTLE_SECONDS = 1
CONNECT_SECONDS = 60
"""The generator's own bound for connecting."""
SPARE_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Load:
    """What is published for a while: events a second of all streams together, events a notice, and seconds."""

    rate: float
    batch: int = 1
    seconds: float = 2.0

    def __str__(self) -> str:
        """As the generator reads it."""
        return f"{self.rate:g}x{self.batch}x{self.seconds:g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """How the clients connected; times in seconds unless named otherwise."""

    complete: bool
    clients: int
    open: int
    closed: int
    replay: int
    missing: int
    doubled: int
    seconds: float
    per_second: float
    cpu_us_each: float
    rss_before_kb: int
    rss_kb: int
    kb_each: float
    refused: int = 0
    """How often a client got another answer than 200; it asked again, or nothing was measured."""
    idle_cpu_us: float = 0.0
    """A second, with all clients connected and nothing published; 0 where it was not looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What came of one load."""

    sustained: bool
    rate: float
    batch: int
    seconds: float
    clients: int
    streams: int
    wanted: int
    delivered: int
    missing: int
    doubled: int
    closed: int
    per_second: float
    p50_us: int
    p99_us: int
    max_us: int
    events_a_read: float
    mb_per_second: float
    cpu_percent: float
    cpu_us_each: float
    generator_idle_percent: float
    most_posts_waiting: int
    posts_refused: int
    reconnected: int
    rss_kb: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One run of the generator."""

    connected: Connected
    stages: tuple[Stage, ...]


class Failed(Exception):
    """The generator measured nothing; its message says why."""


def measure(
    server: Running,
    loads: Sequence[Load],
    *,
    clients: int,
    streams: int = 1,
    replay: int = 0,
    idle_seconds: int = 0,
    options: Sequence[str] = (),
) -> Measured:
    """Run the generator once.

    Raises:
        Failed: clients could not connect, or it took too long.
    """
    command = pinned(
        GENERATOR_CORE,
        [
            str(BUILD / "sseload"),
            *("-p", str(server.port), "-q", str(server.posts_port), "-P", ",".join(map(str, server.pids))),
            *("-n", str(clients), "-c", str(streams), "-R", str(replay)),
            *("-D", str(DRAIN_SECONDS), "-m", str(SETTLE_SECONDS), "-i", str(idle_seconds)),
            *options,
            *map(str, loads),
        ],
    )
    limit = CONNECT_SECONDS + SPARE_SECONDS + idle_seconds + sum(load.seconds + DRAIN_SECONDS for load in loads)
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit, check=False)  # noqa: S603 - ours
    except subprocess.TimeoutExpired as error:
        raise Failed(f"not over after {limit:.0f} seconds") from error
    return _read(done.stdout, done.stderr)


def _read(output: str, complaints: str) -> Measured:
    lines = [json.loads(line) for line in output.splitlines()]
    phases = [line.pop("phase") for line in lines]
    if "connect" not in phases:
        raise Failed(complaints.strip() or "no output")
    connected = Connected(**lines[0])
    if not connected.complete:
        raise Failed(f"{connected.open:,} of {connected.clients:,} clients connected; {complaints.strip()}")
    return Measured(connected=connected, stages=tuple(Stage(**line) for line in lines[1:]))
