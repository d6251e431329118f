"""The auditor compares what a client heard with what the log has held: nothing lost, doubled, out of order or altered.

It believes nobody: not what services say about themselves, not what writers were told, only the log and the frames.
What a clear or expiry has taken away must have been heard before, or be named by a `$gap` that says how it went.
"""

import json
import math
from collections import Counter
from itertools import pairwise
from typing import Any

from tailrace.event import BEGINNING, EventId
from tests.faults.history import History
from tests.faults.truth import Truth
from tests.faults.verdict import Verdict
from tests.support.sse import Frame

HEARSAY = 60.0
"""Seconds after which every stream service has heard of a clear, in a storm: one may be stopped, or cannot read."""


def audit(history: History, truth: Truth) -> Verdict:
    """Judge one client's history."""
    return _Audit(history, truth).judge()


def caught_up(history: History, truth: Truth) -> bool:
    """Whether a client has heard the last event that it shall hear; whatever else it should have heard."""
    last = truth.last_wanted(history.channels)
    if last == 0:
        return True
    position = next((_position(frame) for frame in reversed(history.heard) if frame.event != "$gap"), 0)
    return position >= last


class _Audit:
    def __init__(self, history: History, truth: Truth) -> None:
        self._history = history
        self._truth = truth
        self._verdict = Verdict()
        self._received: list[int] = []
        self._told: set[int] = set()
        """Positions that a `$gap` has declared lost."""
        self._cursor = history.asked or ""
        """What the client would come back with."""
        self._waits = True
        """Whether it was told at most that the stream is empty: what its cursor is worth shows later (rule 21)."""

    def judge(self) -> Verdict:
        for frame, at in zip(self._history.heard, self._history.times, strict=True):
            if frame.event == "$gap":
                self._judge_gap(frame, at)
            elif frame.event == "$sync":
                self._judge_sync(frame)
            else:
                self._judge_event(frame)
            self._waits = self._waits and _tells_empty(frame)
            self._cursor = frame.id
        self._judge_whole()
        self._judge_freshness()
        return self._verdict

    def _judge_event(self, frame: Frame) -> None:
        self._verdict.checked += 1
        place, position = EventId.parse(frame.id), _position(frame)
        recorded = self._truth.events.get(position)
        if place is None or place.generation != self._truth.generation or recorded is None:
            self._complain("altered", f"heard {frame.id}, which the log does not hold")
        elif (recorded.channel, recorded.payload) != (frame.event, frame.data):
            self._complain("altered", f"heard {frame.id} on {frame.event!r} with other words than the log's")
        elif self._history.channels and frame.event not in self._history.channels:
            self._complain("altered", f"heard {frame.id} on {frame.event!r}, for which it had not asked")
        else:
            self._received.append(position)

    def _judge_sync(self, frame: Frame) -> None:
        """A head that is told must be the log's, and let the client skip nothing that it should get."""
        place = EventId.parse(frame.id)
        kept = _tells_empty(frame) and frame.id == self._cursor
        if not kept and (place is None or not (place == BEGINNING or self._truth.holds(place))):
            self._complain("unjustified", f"was told the head {frame.id}, which the log does not know")

    def _judge_gap(self, frame: Frame, at: float) -> None:
        """A gap must say what the log says: what took all that stood between cursor and id, or what the cursor is."""
        said: dict[str, Any] = json.loads(frame.data)
        self._verdict.gaps[said["reason"]] += 1
        if self._waits and said["requested"] == self._history.asked:
            self._cursor = said["requested"]
        requested, end = EventId.parse(said["requested"]), _position(frame)
        if not self._stands_at(said["requested"]):
            self._complain("unjustified", f"was told a gap behind {said['requested']}, and stood at {self._cursor}")
        if said["reason"] == "unknown":
            if requested is not None and (requested == BEGINNING or self._truth.holds(requested)):
                self._complain("unjustified", f"was told that {self._cursor} is unknown, and the log knows it")
            self._told |= set(range(1, end + 1))
            return
        between = range((requested.position if requested else 0) + 1, end + 1)
        if self._history.channels and said["missed"] is not None:
            # What it had not asked for may stand in front of what is lost: it had been passed over, and is not counted.
            between = between[-said["missed"] :]
        self._judge_reason(said["reason"], between, at)
        if said["missed"] not in {None, len(between)}:
            self._complain("unjustified", f"was told that {said['missed']} are missing, of {len(between)}")
        self._told |= set(between)

    def _stands_at(self, requested: str) -> bool:
        """Whether the client stands at a cursor; one of a few channels may stand further on than it can know."""
        if requested == self._cursor:
            return True
        at, known = EventId.parse(requested), EventId.parse(self._cursor)
        if not self._history.channels or at is None or known is None:
            return False
        return at.generation == known.generation and at.position >= known.position

    def _judge_reason(self, reason: str, between: range, at: float) -> None:
        """All of it must have gone by then: by expiry, or some of it by a clear."""
        ways = [self._truth.lost_to(position, at) for position in between]
        told = f"was told that {between.start} to {between.stop - 1} are {reason}"
        if not all(ways) or not ways:
            self._complain("unjustified", f"{told}, and the log held some of it")
        elif reason == "expired" and not all("expired" in each for each in ways):
            self._complain("unjustified", f"{told}, and some of it was cleared")
        elif reason == "cleared" and not any("cleared" in each for each in ways):
            self._complain("unjustified", f"{told}, and none of it was")

    def _judge_whole(self) -> None:
        counts = Counter(self._received)
        self._judge_order(counts)
        start = self._start()
        marks = [position for position in self._truth.marks if position > start]
        for position in (*self._truth.wanted(self._history.channels, start), *marks):
            if position not in counts and position not in self._told:
                self._complain("lost", f"never heard {position}")

    def _judge_freshness(self) -> None:
        """Whoever comes when everybody has heard of a clear gets nothing that it has emptied."""
        grace = 0.0 if self._history.newcomer else HEARSAY
        connections = [*self._history.connections, (len(self._history.heard), math.inf)]
        for (first, began), (end, _) in pairwise(connections):
            for frame in self._history.heard[first:end]:
                event = self._truth.events.get(_position(frame))
                if event is not None and not frame.event.startswith("$") and event.cleared_at + grace < began:
                    self._complain("stale", f"came {began - event.cleared_at:.1f} s after {frame.id} was cleared")

    def _judge_order(self, counts: Counter[int]) -> None:
        for position, times in counts.items():
            if times > 1:
                self._complain("doubled", f"heard {position} {times} times", times - 1)
        highest, seen = 0, set[int]()
        for position in self._received:
            if position < highest and position not in seen:
                self._complain("reordered", f"heard {position} after {highest}")
            highest = max(highest, position)
            seen.add(position)

    def _start(self) -> int:
        """The position behind which the client is owed everything."""
        asked = EventId.parse(self._history.asked or "")
        if asked is not None and (asked == BEGINNING or self._truth.holds(asked)):
            return asked.position
        if not self._history.heard:
            return self._truth.head  # it never got so far as to have an id: nothing is owed yet
        first = self._history.heard[0]
        if _tells_empty(first):
            return 0
        return _position(first) - (not first.event.startswith("$"))

    def _complain(self, kind: str, what: str, times: int = 1) -> None:
        setattr(self._verdict, kind, getattr(self._verdict, kind) + times)
        self._verdict.complaints.append(f"{self._history.name} on {self._history.stream}: {kind}: {what}")


def _tells_empty(frame: Frame) -> bool:
    return frame.event == "$sync" and json.loads(frame.data)["head"] == str(BEGINNING)


def _position(frame: Frame) -> int:
    place = EventId.parse(frame.id)
    return place.position if place else 0
