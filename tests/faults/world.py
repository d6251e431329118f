"""What all parts of a storm share: names, addresses, chance, and the tally."""

import random
from dataclasses import dataclass, field

from cli.running_system import RunningSystem
from tailrace.event import EventId
from tailrace.event_log import EventLog
from tests.faults.chronicle import Chronicle
from tests.faults.plan import chance_for
from tests.faults.runs import Run
from tests.faults.tally import Tally

SMALL = ("p_storm_one", "p_storm_two", "p_storm_three")
"""Streams of small events."""
LARGE = "p_storm_large"
"""A stream of events that fill rings, sockets and pages."""
CROWDED = "p_storm_crowded"
"""A stream that thousands follow."""
CLEARED = (*SMALL, LARGE, CROWDED)
"""Streams that are cleared now and then."""
AGING = "p_storm_aging"
"""A stream that nobody clears: what it loses has expired."""
STREAMS = (*CLEARED, AGING)
AGED = (SMALL[0], LARGE, CROWDED, AGING)
"""Streams that hold old events when the storm begins; the others are empty."""


@dataclass(slots=True, kw_only=True)
class World:
    """A storm's surroundings."""

    seed: int
    system: RunningSystem
    """Its address is AWS's own, with no proxy before it."""
    log: EventLog
    """For the auditor, who reads what AWS holds."""
    chronicle: Chronicle
    tally: Tally = field(default_factory=Tally)
    runs: list[Run] = field(default_factory=list)
    old: dict[str, EventId] = field(default_factory=dict)
    """The newest of the events that a stream held before the storm."""
    clears: int = 0
    """How many were said to have succeeded."""

    def chance(self, actor: str) -> random.Random:
        """A generator of an actor's own."""
        return chance_for(self.seed, actor)
