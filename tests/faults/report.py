"""What a storm came to: a table for people."""

from collections import Counter
from dataclasses import dataclass

from rich.table import Table

from tests.faults.delays import Delays
from tests.faults.plan import Kind
from tests.faults.verdict import Verdict

REASONS = ("cleared", "expired", "unknown")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A storm's outcome."""

    seed: int
    seconds: float
    faults: Counter[Kind]
    clients: int
    runs: int
    flushes: int
    events: int
    clears: int
    cleared: int
    """Events that clears have emptied."""
    verdict: Verdict
    delays: Delays

    @property
    def good(self) -> bool:
        """Whether the promise was kept, every kind of fault was injected, and every kind of gap was told."""
        told = all(self.verdict.gaps[reason] for reason in REASONS)
        return self.verdict.good and told and all(self.faults[kind] for kind in Kind)

    def tables(self) -> list[Table]:
        """Write it as tables."""
        faults = _table(f"Faults injected (seed {self.seed}, {self.seconds:.0f} s)")
        for kind in Kind:
            faults.add_row(kind.value, f"{self.faults[kind]:,}")
        outcome = _table("What came of it")
        verdict = self.verdict
        for name, value in (
            ("clients", self.clients),
            ("runs asked for", self.runs),
            ("flushes in the log", self.flushes),
            ("events appended", self.events),
            ("clears", self.clears),
            ("events that they emptied", self.cleared),
            ("deliveries checked", verdict.checked),
            ("lost", verdict.lost),
            ("doubled", verdict.doubled),
            ("reordered", verdict.reordered),
            ("altered", verdict.altered),
            ("heard though cleared", verdict.stale),
            *((f"gaps told: {reason}", verdict.gaps[reason]) for reason in REASONS),
            ("gaps or heads without reason", verdict.unjustified),
        ):
            outcome.add_row(name, f"{value:,}")
        for name, share in (("half of the deliveries within", 0.5), ("99 % within", 0.99), ("worst delay", 1.0)):
            outcome.add_row(name, f"{self.delays.within(share):.2f} s")
        return [faults, outcome]


def _table(title: str) -> Table:
    table = Table(title=title, title_justify="left", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    return table
