"""What bounds a task's hub: how many clients, how much in memory, and how long it waits for whom."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much the hub may hold, and for how long; times in seconds."""

    connections: int = 20_000
    stream_connections: int | None = None
    """To one stream; None for as many as to all."""
    ring_events: int = 1_024
    ring_bytes: int = 4 * 1024 * 1024
    all_rings_bytes: int = 256 * 1024 * 1024
    linger: float = 30.0
    """How long a stream is kept after its last client has left."""
    patience: float = 60.0
    """How long a client may leave its socket full."""
