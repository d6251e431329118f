"""`make soak-alone`: one service delivers for as long as asked while clients come and go, and its memory stays flat.

Each client is checked through all its connections: it comes back with the id of its last event, and goes on there.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.generator import Failed, Load, Stage, measure
from benchmarks.markdown import markdown, short
from benchmarks.servers import TAILRACE
from benchmarks.tailrace_server import GENERATION

CLIENTS = 500
STREAMS = 10
FILLED = 1_500
"""Events of each stream that are there before: the table that stands for the log is full then, and grows no more."""
BACK = 100
"""How many of them a client gets when it first connects."""
RATE = 200.0
"""Events a second, of all streams together."""
RECONNECTS = 50.0
"""Clients a second that go and come back, half of them cut."""
ROWS = 12
LONGEST_ROW_SECONDS = 300.0
WARM_UP = 0.25
"""The part of a soak in which memory may still grow: rings fill."""
GROWTH_MB = 8.0
_KB = 1024


@dataclass(frozen=True, slots=True)
class Soak:
    """What came of a soak: what its clients saw, stretch by stretch."""

    stages: tuple[Stage, ...]

    @property
    def lost(self) -> int:
        """Deliveries that were wanted, and did not come."""
        return sum(stage.wanted - stage.delivered for stage in self.stages)

    @property
    def doubled(self) -> int:
        """Events that came twice to a client."""
        return sum(stage.doubled for stage in self.stages)

    @property
    def growth_mb(self) -> float:
        """By how much memory grew from the end of the warm-up on."""
        warm = self.stages[int(len(self.stages) * WARM_UP)]
        return (self.stages[-1].rss_kb - warm.rss_kb) / _KB

    @property
    def failures(self) -> list[str]:
        """What was not as it must be."""
        found = []
        if self.lost or self.doubled:
            found.append(f"{self.lost:,} deliveries were lost and {self.doubled:,} doubled")
        if any(stage.closed for stage in self.stages):
            found.append("the server closed connections")
        if self.growth_mb > GROWTH_MB:
            found.append(f"memory grew by {self.growth_mb:.1f} MB, {GROWTH_MB:g} at most are allowed")
        return found

    def table(self) -> str:
        """One table of all stretches."""
        head = ["seconds", "deliveries", "per second", "lost", "doubled", "came back", "p99 ms", "memory MB"]
        return markdown(head, (self._row(index) for index in range(len(self.stages))))

    def _row(self, index: int) -> list[str]:
        stage = self.stages[index]
        return [
            f"{sum(each.seconds for each in self.stages[: index + 1]):.0f}",
            f"{stage.delivered:,}",
            short(stage.per_second),
            f"{stage.wanted - stage.delivered:,}",
            f"{stage.doubled:,}",
            f"{stage.reconnected:,}",
            f"{stage.p99_us / 1000:.1f}",
            f"{stage.rss_kb / _KB:.1f}",
        ]


def soak(seconds: float) -> Soak:
    """Soak a service that was just started.

    Raises:
        Failed: the generator measured nothing.
    """
    row = min(seconds / ROWS, LONGEST_ROW_SECONDS)
    loads = [Load(RATE, seconds=row)] * max(1, round(seconds / row))
    # All stretches are gone through, also behind one that was late: what counts here is what arrives.
    options = ("-e", str(BACK), "-I", f"{GENERATION}-", "-k", f"{RECONNECTS:g}", "-a", "-y")
    with TAILRACE.running() as server:
        measured = measure(server, loads, clients=CLIENTS, streams=STREAMS, replay=FILLED, options=options)
        return Soak(measured.stages)


def main(arguments: Sequence[str]) -> int:
    """Soak for some minutes, and say how it went."""
    try:
        done = soak(60 * float(arguments[0]))
    except Failed as failure:
        sys.stdout.write(f"Failed: {failure}\n")
        return 1
    sys.stdout.write(done.table())
    sys.stdout.write(
        "".join(f"Failed: {failure}.\n" for failure in done.failures) or "Nothing lost, nothing doubled.\n"
    )
    return 1 if done.failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
