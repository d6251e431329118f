"""Rules 16 and 18, as far as they are the log's: what a read begins with, and what it stops at."""

import random
import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tailrace import stored_batch
from tailrace.codec import decode_channels
from tailrace.errors import InvalidItem
from tailrace.event import Event, EventId, Position
from tailrace.event_log import EventLog
from tailrace.in_memory import InMemoryTable
from tailrace.log_reader import FEW_ITEMS, LOOK_BACK_PAGES, READING_BYTES
from tailrace.table import Item, Page
from tests.support.log import DAY, HOUR, NOON, STREAM, some_events


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def table() -> InMemoryTable:
    return InMemoryTable()


@pytest.fixture
def log(table: InMemoryTable, clock: Clock) -> EventLog:
    return EventLog(table=table, retention=timedelta(days=1), now=clock)


async def append(log: EventLog, *counts: int, channel: str = "numbers") -> None:
    for count in counts:
        events = [Event(channel, event.payload) for event in some_events(count)]
        await log.append(STREAM, events, batch_id=f"{channel} {count} {await log.head(STREAM)}")


def clear(table: InMemoryTable, position: int) -> None:
    item = table.items[STREAM][position]
    table.items[STREAM][position] = replace(item, events=None, cleared=True)


def change_generation(table: InMemoryTable, up_to: int) -> None:
    for position, item in table.items[STREAM].items():
        if position <= up_to:
            table.items[STREAM][position] = replace(item, generation="0")


@pytest.mark.parametrize(("position", "begins"), [(1, [1, 4, 9]), (2, [1, 4, 9]), (4, [4, 9]), (8, [4, 9]), (10, [])])
async def test_rule_18_read_begins_with_the_item_that_contains_the_position(
    log: EventLog, position: int, begins: list[int]
) -> None:
    await append(log, 3, 5, 1)

    reading = await log.read(STREAM, position)

    assert [batch.position for batch in reading.batches] == begins
    assert (reading.next, reading.more) == (10, False)


async def test_rule_18_read_beyond_the_end_waits_where_it_was_asked(log: EventLog) -> None:
    await append(log, 3)

    reading = await log.read(STREAM, 7)

    assert (reading.batches, reading.next, reading.more) == ((), 7, False)


async def test_reads_in_a_row_give_every_batch_once(clock: Clock) -> None:
    log = EventLog(table=InMemoryTable(page_bytes=200), now=clock)
    await append(log, *range(1, 20))

    positions, position, more = [], Position(1), True
    while more:
        reading = await log.read(STREAM, position)
        positions += [batch.position for batch in reading.batches]
        position, more = reading.next, reading.more

    assert positions == [1 + count * (count - 1) // 2 for count in range(1, 20)]


async def test_one_reading_decodes_a_bounded_number_of_bytes(log: EventLog) -> None:
    event = Event.of("texts", "a" * 200_000)
    for run in range(10):
        await log.append(STREAM, [event, event], batch_id=str(run))

    reading = await log.read(STREAM, 1)

    size = sum(len(event.payload) for batch in reading.batches for event in batch.events)
    assert READING_BYTES <= size < READING_BYTES + 500_000
    assert (reading.next, reading.more) == (7, True)


async def test_expired_events_are_passed_over_though_the_table_still_has_them(log: EventLog, clock: Clock) -> None:
    await append(log, 2)
    clock.now += HOUR
    await append(log, 3)
    clock.now += DAY - HOUR

    reading = await log.read(STREAM, 1)

    assert [batch.position for batch in reading.batches] == [3]


async def test_item_that_holds_another_number_of_events_than_it_says_is_refused(
    log: EventLog, table: InMemoryTable
) -> None:
    await append(log, 2)
    table.items[STREAM][1] = replace(table.items[STREAM][1], count=3)

    with pytest.raises(InvalidItem, match="at 1 says 3 events and holds 2"):
        await log.read(STREAM, 1)


async def test_item_that_cannot_be_read_is_named_and_can_be_cleared(log: EventLog, table: InMemoryTable) -> None:
    await append(log, 2, 3)
    table.items[STREAM][3] = replace(table.items[STREAM][3], events=b"neither")
    with pytest.raises(InvalidItem, match="at 3 cannot be read"):
        await log.read(STREAM, 1)

    await log.clear(STREAM, batch_id="clear")

    assert all(batch.cleared for batch in (await log.read(STREAM, 1)).batches)


async def test_read_tells_of_a_cleared_batch(log: EventLog, table: InMemoryTable) -> None:
    await append(log, 2, 3)
    clear(table, 1)

    reading = await log.read(STREAM, 1)

    assert [(batch.position, batch.count, batch.cleared, len(batch.events)) for batch in reading.batches] == [
        (1, 2, True, 0),
        (3, 3, False, 3),
    ]


async def test_head_is_the_newest_id_also_of_an_expired_event(log: EventLog, clock: Clock) -> None:
    assert await log.head(STREAM) is None

    await append(log, 2)
    clock.now += 2 * DAY
    head = await log.head(STREAM)

    assert head is not None
    assert head.position == 2


async def test_newest_of_an_empty_stream_is_nothing(log: EventLog) -> None:
    assert await log.newest(STREAM, 100) is None


@pytest.mark.parametrize(("count", "begins", "whole"), [(1, [9], False), (2, [4, 9], False), (7, [1, 4, 9], True)])
async def test_rule_16_newest_reads_backwards_until_enough_is_there(
    log: EventLog, count: int, begins: list[int], *, whole: bool
) -> None:
    await append(log, 3, 5, 1)

    newest = await log.newest(STREAM, count)

    assert newest is not None
    assert [batch.position for batch in newest.batches] == begins
    assert (newest.next, newest.whole) == (10, whole)


async def test_rule_16_newest_turns_pages(clock: Clock) -> None:
    log = EventLog(table=InMemoryTable(page_bytes=1), now=clock)
    await append(log, 1, 2, 3)

    newest = await log.newest(STREAM, 100)

    assert newest is not None
    assert [batch.position for batch in newest.batches] == [1, 2, 4]


class CountingTable(InMemoryTable):
    """Counts the items that are read."""

    def __init__(self) -> None:
        super().__init__()
        self.pages: list[int] = []

    async def query(self, *arguments: Any, **bounds: Any) -> Page:  # noqa: ANN401 (as its base's, whatever they are)
        page = await super().query(*arguments, **bounds)
        self.pages.append(len(page.items))
        return page


@pytest.mark.parametrize(("events", "pages"), [(100, [FEW_ITEMS]), (10, [FEW_ITEMS, 7]), (1, [FEW_ITEMS, 97])])
async def test_newest_reads_hardly_more_items_than_it_takes(clock: Clock, events: int, pages: list[int]) -> None:
    table = CountingTable()
    log = EventLog(table=table, now=clock)
    await append(log, *[events] * 150)
    table.pages.clear()

    newest = await log.newest(STREAM, 100)

    assert newest is not None
    assert sum(batch.count for batch in newest.batches) == 100
    assert table.pages == pages


async def test_rule_16_newest_stops_at_a_cleared_item(log: EventLog, table: InMemoryTable) -> None:
    await append(log, 2, 2, 2)
    clear(table, 3)

    newest = await log.newest(STREAM, 100)

    assert newest is not None
    assert ([batch.position for batch in newest.batches], newest.next, newest.whole) == ([5], 7, True)


async def test_rule_16_newest_stops_at_a_hole(log: EventLog, table: InMemoryTable) -> None:
    await append(log, 2, 2, 2)
    del table.items[STREAM][3]

    newest = await log.newest(STREAM, 100)

    assert newest is not None
    assert [batch.position for batch in newest.batches] == [5]


async def test_rule_16_newest_stops_at_another_generation(log: EventLog, table: InMemoryTable) -> None:
    await append(log, 2, 2, 2)
    change_generation(table, up_to=3)

    newest = await log.newest(STREAM, 100)

    assert newest is not None
    assert [batch.position for batch in newest.batches] == [5]


async def test_rule_16_newest_stops_at_what_has_expired(log: EventLog, clock: Clock) -> None:
    await append(log, 2)
    clock.now += HOUR
    await append(log, 2)
    clock.now += DAY - HOUR

    newest = await log.newest(STREAM, 100)

    assert newest is not None
    assert [batch.position for batch in newest.batches] == [3]


async def test_newest_of_a_stream_whose_tail_was_cleared_goes_on_behind_it(log: EventLog, table: InMemoryTable) -> None:
    await append(log, 2, 2)
    clear(table, 3)

    newest = await log.newest(STREAM, 100)

    assert newest is not None
    assert (newest.batches, newest.next) == ((), 5)


@pytest.mark.parametrize(("count", "start"), [(0, 12), (1, 8), (3, 4), (4, 2), (100, 0)])
async def test_replay_of_chosen_channels_starts_before_the_newest_of_those(
    log: EventLog, count: int, start: int
) -> None:
    for channel, counts in (("a", (3,)), ("b", (1,)), ("a", (2,)), ("b", (2,)), ("a", (1,)), ("b", (3,))):
        await append(log, *counts, channel=channel)

    cursor = await log.start_of_newest(STREAM, count, frozenset({"a"}))

    assert cursor is not None
    assert cursor.position == start


async def test_replay_of_a_silent_channel_looks_back_over_a_bounded_number_of_pages(clock: Clock) -> None:
    log = EventLog(table=InMemoryTable(page_bytes=1), now=clock)
    await append(log, *[1] * (LOOK_BACK_PAGES + 5))

    cursor = await log.start_of_newest(STREAM, 1, frozenset({"silent"}))

    assert cursor is not None
    assert cursor.position == 5


async def test_large_items_are_looked_through_for_channels_beside_the_loop(
    log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    await log.append(STREAM, [Event.of("a", random.randbytes(5_000).hex()), Event.of("b", 1)], batch_id="large")
    await append(log, 1, channel="b")
    threads: list[threading.Thread] = []

    def decode(text: bytes) -> tuple[str, ...]:
        threads.append(threading.current_thread())
        return decode_channels(text)

    monkeypatch.setattr(stored_batch, "decode_channels", decode)
    cursor = await log.start_of_newest(STREAM, 2, frozenset({"b"}))

    assert cursor is not None
    assert cursor.position == 1
    assert [thread is threading.main_thread() for thread in threads] == [True, False]


async def test_replay_of_an_expired_stream_starts_at_its_end(log: EventLog, clock: Clock) -> None:
    await append(log, 3)
    clock.now += 2 * DAY

    assert await log.start_of_newest(STREAM, 100) == await log.head(STREAM)


async def test_replay_of_an_empty_stream_has_no_start(log: EventLog) -> None:
    assert await log.start_of_newest(STREAM, 100) is None


def test_item_ends_with_its_last_event() -> None:
    item = Item(
        workflow_id=STREAM,
        position=Position(5),
        generation="g",
        count=3,
        batch_id="run:0",
        recorded_at=1,
        expires_at=1,
        events=b"[]",
    )

    assert EventId(item.generation, item.end) == EventId("g", Position(7))
