"""A restored table is another moment of the log: what it still has is put back where no id can be used twice."""

from dataclasses import replace
from uuid import uuid4

import pytest

from cli.rescue import CLOSED, Outcome, rescue, streams_of
from tailrace.event import Event, EventId, Position, WorkflowId
from tailrace.event_log import EventLog
from tailrace.in_memory import InMemoryTable
from tailrace.table import Item
from tests.support.aws import AwsClients
from tests.support.rim import Rim

STREAM = WorkflowId("p_a")


async def append(table: InMemoryTable, *payloads: object) -> None:
    """Append one batch, by a writer that remembers nothing."""
    await EventLog(table=table).append(STREAM, [Event.of("c", each) for each in payloads], batch_id=uuid4().hex)


async def items_of(table: InMemoryTable) -> list[Item]:
    return list((await table.query(STREAM)).items)


async def copy_of(table: InMemoryTable, *, without: frozenset[int] = frozenset()) -> InMemoryTable:
    """The table at this moment, without the items at some positions."""
    copy = InMemoryTable()
    for item in await items_of(table):
        if item.position not in without:
            await copy.put(item)
    return copy


@pytest.fixture
async def log() -> InMemoryTable:
    table = InMemoryTable()
    for number in range(1, 6):
        await append(table, number)
    return table


async def test_items_that_were_lost_before_the_tail_are_put_back(log: InMemoryTable) -> None:
    restored = await copy_of(log)
    await append(log, 6)
    whole = await items_of(log)
    damaged = await copy_of(log, without=frozenset({2, 3}))

    done = await rescue(restored, damaged, STREAM, retention_days=30)

    assert (done.outcome, done.items) == (Outcome.COMPLETED, 2)
    assert await items_of(damaged) == whole


@pytest.mark.parametrize("left", [frozenset(), frozenset({1, 2})], ids=["nothing is left", "the tail is lost"])
async def test_stream_that_lost_its_tail_gives_no_id_to_another_event(log: InMemoryTable, left: frozenset[int]) -> None:
    restored = await copy_of(log)
    await append(log, "heard by somebody, and lost")
    damaged = await copy_of(log, without=frozenset(range(1, 7)) - left)

    done = await rescue(restored, damaged, STREAM, retention_days=30)
    await append(damaged, "new")

    assert done.outcome is Outcome.REVIVED
    *copied, closing, new = await items_of(damaged)
    assert copied == await items_of(restored)
    assert (closing.position, closing.count, closing.cleared) == (6, CLOSED, True)
    assert (new.position, new.generation) == (6 + CLOSED, copied[0].generation)


async def test_client_that_had_heard_what_was_lost_is_told_and_goes_on(log: InMemoryTable) -> None:
    restored = await copy_of(log)
    rim = Rim(table=InMemoryTable())
    await rescue(restored, rim.table, STREAM, retention_days=30)
    await append(rim.table, "new")
    generation = (await items_of(restored))[0].generation

    reading = await rim.log.read(STREAM, 7)

    cleared, new = reading.batches
    assert (cleared.cleared, cleared.end) == (True, 5 + CLOSED)
    assert new.first_id == EventId(generation, Position(6 + CLOSED))


async def test_stream_that_has_begun_anew_is_left_alone(log: InMemoryTable) -> None:
    other = InMemoryTable()
    for item in await items_of(log):
        await other.put(replace(item, generation="another", batch_id=f"another {item.position}"))
    before = await items_of(other)

    done = await rescue(log, other, STREAM, retention_days=30)

    assert done.outcome is Outcome.LEFT
    assert await items_of(other) == before


async def test_stream_whose_positions_were_given_away_already_is_left_alone(log: InMemoryTable) -> None:
    damaged = await copy_of(log, without=frozenset({4, 5}))
    await append(damaged, "in the place of what was lost")
    before = await items_of(damaged)

    done = await rescue(log, damaged, STREAM, retention_days=30)

    assert done.outcome is Outcome.LEFT
    assert await items_of(damaged) == before


async def test_second_rescue_changes_nothing(log: InMemoryTable) -> None:
    damaged = InMemoryTable()
    await rescue(log, damaged, STREAM, retention_days=30)
    before = await items_of(damaged)

    done = await rescue(log, damaged, STREAM, retention_days=30)

    assert (done.outcome, done.items) == (Outcome.COMPLETED, 0)
    assert await items_of(damaged) == before


async def test_every_stream_of_a_table_is_found(
    event_log_on_moto: EventLog, aws_clients: AwsClients, event_log_table_name: str
) -> None:
    for stream in ("p_b", "p_a", "p_b"):
        await event_log_on_moto.append(WorkflowId(stream), [Event.of("c", 1)], batch_id=uuid4().hex)

    assert streams_of(aws_clients.dynamodb, event_log_table_name) == ["p_a", "p_b"]
