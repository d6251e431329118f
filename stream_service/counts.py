"""What the hub did since it began, as numbers for people."""

from dataclasses import dataclass, field
from enum import StrEnum


class End(StrEnum):
    """Why a client's stream ended."""

    LEFT = "left"
    """The client went, or the way to it broke."""
    SLOW = "slow"
    """It did not read for too long, and was cut."""
    EXPIRED = "expired"
    """Its token's time was up."""
    AGE = "age"
    """It had been open for as long as a stream may."""
    DRAIN = "drain"
    """The task was about to stop."""
    FULL = "full"
    """There was no room: the client was asked to come again, and got nothing."""
    SHARE = "share"
    """Its address or its token's subscriber has as many streams as one may, or asks too often: the same, for longer."""


@dataclass(slots=True)
class Counts:
    """Every client that came is in `opened`, and then either in `connections` or in `ended`."""

    connections: int = 0
    """Clients that follow now."""
    opened: int = 0
    ended: dict[End, int] = field(default_factory=lambda: dict.fromkeys(End, 0))
    deliveries: int = 0
    """Events written to clients."""
    notices_taken: int = 0
    notices_seen: int = 0
    notices_unwatched: int = 0
    holes_repaired: int = 0
    """Holes before a notice, or behind a tail, that a reading of the log has filled."""
    holes_unresolved: int = 0
    """Holes that a reading left, or that were skipped: the log does not hold what was announced, or not any more."""
    rings_shrunk: int = 0

    def begin(self) -> None:
        """Count a client that follows from now on."""
        self.connections += 1
        self.opened += 1

    def end(self, why: End) -> None:
        """Count a client that follows no more."""
        self.connections -= 1
        self.ended[why] += 1

    def turn_away(self, why: End) -> None:
        """Count a client that came, and was asked to come again."""
        self.opened += 1
        self.ended[why] += 1
