"""A storm: all clients of a stream come back at once, with the ids of their last events; how often the log is read."""

import json
import urllib.request

from benchmarks.generator import measure as run_generator
from benchmarks.paths import Numbers
from benchmarks.running import Running
from benchmarks.servers import TAILRACE
from benchmarks.tailrace_server import GENERATION

CLIENTS = 5_000
EVENTS = 300
MISSED_LITTLE = 50
MISSED_MUCH = 250
"""More than a new ring holds, so that the log is asked for what lies before."""


def measure(clients: int = CLIENTS) -> Numbers:
    """Measure once, with cursors that the ring knows, and with cursors that lie before it."""
    found: Numbers = {}
    for missed in (MISSED_LITTLE, MISSED_MUCH):
        reads, per_second = _storm(clients, missed)
        found[f"queries for {clients:,} clients that missed {missed} events"] = [reads]
        found[f"clients/s that are back, having missed {missed} events"] = [per_second]
    return found


def _storm(clients: int, missed: int) -> tuple[float, float]:
    with TAILRACE.running() as server:
        options = ("-e", str(missed), "-I", f"{GENERATION}-", "-w", str(clients))
        measured = run_generator(server, (), clients=clients, replay=EVENTS, options=options).connected
        if measured.missing or measured.doubled:
            raise RuntimeError(f"{measured.missing} events were missing, {measured.doubled} doubled.")
        return _reads(server), measured.per_second


def _reads(server: Running) -> float:
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/reads", timeout=10) as answer:
        return float(json.load(answer))
