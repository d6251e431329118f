"""What one core of the stream service does, as measured: the newest results where there are any."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from benchmarks import summary
from benchmarks.generator import Connected
from benchmarks.results import Results
from benchmarks.servers import TAILRACE

CLIENTS = 5_000
SWEEP_US = 1_200.0
SWEEP_SOURCE = (
    "measured by `make bench`, but by hand: the CPU time of 400 calls of `EventLog.head()`,\n"
    "one after another, with boto3 and a server on loopback that answers at once: 1,050 to 1,230 µs in three runs on\n"
    "the same machine"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """CPU in microseconds of one core."""

    write_us: float
    """A write to a client: an event, a batch of them, or a keepalive."""
    notice_us: float
    """A notice, from SQS's client to the hub."""
    connection_kb: float
    """Memory of an open stream, without its ring."""
    connects_a_second: float
    """Clients that one core accepts."""
    source: str
    sweep_us: float = SWEEP_US
    """A comparison of a stream with the log."""


BEFORE = Figures(
    write_us=10.1,
    notice_us=185.0,
    connection_kb=2.0,
    connects_a_second=3_042,
    source="a study on two virtual cores of an AMD EPYC, made before this code was written; the notice's figure by "
    "`benchmarks/paths/through_sqs.py` on the same machine",
)
"""For a tree without results."""


def read(path: Path) -> Figures:
    """Take what `make bench` has measured; what it has not, from before."""
    return figures_of(Results.read(path)) if path.exists() else BEFORE


def figures_of(results: Results) -> Figures:
    """Medians over all passes."""
    write = summary.cpu_per_delivery(results, TAILRACE.name, CLIENTS)
    notices = results.paths.get("Notices in through SQS", {}).get("µs of CPU for one of those", [])
    measured = {
        "write_us": write.median if write else None,
        "notice_us": median(notices) if notices else None,
        "connection_kb": _connecting(results, lambda connected: connected.kb_each),
        "connects_a_second": _connecting(results, lambda connected: connected.per_second),
    }
    known = {name: value for name, value in measured.items() if value is not None}
    missing = sorted(measured.keys() - known.keys())
    source = f"`make bench`, {str(results.about['began'])[:10]}, {results.about['machine']['processor']}"
    if missing:
        source += f"; {', '.join(missing)}: {BEFORE.source}"
    return replace(BEFORE, **known, source=source)


def _connecting(results: Results, value: Callable[[Connected], float]) -> float | None:
    spread = summary.connecting(results, TAILRACE.name, value)
    return spread.median if spread else None
