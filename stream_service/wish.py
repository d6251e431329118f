"""What a client asked for, read and checked: the hub knows neither requests nor queries."""

import math
from dataclasses import dataclass

DEFAULT_REPLAY = 100
MAX_REPLAY = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a client asked for."""

    cursor: str | None = None
    """As the client sent it; None where it sent none."""
    replay: int = DEFAULT_REPLAY
    channels: frozenset[str] = frozenset()
    """Empty for all of them."""
    control: bool = False
    aged_at: float = math.inf
    """When the stream has been open for as long as one may, on the clock whose time the hub's ticks bring."""
    until: float = math.inf
    """When the stream ends, on the clock whose time the hub's ticks bring."""
