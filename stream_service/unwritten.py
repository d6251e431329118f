"""Which batches have come to a stream and are not written to its clients yet: by them, lag is known."""

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from tailrace.event import Batch, Position, WorkflowId

MAX_BATCHES = 1024
"""Further ones are not measured: a pass is behind by then, and those that are kept say how much."""


class Delivered(NamedTuple):
    """A batch without its events."""

    workflow_id: WorkflowId
    generation: str
    end: Position
    batch_id: str
    recorded_at: int
    """Epoch milliseconds."""
    traceparent: str | None


class Unwritten:
    """The batches between two passes."""

    def __init__(self) -> None:
        self._batches: deque[Delivered] = deque()

    def add(self, batch: Batch) -> None:
        """Note a batch that the next pass shall write; a clear has nothing to be written."""
        if not batch.cleared and len(self._batches) < MAX_BATCHES:
            self._batches.append(
                Delivered(
                    batch.workflow_id,
                    batch.generation,
                    batch.end,
                    batch.batch_id,
                    batch.recorded_at,
                    batch.traceparent,
                )
            )

    def up_to(self, position: Position) -> Iterator[Delivered]:
        """Yield the batches that end there or before, and forget them."""
        while self._batches and self._batches[0].end <= position:
            yield self._batches.popleft()

    def clear(self) -> None:
        """Forget all of them."""
        self._batches.clear()
