"""`python -m cli.rescue RESTORED LOG`: puts back into the event log what a restored table still has of it.

A restored table ends where the log once ended. Taken for the log itself, it would have positions given away twice,
whose ids clients hold already: so items are copied, and only where that is safe. docs/operations.md tells when.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from tailrace.dynamodb import DynamoDBTable, dynamodb_client
from tailrace.event import Position, WorkflowId
from tailrace.table import Item, Table, newest_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CLOSED = 1_000_000
"""Positions behind a restored tail that are given to nobody: more than can have been lost."""
_MARK = "rescue:0"
_DAY = 24 * 3_600


class Outcome(Enum):
    """What was done with a stream."""

    COMPLETED = "completed"
    REVIVED = "closed behind its tail, and copied"
    LEFT = "left alone, since it has begun anew"


@dataclass(frozen=True, slots=True)
class Rescued:
    """A stream, and how many of its items were put back."""

    workflow_id: WorkflowId
    outcome: Outcome
    items: int


async def rescue(
    restored: Table, log: Table, workflow_id: WorkflowId, *, retention_days: int, now: Callable[[], float] = time.time
) -> Rescued:
    """Put back what the log lacks of one stream, while no run appends to it; may be called again."""
    tail, standing = await newest_item(restored, workflow_id), await newest_item(log, workflow_id)
    if tail is None or not await _is_same_life(restored, standing):
        return Rescued(workflow_id, Outcome.LEFT, 0)
    outcome = Outcome.COMPLETED
    if standing is None or standing.position < tail.position:
        # The closing first: once it stands, nobody can append where clients have heard something else.
        await log.put(_closing(tail, now(), retention_days))
        outcome = Outcome.REVIVED
    return Rescued(workflow_id, outcome, await _copy(restored, log, workflow_id))


async def _is_same_life(restored: Table, standing: Item | None) -> bool:
    """Whether the log's tail, if there is one, stands behind the restored items, or among them as they are."""
    if standing is None:
        return True
    before = await newest_item(restored, standing.workflow_id, last=standing.position)
    if before is None or before.generation != standing.generation:
        return False
    return (
        before.batch_id == standing.batch_id if before.position == standing.position else before.end < standing.position
    )


def _closing(tail: Item, now: float, retention_days: int) -> Item:
    return Item(
        workflow_id=tail.workflow_id,
        position=Position(tail.end + 1),
        generation=tail.generation,
        count=CLOSED,
        batch_id=_MARK,
        recorded_at=max(tail.recorded_at, int(now * 1000)),
        expires_at=max(tail.expires_at, int(now) + retention_days * _DAY),
        events=None,
        cleared=True,
    )


async def _copy(restored: Table, log: Table, workflow_id: WorkflowId) -> int:
    copied, first, more = 0, 1, True
    while more:
        page = await restored.query(workflow_id, first=first)
        for item in page.items:
            copied += await log.put(item) is None
            first = item.end + 1
        more = page.more
    return copied


def streams_of(client: "DynamoDBClient", table_name: str) -> list[WorkflowId]:
    """Every stream that a table has something of; reads all of it."""
    pages = client.get_paginator("scan").paginate(TableName=table_name, ProjectionExpression="workflow_id")
    return sorted({WorkflowId(item["workflow_id"]["S"]) for page in pages for item in page["Items"]})


async def _rescue_all(arguments: argparse.Namespace) -> None:
    client = dynamodb_client()
    restored, log = (DynamoDBTable(client=client, table_name=name) for name in (arguments.restored, arguments.log))
    for workflow_id in streams_of(client, arguments.restored):
        done = await rescue(restored, log, workflow_id, retention_days=arguments.retention_days)
        sys.stdout.write(f"{done.workflow_id}: {done.outcome.value}, {done.items} items put back\n")


def main() -> None:
    """Go through all streams, one after the other."""
    parser = argparse.ArgumentParser(prog="python -m cli.rescue", description=__doc__)
    parser.add_argument("restored", help="the table that DynamoDB made")
    parser.add_argument("log", help="the event log's table: the output EventLogTable")
    parser.add_argument("--retention-days", type=int, default=30, help="as the stage has it")
    asyncio.run(_rescue_all(parser.parse_args()))


if __name__ == "__main__":
    main()
