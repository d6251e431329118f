"""What came of a soak, as one table."""

from dataclasses import dataclass, field

from benchmarks.markdown import markdown
from benchmarks.system_soak.heard import Sums
from benchmarks.system_soak.rolling import Held

GROWTH_MB = 25.0
"""From the first task that was replaced to the last: each held about as many clients for about as long."""
SPARE_DESCRIPTORS = 150
"""Beyond one for each client: SQS, SNS, DynamoDB, and those who just connect."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A stretch of the soak; sums are since its beginning."""

    seconds: float
    delivered: int
    lost: int
    doubled: int
    came_back: int
    replaced: int
    lags: tuple[float, ...]
    """Sorted, of this stretch."""
    held: tuple[Held, ...]
    """What each task held at its end."""

    def cells(self) -> list[str]:
        """As text."""
        return [
            f"{self.seconds:.0f}",
            f"{self.delivered:,}",
            _milliseconds(self.lags, 0.50),
            _milliseconds(self.lags, 0.99),
            f"{self.lost:,}",
            f"{self.doubled:,}",
            f"{self.came_back:,}",
            f"{self.replaced}",
            " + ".join(f"{held.clients:,}" for held in self.held),
            " + ".join(f"{held.memory_mb:.0f}" for held in self.held),
            " + ".join(f"{held.descriptors:,}" for held in self.held),
        ]


def _milliseconds(lags: tuple[float, ...], share: float) -> str:
    return f"{1000 * lags[int(share * (len(lags) - 1))]:.0f}" if lags else "-"


@dataclass(slots=True, kw_only=True)
class Report:
    """All of it."""

    rows: list[Row] = field(default_factory=list)
    sums: Sums = field(default_factory=Sums)
    replaced: list[Held] = field(default_factory=list)
    audited: int = 0
    complaints: list[str] = field(default_factory=list)

    @property
    def growth_mb(self) -> float:
        """By how much more memory the last replaced task held than the first."""
        return self.replaced[-1].memory_mb - self.replaced[0].memory_mb if self.replaced else 0.0

    @property
    def failures(self) -> list[str]:
        """What was not as it must be."""
        found = list(self.complaints)
        sums = self.sums
        if not sums.kept:
            found.append(f"{sums.lost} lost, {sums.doubled} doubled, {sums.altered} altered, {sums.gaps} gaps")
        if not sums.delivered:
            found.append("nothing was delivered")
        if self.growth_mb > GROWTH_MB:
            found.append(f"a task's memory grew by {self.growth_mb:.0f} MB, {GROWTH_MB:g} at most are allowed")
        held = [each for row in self.rows for each in row.held]
        if (spare := max((each.descriptors - each.clients for each in held), default=0)) > SPARE_DESCRIPTORS:
            found.append(f"a task held {spare} descriptors that were no clients'")
        return found

    def table(self) -> str:
        """One table of all stretches."""
        head = ["seconds", "delivered", "p50 ms", "p99 ms", "lost", "doubled", "came back", "deploys"]
        return markdown([*head, "clients", "memory MB", "descriptors"], (row.cells() for row in self.rows))
