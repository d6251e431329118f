"""What counts of requests do, in memory and in DynamoDB."""

import asyncio

import pytest

from lambdas.workflow_api.count_table import DynamoDBRequestCounts
from lambdas.workflow_api.limits import NotCounted, RequestCounts
from tests.lambdas.workflow_api.counts import InMemoryRequestCounts
from tests.support.aws import AwsClients

MINUTE = 30_000_000


@pytest.fixture(params=["memory", "dynamodb"])
def counts(request: pytest.FixtureRequest) -> RequestCounts:
    if request.param == "memory":
        return InMemoryRequestCounts()
    clients: AwsClients = request.getfixturevalue("aws_clients")
    return DynamoDBRequestCounts(client=clients.dynamodb, table_name=request.getfixturevalue("idempotency_table_name"))


async def test_requests_are_counted_by_caller_and_minute(counts: RequestCounts) -> None:
    assert [await counts.add("address#203.0.113.7", MINUTE) for _ in range(3)] == [1, 2, 3]

    assert await counts.add("address#203.0.113.8", MINUTE) == 1
    assert await counts.add("address#203.0.113.7", MINUTE + 1) == 1
    assert await counts.add("address#203.0.113.7", MINUTE) == 4


async def test_requests_at_the_same_time_are_all_counted(counts: RequestCounts) -> None:
    counted = await asyncio.gather(*(counts.add("key#ci", MINUTE) for _ in range(12)))

    assert sorted(counted) == list(range(1, 13))


async def test_a_count_goes_by_itself_after_its_minute(aws_clients: AwsClients, idempotency_table_name: str) -> None:
    counts = DynamoDBRequestCounts(client=aws_clients.dynamodb, table_name=idempotency_table_name)
    await counts.add("key#ci", MINUTE)

    [item] = aws_clients.dynamodb.scan(TableName=idempotency_table_name)["Items"]
    assert item["id"] == {"S": f"requests#key#ci#{MINUTE}"}
    assert int(item["expiration"]["N"]) == (MINUTE + 2) * 60


async def test_a_table_that_refuses_has_not_counted(aws_clients: AwsClients) -> None:
    with pytest.raises(NotCounted, match="nowhere"):
        await DynamoDBRequestCounts(client=aws_clients.dynamodb, table_name="nowhere").add("key#ci", MINUTE)
