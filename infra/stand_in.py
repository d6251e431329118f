"""The route by which the API answers in the stream service's place: how often it may be asked.

A client that gets 429 from it is an EventSource that never comes back, and all clients of a stage may come at once.
"""

import math
from dataclasses import dataclass

from infra.config import StreamServiceConfig

STAND_IN_PATH = "/pipelines/{workflow_id}/sse"
BACK_WITHIN_SECONDS = 4.0
"""Streams tell their clients to come back after 1 to 5 s: so long lasts the wave of those that were cut in a moment."""
AGAIN_AFTER_SECONDS = 30.0
"""And the stand-in, after 15 to 45 s: on average, so long."""
ROOM = 1.25
"""Waves are not even, and API Gateway keeps its throttles only about."""
ACCOUNT_RATE, ACCOUNT_BURST = 10_000, 5_000
"""What API Gateway admits of an account in a region, of all its APIs together, unless it is asked for more."""


@dataclass(frozen=True, slots=True)
class StandInThrottle:
    """Requests a second for long, and at once."""

    rate: int
    burst: int

    @classmethod
    def of(cls, streams: StreamServiceConfig) -> "StandInThrottle":
        """Admit every client that the stage may have, in their first wave and then again and again."""
        clients = streams.streams_per_task * streams.max_tasks
        burst = min(clients, ACCOUNT_BURST)
        rate = max(clients / AGAIN_AFTER_SECONDS, (clients - burst) / BACK_WITHIN_SECONDS)
        return cls(min(math.ceil(ROOM * rate), ACCOUNT_RATE), burst)
