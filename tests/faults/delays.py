"""How long events took from the log to clients."""

from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from tests.faults.history import History
from tests.faults.truth import EMPTY, Truth
from tests.support.sse import Frame


@dataclass(frozen=True, slots=True, kw_only=True)
class Delays:
    """The delays of a storm, in seconds; of clients that always read at once, and of events that came after them."""

    seconds: "array[float]"
    """In ascending order."""
    worst: str
    """Who waited longest, and for what."""

    @classmethod
    def of(cls, histories: Iterable[History], truths: Mapping[str, Truth]) -> "Delays":
        """Compare when clients heard events with when the log took them."""
        seconds, longest, worst = array("d"), 0.0, "nobody waited"
        for history in histories:
            for delay, frame in _delays_of(history, truths.get(history.stream, EMPTY)):
                seconds.append(delay)
                if delay > longest:
                    longest, worst = delay, f"{history.name} on {history.stream}, for {frame.id}: {delay:.2f} s"
        return cls(seconds=array("d", sorted(seconds)), worst=worst)

    def within(self, share: float) -> float:
        """The time within which this share of the deliveries was made."""
        count = len(self.seconds)
        return self.seconds[min(count - 1, int(share * count))] if count else 0.0


def _delays_of(history: History, truth: Truth) -> Iterator[tuple[float, Frame]]:
    if history.dawdled:
        return
    for frame, heard_at in zip(history.heard, history.times, strict=True):
        recorded = truth.events.get(int(frame.id.rpartition("-")[2]))
        if not frame.event.startswith("$") and recorded is not None and recorded.recorded_at > history.began:
            yield heard_at - recorded.recorded_at, frame
