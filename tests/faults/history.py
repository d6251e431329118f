"""What a client heard, from its first connection to its last; the auditor's one side."""

import time
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from sys import intern

from tests.support.sse import Frame

NO_CHANNELS: frozenset[str] = frozenset()


@dataclass(slots=True, kw_only=True)
class History:
    """All that one client heard, across all of its connections, in the order in which it heard it."""

    name: str
    stream: str
    channels: frozenset[str] = NO_CHANNELS
    """Those that it asked for; empty for all."""
    asked: str | None = None
    """The cursor that it first came with; later ones are the ids that it heard."""
    began: float = field(default_factory=time.time)
    heard: list[Frame] = field(default_factory=list)
    times: "array[float]" = field(default_factory=lambda: array("d"))
    """When each frame was heard, in epoch seconds."""
    connections: list[tuple[int, float]] = field(default_factory=list)
    """Of each connection: how many frames were heard before it, and when it began."""
    newcomer: bool = False
    """Whether it came when the storm was over, and everybody had heard everything."""
    dawdled: bool = False
    """Whether it did not always read at once: what it heard late says nothing about others' delays."""
    now: Callable[[], float] = time.time

    def connect(self) -> None:
        """Note that another connection begins."""
        self.connections.append((len(self.heard), self.now()))

    def hear(self, event: str, data: str, event_id: str) -> None:
        """Note a frame."""
        # Thousands of clients hear the same: one copy of each text is enough.
        self.heard.append(Frame(event=intern(event), data=intern(data), id=intern(event_id)))
        self.times.append(self.now())

    @property
    def last_id(self) -> str:
        """What an EventSource sends as Last-Event-ID; empty before the first frame."""
        return self.heard[-1].id if self.heard else ""
