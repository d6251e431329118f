"""Rule 13: a flush is one item where it fits, else several, in order."""

import random

from tailrace.codec import MAX_BATCH_BYTES, encode_events
from tailrace.event import Event
from tailrace.event_log import EventLog
from tailrace.flush import MAX_STORED_BYTES
from tailrace.in_memory import InMemoryTable
from tests.support.log import STREAM, World, some_events

MEGABYTE = 1024 * 1024


def noise(seed: int, size: int) -> Event:
    """An event that compresses badly."""
    return Event.of("noise", random.Random(seed).randbytes(size // 2).hex())


FIVE_MEGABYTES = tuple(noise(seed, 250_000) for seed in range(21))


async def test_rule_13_flush_of_5_mb_is_several_items_with_ordinals_in_order() -> None:
    table = InMemoryTable()

    batches = await EventLog(table=table).append(STREAM, FIVE_MEGABYTES, batch_id="run")

    assert len(encode_events(FIVE_MEGABYTES)) > 5 * MEGABYTE
    assert [event for batch in batches for event in batch.events] == list(FIVE_MEGABYTES)
    assert [batch.batch_id for batch in batches] == [
        *(f"run:{ordinal}+" for ordinal in range(len(batches) - 1)),
        f"run:{len(batches) - 1}",
    ]
    assert [batch.position for batch in batches[1:]] == [batch.end + 1 for batch in batches[:-1]]
    assert all(len(item.events or b"") <= MAX_STORED_BYTES for item in table.items[STREAM].values())


async def test_rule_13_events_that_compress_well_need_one_item_for_a_megabyte() -> None:
    table = InMemoryTable()
    events = [Event.of("texts", "word " * 20_000)] * 10

    batches = await EventLog(table=table).append(STREAM, events, batch_id="run")

    assert len(encode_events(events)) > MEGABYTE * 0.9
    assert [batch.count for batch in batches] == [10]
    assert len(table.items[STREAM][1].events or b"") < 20_000


async def test_rule_13_no_item_holds_more_json_than_a_reader_has_to_hold() -> None:
    events = [Event.of("texts", "word " * 50_000)] * 40

    batches = await EventLog(table=InMemoryTable()).append(STREAM, events, batch_id="run")

    assert [event for batch in batches for event in batch.events] == events
    assert all(len(encode_events(batch.events)) <= MAX_BATCH_BYTES for batch in batches)


def test_rule_13_batch_of_another_run_may_stand_between_two_parts() -> None:
    world = World()
    flush = world.writer().flush("run", FIVE_MEGABYTES[:4]).until("put")

    flush.step()
    world.append("another")
    batches = flush.finish()

    world.check()
    assert [item.batch_id for item in world.table.landed] == ["run:0+", "another:0", "run:1"]
    assert [batch.position for batch in batches] == [1, 4]


def test_rule_13_crash_leaves_a_prefix() -> None:
    world = World()
    flush = world.writer().flush("run", FIVE_MEGABYTES[:4]).until("put")

    flush.step()
    flush.crash()

    assert [item.count for item in world.table.landed] == [2]
    world.check()


async def test_flush_of_no_events_leaves_no_trace() -> None:
    table = InMemoryTable()

    assert await EventLog(table=table).append(STREAM, [], batch_id="run") == ()
    assert (await table.query(STREAM)).items == ()


async def test_what_is_appended_is_what_is_read() -> None:
    log = EventLog(table=InMemoryTable())

    batches = [batch for run in range(3) for batch in await log.append(STREAM, some_events(2), batch_id=f"run {run}")]

    assert (await log.read(STREAM, 1)).batches == tuple(batches)
