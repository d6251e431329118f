"""Notices for measurements: as the topic would carry them."""

import time
from collections.abc import Iterator

from tailrace.event import Batch, Event, Position, WorkflowId
from tailrace.notice import encode_notice

GENERATION = "bench"
PAYLOAD = '{"pad":"' + 190 * "x" + '"}'
"""200 bytes."""


def batch_at(position: int, *, workflow_id: str, count: int = 1) -> Batch:
    """A batch at a place of a stream."""
    return Batch(
        workflow_id=WorkflowId(workflow_id),
        generation=GENERATION,
        position=Position(position),
        count=count,
        events=tuple(Event("tick", PAYLOAD) for _ in range(count)),
        batch_id=f"{position}:0",
        recorded_at=int(time.time() * 1000),
    )


def notices(number: int, *, workflow_id: str, events_each: int = 1) -> Iterator[str]:
    """Notices of a stream from its beginning, as texts."""
    for index in range(number):
        yield encode_notice(batch_at(1 + index * events_each, workflow_id=workflow_id, count=events_each))
