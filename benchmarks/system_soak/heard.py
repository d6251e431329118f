"""What clients heard, judged as it comes and not kept, so that an hour of thousands of them fits into memory."""

import json
from array import array
from dataclasses import dataclass, field

from tests.faults.history import History


@dataclass(slots=True)
class Sums:
    """What all clients heard, since the soak began; `lags` since the last row."""

    delivered: int = 0
    lost: int = 0
    """Positions that were skipped, and in the end those that never came."""
    doubled: int = 0
    altered: int = 0
    """Events whose payload is not that of their position."""
    gaps: int = 0
    lags: "array[float]" = field(default_factory=lambda: array("d"))
    """Seconds from before an event was appended to its client."""

    @property
    def kept(self) -> bool:
        """Whether the promise was."""
        return not (self.lost or self.doubled or self.altered or self.gaps)


@dataclass(slots=True, kw_only=True)
class Heard(History):
    """One client's history, of which the last id alone is kept. It came when its stream was empty."""

    sums: Sums
    position: int = 0
    """Of the last event."""
    newest_id: str = ""

    def hear(self, event: str, data: str, event_id: str) -> None:
        """Judge a frame: each event is the next one."""
        position = int(event_id.rpartition("-")[2])
        self.newest_id = event_id
        if event == "$gap":
            self.sums.gaps += 1
        elif event == "$sync":
            self.sums.lost += max(0, position - self.position)
        elif position <= self.position:
            self.sums.doubled += 1
            return
        else:
            self._take(position, data)
        self.position = max(self.position, position)

    def _take(self, position: int, data: str) -> None:
        said = json.loads(data)
        self.sums.delivered += 1
        self.sums.lost += position - self.position - 1
        self.sums.altered += said["number"] != position
        self.sums.lags.append(self.now() - said["at"])

    @property
    def last_id(self) -> str:
        """What an EventSource sends as Last-Event-ID."""
        return self.newest_id
