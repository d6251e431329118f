"""Compares the streams that are watched with the log, in turn, at a pace that a task can afford (the log's rule 19).

A sweep costs a task about a thousandth of a second of a core, and a read of the log: with thousands of streams, sweeps
at a fixed interval would be most of what it does. So there is a number of sweeps a second, and an interval that grows
with the streams.
"""

import asyncio
import random
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain

from stream_service.hub import Hub
from stream_service.pulse import Pulse
from tailrace.event import WorkflowId

LONGEST_SECONDS = 60.0
"""Between two sweeps of a stream, however many there are: what the log's rules allow."""
MOST_UNDERWAY = 64
"""Sweeps that are asked of the log and not answered. A stream that is being swept keeps its notices waiting, so that
it had better wait for its sweep than within it."""
TURN_SECONDS = 0.25
LIST_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often streams are swept: every so many seconds while that is at most so many sweeps a second."""

    every: float = 15.0
    per_second: float = 10.0
    degraded_every: float = 2.0
    """While notices are in doubt."""
    degraded_per_second: float = 50.0

    def interval(self, streams: int, *, hurried: bool) -> float:
        """Between two sweeps of each of so many streams; at most a minute, which is then the sweeps' number."""
        every, per_second = (
            (self.degraded_every, self.degraded_per_second) if hurried else (self.every, self.per_second)
        )
        return max(every, min(LONGEST_SECONDS, streams / per_second))


class Sweeper:
    """Goes round all watched streams, evenly; faster while notices may fail, and once round after they may have."""

    def __init__(
        self,
        hub: Hub,
        pulse: Pulse,
        *,
        pace: Pace,
        underway: Callable[[], int],
        jitter: Callable[[], float] = lambda: random.uniform(0.75, 1.25),  # noqa: S311 - jitter, not a secret
    ) -> None:
        """`underway` says how many sweeps the log has not answered yet; `jitter` is about 1."""
        self._hub = hub
        self._pulse = pulse
        self._pace = pace
        self._underway = underway
        self._jitter = jitter
        self._rota: OrderedDict[WorkflowId, None] = OrderedDict()  # who waits longest is first
        self._listed_at = float("-inf")
        self._doubted = 0  # of those at the front, notices may have been lost
        self._allowed = 0.0
        self._now: float | None = None

    def all_in_doubt(self) -> None:
        """Compare every stream soon: notices may have been lost."""
        self._list()
        self._doubted = len(self._rota)

    async def run(self) -> None:
        """Sweep for ever."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(min(TURN_SECONDS, self._pace.degraded_every))
            self.sweep_due(loop.time())

    def sweep_due(self, now: float) -> None:
        """Sweep the streams whose turn has come."""
        if now >= self._listed_at + LIST_SECONDS:
            self._listed_at = now
            self._list()
        if self._pulse.degraded:
            self._doubted = len(self._rota)
        self._allow(now)
        while self._allowed >= 1 and self._underway() < MOST_UNDERWAY:
            self._sweep_next()

    def _list(self) -> None:
        """Drop from the rota who is not watched any more; put newcomers last: they have just been read."""
        watched = self._hub.watched()
        held = frozenset(watched)
        self._rota = OrderedDict.fromkeys(chain((each for each in self._rota if each in held), watched))

    def _allow(self, now: float) -> None:
        """Let sweeps gather as time goes by, but for no more than about a second."""
        elapsed, self._now = now - (now if self._now is None else self._now), now
        streams = len(self._rota)
        a_second = streams / self._pace.interval(streams, hurried=self._doubted > 0)
        self._allowed = min(self._allowed + elapsed * a_second * self._jitter(), 1 + a_second, streams)

    def _sweep_next(self) -> None:
        workflow_id, _ = self._rota.popitem(last=False)
        self._rota[workflow_id] = None
        self._allowed -= 1
        if not self._pulse.degraded:  # else its next event may be lost already
            self._doubted = max(0, self._doubted - 1)
        self._hub.sweep(workflow_id)
