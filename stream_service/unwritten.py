"""Which batches have come to a stream and are not written to its clients yet: by them, lag is known."""

from collections import deque
from collections.abc import Iterator

from tailrace.event import Batch, Position

MAX_BATCHES = 1024
"""Further ones are not measured: a pass is behind by then, and those that are kept say how much."""


class Unwritten:
    """The batches between two passes: where each ends, and when it got its place in the log."""

    def __init__(self) -> None:
        self._batches: deque[tuple[Position, int]] = deque()

    def add(self, batch: Batch) -> None:
        """Note a batch that the next pass shall write; a clear has nothing to be written."""
        if not batch.cleared and len(self._batches) < MAX_BATCHES:
            self._batches.append((batch.end, batch.recorded_at))

    def up_to(self, position: Position) -> Iterator[int]:
        """Forget the batches that end there or before; yields when they got their places, in epoch milliseconds."""
        while self._batches and self._batches[0][0] <= position:
            yield self._batches.popleft()[1]

    def clear(self) -> None:
        """Forget all of them."""
        self._batches.clear()
