"""The seam between the hub and the sockets: what the hub may do to a connection, and hears from it."""

from typing import Protocol


class Connection(Protocol):
    """A client's end. Whoever makes one calls the subscription's `pause`, `resume` and `leave` as the socket fares."""

    def write(self, data: bytes) -> None:
        """Send whole frames, in order; may call the subscription's `pause` before it returns."""

    def end(self) -> None:
        """End the response politely, behind what was written."""

    def abort(self) -> None:
        """Cut the connection."""
