"""What every table of records does, in memory and in DynamoDB."""

from dataclasses import replace

import pytest

from lambdas.workflow_api.record_table import DynamoDBRecordTable
from lambdas.workflow_api.records import MAX_ANSWER_BYTES, Record, RecordsUnavailable, RecordTable
from tailrace.event import BEGINNING, EventId, Position
from tests.lambdas.workflow_api.records import InMemoryRecordTable
from tests.support.aws import AwsClients

NOW = 1_800_000_000
RECORD = Record(
    id="p_hello#7f",
    trace_id="7f",
    floor=EventId("m1a2b3", Position(7)),
    fingerprint="e3",
    try_id="first",
    leased_until=(NOW + 30) * 1000,
    expires_at=NOW + 86_400,
)


@pytest.fixture(params=["memory", "dynamodb"])
def table(request: pytest.FixtureRequest) -> RecordTable:
    if request.param == "memory":
        return InMemoryRecordTable()
    clients: AwsClients = request.getfixturevalue("aws_clients")
    return DynamoDBRecordTable(client=clients.dynamodb, table_name=request.getfixturevalue("idempotency_table_name"))


async def test_the_first_to_create_a_record_makes_it_and_the_others_see_it(table: RecordTable) -> None:
    assert await table.create(RECORD, now=NOW) is None

    assert await table.create(replace(RECORD, try_id="second", floor=BEGINNING), now=NOW) == RECORD
    assert await table.create(replace(RECORD, id="p_hello#80"), now=NOW) is None


async def test_a_record_that_has_expired_is_none_though_it_is_still_there(table: RecordTable) -> None:
    await table.create(RECORD, now=NOW)
    again = replace(RECORD, trace_id="80", expires_at=NOW + 2 * 86_400)

    assert await table.create(again, now=NOW + 86_399) == RECORD
    assert await table.create(again, now=NOW + 86_400) is None
    assert await table.create(RECORD, now=NOW + 86_400) == again


async def test_a_record_is_changed_by_who_has_seen_it_as_it_is(table: RecordTable) -> None:
    await table.create(RECORD, now=NOW)
    second, third = replace(RECORD, try_id="second"), replace(RECORD, try_id="third")

    assert await table.change(second, seen=RECORD) is None
    assert await table.change(third, seen=RECORD) == second
    assert await table.create(RECORD, now=NOW) == second


async def test_a_finished_record_stays_as_it_is(table: RecordTable) -> None:
    await table.create(RECORD, now=NOW)
    finished = replace(RECORD, finished=True, answer=b"\x00\xff" * 10)

    assert await table.change(finished, seen=RECORD) is None
    assert await table.change(RECORD, seen=finished) == finished


async def test_the_longest_answer_fits(table: RecordTable) -> None:
    await table.create(RECORD, now=NOW)
    finished = replace(RECORD, finished=True, answer=b"x" * MAX_ANSWER_BYTES)

    assert await table.change(finished, seen=RECORD) is None


async def test_a_table_that_refuses_is_unavailable(aws_clients: AwsClients) -> None:
    nowhere = DynamoDBRecordTable(client=aws_clients.dynamodb, table_name="nowhere")

    with pytest.raises(RecordsUnavailable):
        await nowhere.create(RECORD, now=NOW)
    with pytest.raises(RecordsUnavailable):
        await nowhere.change(RECORD, seen=RECORD)
