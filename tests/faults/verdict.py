"""What an auditor found, and the sum of what several have found."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True, kw_only=True)
class Verdict:
    """What the auditor found; `complaints` says each fault in words."""

    checked: int = 0
    """Deliveries that were compared with the log."""
    lost: int = 0
    doubled: int = 0
    reordered: int = 0
    altered: int = 0
    """Events that the log does not hold as the client heard them, or that the client had not asked for."""
    stale: int = 0
    """Events that were heard over connections which began long after a clear had emptied them."""
    gaps: Counter[str] = field(default_factory=Counter)
    """How many were told, by reason."""
    unjustified: int = 0
    """Gaps, or heads, that were told without need or wrongly."""
    complaints: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Whether the promise was kept."""
        return not self.complaints

    def add(self, other: "Verdict") -> None:
        """Count another's findings too."""
        for name in ("checked", "lost", "doubled", "reordered", "altered", "stale", "gaps", "unjustified"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.complaints += other.complaints
