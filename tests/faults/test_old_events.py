"""Old events expire in the course of a storm, and what is deleted of them is what has expired, and not all of it."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from cli.running_system import RunningSystem
from tailrace.dynamodb import DynamoDBTable
from tailrace.event_log import EventLog
from tests.faults.aws_proxy import aws_proxy
from tests.faults.chronicle import Chronicle
from tests.faults.old_events import Expiry, append_old_events, ends_within
from tests.faults.plan import Kind, Planned
from tests.faults.truth import read_batches
from tests.faults.world import AGED, World
from tests.support.aws import AwsClients, EmulatedAws, aws_clients_of

ENDS = [-500.0, -400.0, -300.0, -200.0, -100.0, 5000.0, 6000.0]
EXPIRED = 5
"""Of each stream."""
EXPIRE = Planned(at=0.0, kind=Kind.BATCHES_EXPIRED, seed=1)


@pytest.fixture
async def ours(emulated_aws: EmulatedAws, event_log_table_name: str) -> AsyncIterator[tuple[World, AwsClients]]:
    chronicle = Chronicle(event_log_table_name)
    async with aws_proxy(emulated_aws.endpoint_url, chronicle.note) as proxy:
        clients = aws_clients_of(EmulatedAws(endpoint_url=proxy.url))
        table = DynamoDBTable(client=clients.dynamodb, table_name=event_log_table_name)
        system = RunningSystem(
            api_url="",
            stream_url="",
            aws_endpoint_url=proxy.url,
            api_key="",
            api_key_secret="",
            event_log_table=event_log_table_name,
            idempotency_table="",
            notice_topic_arn="",
        )
        world = World(seed=1, system=system, log=EventLog(table=table), chronicle=chronicle)
        await append_old_events(world, table, ends=ENDS)
        yield world, clients
        table.close()


def test_a_few_old_events_have_expired_when_a_storm_begins_and_the_last_expire_at_its_end() -> None:
    ends = ends_within(900)

    assert ends == sorted(ends)
    assert 0 < sum(end < 0 for end in ends) < len(ends) / 2
    assert ends[-1] == pytest.approx(900)


async def test_only_what_has_expired_is_deleted_and_some_of_it_is_left(ours: tuple[World, AwsClients]) -> None:
    world, clients = ours
    before = {stream: [batch.position for batch in await read_batches(world.log, stream)] for stream in AGED}

    assert await Expiry(world, aws=clients).inject(EXPIRE)

    table = world.system.event_log_table
    items = await asyncio.to_thread(lambda: clients.dynamodb.scan(TableName=table, Select="COUNT"))
    deleted = world.tally.counts[Kind.BATCHES_EXPIRED]
    assert 0 < deleted < EXPIRED * len(AGED)
    assert items["Count"] == len(world.runs) - deleted
    for stream in AGED:
        assert len(before[stream]) == len(world.runs) / len(AGED) - EXPIRED
        assert [batch.position for batch in await read_batches(world.log, stream)] == before[stream]
        await world.chronicle.check(world.log, stream, now=time.time())
    assert world.chronicle.complaints == []
