"""What streams hold before a storm, as old as events can be; and DynamoDB's TTL, which removes them one by one.

The old batches were appended, by the product's own writers, when the clock showed a time so long ago that their
retention ends in the course of the storm. What the emulator does not do, to delete what has expired, is done here: when
it pleases, in any order, and never the whole of it at once.
"""

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from tailrace.attributes import TTL_ATTRIBUTE
from tailrace.event import Event, EventId, WorkflowId
from tailrace.event_log import EventLog
from tailrace.log_reader import RETENTION
from tailrace.table import Table
from tests.faults.plan import Kind, Planned
from tests.faults.runs import Run, run_payload
from tests.faults.waiting import until_done
from tests.faults.world import AGED, LARGE, World
from tests.support.aws import AwsClients

_BEFORE = 0.15
"""The share of old batches that have expired before the storm begins."""
_EVERY = 10.0
"""Seconds between the ends of two old batches of a stream."""
_LEAST = 24
_EVENTS = 3
_LARGE_BYTES = 8_000
_LEFT = 0.3
"""The share of what has expired that is left for a later time."""
_PATIENCE = 120.0


async def append_old_events(world: World, table: Table, *, ends: Sequence[float]) -> None:
    """Append old batches whose time ends in so many seconds each, and younger ones behind them."""
    for stream in AGED:
        for number, end in enumerate(ends):
            await _append(world, table, f"old {number}", stream, ago=RETENTION.total_seconds() - end)
        # Nobody appends behind a tail that is about to expire: that would begin a new life of the stream.
        for name, ago in (("not so old", RETENTION.total_seconds() / 2), ("young", 0.0)):
            await _append(world, table, name, stream, ago=ago)


def _clock(seconds_ago: float) -> Callable[[], float]:
    return lambda: time.time() - seconds_ago


def ends_within(seconds: float) -> list[float]:
    """Say when old batches shall expire in a storm of so many seconds: some before it begins, the last at its end."""
    count = max(_LEAST, round(seconds / _EVERY))
    return [seconds * (number / count - _BEFORE) / (1 - _BEFORE) for number in range(1, count + 1)]


async def _append(world: World, table: Table, name: str, stream: str, *, ago: float) -> None:
    """Append a run's events by a clock that is so many seconds behind."""
    run = Run(name=name, stream=stream, events=_EVENTS, accepted=True)
    fill = "0" * (_LARGE_BYTES if stream == LARGE else 0)
    events = [Event.of("ab"[place % 2], run_payload(name, place, fill)) for place in range(_EVENTS)]
    log = EventLog(table=table, now=_clock(ago))
    (batch,) = await log.append(WorkflowId(stream), events, batch_id=name)
    world.runs.append(run)
    world.old[stream] = EventId(batch.generation, batch.end)


class Expiry:
    """Deletes what has expired."""

    def __init__(self, world: World, *, aws: AwsClients) -> None:
        self._world = world
        self._aws = aws
        self._table = world.system.event_log_table

    async def inject(self, planned: Planned) -> bool:
        """Delete some of what has expired, once there is some; False where that is not what is planned."""
        if planned.kind is not Kind.BATCHES_EXPIRED:
            return False
        await until_done(partial(self._delete_some, planned), patience=_PATIENCE)
        return True

    def _delete_some(self, planned: Planned) -> bool:
        chance = planned.chance
        expired = [key for stream in AGED for key in self._expired(stream)]
        chosen = chance.sample(expired, round(len(expired) * (1 - _LEFT)))
        self._world.tally.count(planned.kind, sum(self._delete(key) for key in chosen))
        return bool(chosen)

    def _expired(self, stream: str) -> list[dict[str, Any]]:
        """The keys of a stream's items whose time is over."""
        pages = self._aws.dynamodb.get_paginator("query").paginate(
            TableName=self._table,
            ConsistentRead=True,
            KeyConditionExpression="workflow_id = :stream",
            FilterExpression="#expires_at <= :now",
            ExpressionAttributeNames={"#expires_at": TTL_ATTRIBUTE, "#position": "position"},
            ExpressionAttributeValues={":stream": {"S": stream}, ":now": {"N": str(int(time.time()))}},
            ProjectionExpression="workflow_id, #position",
        )
        return [key for page in pages for key in page["Items"]]

    def _delete(self, key: dict[str, Any]) -> bool:
        """Delete an item; False where another deletion was faster."""
        try:
            self._aws.dynamodb.delete_item(
                TableName=self._table,
                Key=key,
                ConditionExpression="#expires_at <= :now",
                ExpressionAttributeNames={"#expires_at": TTL_ATTRIBUTE},
                ExpressionAttributeValues={":now": {"N": str(int(time.time()))}},
            )
        except self._aws.dynamodb.exceptions.ConditionalCheckFailedException:
            return False
        return True
