"""The chronicle sees what reaches the table, and notices what happens to the table behind its back."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tailrace.dynamodb import DynamoDBTable
from tailrace.event import Event, WorkflowId
from tailrace.event_log import EventLog
from tests.faults.aws_proxy import aws_proxy
from tests.faults.chronicle import Chronicle
from tests.support.aws import AwsClients, EmulatedAws, aws_clients_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import UniversalAttributeValueTypeDef

    Key = dict[str, UniversalAttributeValueTypeDef]

STREAM = WorkflowId("p_stream")


@dataclass(slots=True, kw_only=True)
class Witnessed:
    """A table, a log whose calls the chronicle sees, and clients whose calls nobody sees."""

    chronicle: Chronicle
    seen: AwsClients
    unseen: AwsClients
    table: DynamoDBTable
    table_name: str

    def fresh_log(self) -> EventLog:
        """A log that remembers no tail."""
        return EventLog(table=self.table)

    async def append(self, *names: str) -> None:
        for name in names:
            await self.fresh_log().append(STREAM, [Event.of("a", name)] * 2, batch_id=name)

    async def delete(self, aws: AwsClients, position: int) -> None:
        await asyncio.to_thread(lambda: aws.dynamodb.delete_item(TableName=self.table_name, Key=key(position)))

    async def complaints(self, *, at: float | None = None) -> list[str]:
        await self.chronicle.check(self.fresh_log(), STREAM, now=time.time() if at is None else at)
        return self.chronicle.complaints


def key(position: int) -> "Key":
    return {"workflow_id": {"S": STREAM}, "position": {"N": str(position)}}


@pytest.fixture
async def witnessed(
    emulated_aws: EmulatedAws, aws_clients: AwsClients, event_log_table_name: str
) -> AsyncIterator[Witnessed]:
    chronicle = Chronicle(event_log_table_name)
    async with aws_proxy(emulated_aws.endpoint_url, chronicle.note) as proxy:
        seen = aws_clients_of(EmulatedAws(endpoint_url=proxy.url))
        table = DynamoDBTable(client=seen.dynamodb, table_name=event_log_table_name)
        yield Witnessed(
            chronicle=chronicle,
            seen=seen,
            unseen=aws_clients,
            table=table,
            table_name=event_log_table_name,
        )
        table.close()


async def test_chronicle_knows_what_was_cleared_and_since_when(witnessed: Witnessed) -> None:
    await witnessed.append("one", "two")
    mark = await witnessed.fresh_log().clear(STREAM, batch_id="clear")
    await witnessed.append("three")

    assert await witnessed.complaints() == []
    truth = witnessed.chronicle.truth(STREAM)
    assert mark is not None
    assert (list(truth.events), list(truth.marks), truth.head) == ([1, 2, 3, 4, 6, 7], [mark.position], 7)
    assert [event.payload for event in truth.events.values()] == ['"one"'] * 2 + ['"two"'] * 2 + ['"three"'] * 2
    put_at, cleared_at = truth.marks[5], truth.events[4].cleared_at
    assert truth.lost_to(5, by=put_at) == {"cleared"}
    assert truth.lost_to(4, by=put_at - 1) == frozenset()
    assert truth.lost_to(4, by=cleared_at) == {"cleared"}
    assert truth.lost_to(6, by=cleared_at + 1000) == frozenset()


async def test_batch_that_is_gone_before_its_time_is_missed(witnessed: Witnessed) -> None:
    await witnessed.append("one", "two")

    await witnessed.delete(witnessed.unseen, 1)

    assert await witnessed.complaints() == ["p_stream: the batch at 1 is gone from the log"]


async def test_batch_may_be_gone_when_its_time_is_over(witnessed: Witnessed) -> None:
    await witnessed.append("one", "two")
    await witnessed.delete(witnessed.unseen, 1)

    assert await witnessed.complaints(at=10.0**12) == []


async def test_deleting_what_has_not_expired_is_seen(witnessed: Witnessed) -> None:
    await witnessed.append("one")

    await witnessed.delete(witnessed.seen, 1)

    assert "p_stream: the batch at 1 was deleted before its time" in await witnessed.complaints()


async def test_position_that_is_used_a_second_time_is_seen(witnessed: Witnessed) -> None:
    await witnessed.append("one")
    await witnessed.delete(witnessed.unseen, 1)

    await witnessed.append("two")

    assert await witnessed.complaints() == ["p_stream: the position 1 was used a second time"]


async def test_batch_that_was_emptied_unasked_is_seen(witnessed: Witnessed) -> None:
    await witnessed.append("one", "two")

    witnessed.unseen.dynamodb.update_item(
        TableName=witnessed.table_name,
        Key=key(3),
        UpdateExpression="SET cleared = :yes REMOVE events",
        ExpressionAttributeValues={":yes": {"BOOL": True}},
    )

    assert await witnessed.complaints() == ["p_stream: the batch at 3 was emptied, and nobody had asked for that"]


async def test_batch_that_was_written_over_is_seen(witnessed: Witnessed) -> None:
    await witnessed.append("one")

    witnessed.unseen.dynamodb.update_item(
        TableName=witnessed.table_name,
        Key=key(1),
        UpdateExpression="SET batch_id = :other",
        ExpressionAttributeValues={":other": {"S": "other"}},
    )

    assert await witnessed.complaints() == ["p_stream: the batch at 1 is no longer what was put"]
