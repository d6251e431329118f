"""Events that a client can't be given any more: told once, when it is known what follows."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Loss:
    """Events between a cursor and what follows that can't be had."""

    reason: str
    """As `$gap` says it: expired, cleared or unknown."""
    requested: str
    """The cursor that the client came with, or had by then."""
    missed: int | None
    """How many events they are; None where nobody can say."""

    def plus(self, more: "Loss") -> "Loss":
        """Join what was lost right behind it: to the client that is one gap, and unknown if its cursor was."""
        reason = "cleared" if self.reason != "unknown" and more.reason == "cleared" else self.reason
        missed = None if self.missed is None or more.missed is None else self.missed + more.missed
        return Loss(reason, self.requested, missed)
