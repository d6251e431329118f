"""Pages of a stream's past, whatever became of it."""

import asyncio
import json
from dataclasses import replace
from uuid import uuid4

import pytest

from stream_service.history import AT_ONCE, History
from stream_service.history_page import PAGE_BYTES, Page, Wanted
from stream_service.reader import Reader
from tailrace.errors import LogUnavailable
from tailrace.event import BEGINNING, Event, EventId, Position, WorkflowId
from tailrace.event_log import EventLog
from tailrace.log_reader import RETENTION
from tests.stream_service.test_reader import TroubledTable
from tests.support.rim import eventually

STREAM = WorkflowId("p_stream")


class World:
    """A log in memory whose clock stands, and histories over it."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0
        self.table = TroubledTable()
        self.log = EventLog(table=self.table, now=lambda: self.now)
        self.history = History(Reader(self.log))

    async def publish(self, *payloads: object, channel: str = "c") -> None:
        await self.log.append(STREAM, [Event.of(channel, payload) for payload in payloads], batch_id=uuid4().hex)

    async def id(self, position: int) -> EventId:
        head = await self.log.head(STREAM)
        assert head is not None
        return EventId(head.generation, Position(position))

    def clear(self, upto: int) -> None:
        """Empty what stands up to a position, as a clearing leaves it."""
        items = self.table.items[STREAM]
        for position, item in items.items():
            if position <= upto:
                items[position] = replace(item, events=None, cleared=True)

    def drop(self, upto: int) -> None:
        """Let the table delete what stands up to a position, as it does with what has expired."""
        items = self.table.items[STREAM]
        for position in [each for each in items if each <= upto]:
            del items[position]

    async def page(
        self,
        *,
        after: EventId | None = None,
        before: EventId | None = None,
        limit: int = 100,
        channels: tuple[str, ...] = (),
    ) -> Page:
        wanted = Wanted(workflow_id=STREAM, limit=limit, after=after, before=before, channels=frozenset(channels))
        return await self.history.page(wanted)


@pytest.fixture
async def world() -> World:
    return World()


def payloads(page: Page) -> list[object]:
    return [json.loads(recorded.event.payload) for recorded in page.events]


def positions(page: Page) -> list[int]:
    return [recorded.id.position for recorded in page.events]


async def test_without_an_id_the_page_is_the_newest_events_oldest_first(world: World) -> None:
    for number in range(1, 8):
        await world.publish(number)

    page = await world.page(limit=3)

    assert payloads(page) == [5, 6, 7]
    assert positions(page) == [5, 6, 7]
    assert page.reached == page.head == await world.id(7)
    assert page.gap is None


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
async def test_pages_behind_one_another_are_everything_once(world: World, limit: int) -> None:
    await world.publish(*range(1, 6))
    await world.publish(6)
    await world.publish(*range(7, 12))

    seen: list[object] = []
    page = await world.page(after=BEGINNING, limit=limit)
    while page.events:
        assert len(page.events) <= limit
        seen += payloads(page)
        page = await world.page(after=page.reached, limit=limit)

    assert seen == list(range(1, 12))


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
async def test_pages_in_front_of_one_another_are_everything_once(world: World, limit: int) -> None:
    await world.publish(*range(1, 6))
    await world.publish(6)
    await world.publish(*range(7, 12))

    seen: list[object] = []
    page = await world.page(limit=limit)
    while page.events:
        seen = payloads(page) + seen
        page = await world.page(before=page.events[0].id, limit=limit)

    assert seen == list(range(1, 12))


async def test_both_ids_are_a_range_read_from_its_beginning(world: World) -> None:
    await world.publish(*range(1, 11))

    whole = await world.page(after=await world.id(3), before=await world.id(8))
    cut = await world.page(after=await world.id(3), before=await world.id(8), limit=2)

    assert payloads(whole) == [4, 5, 6, 7]
    assert payloads(cut) == [4, 5]


async def test_of_channels_the_limit_counts_what_is_on_the_page(world: World) -> None:
    for number in range(1, 21):
        await world.publish(number, channel="even" if number % 2 == 0 else "odd")

    newest = await world.page(limit=3, channels=("even",))
    before = await world.page(before=newest.events[0].id, limit=3, channels=("even",))
    after = await world.page(after=BEGINNING, limit=3, channels=("even",))

    assert payloads(newest) == [16, 18, 20]
    assert payloads(before) == [10, 12, 14]
    assert payloads(after) == [2, 4, 6]


async def test_of_a_silent_channel_the_page_is_empty_and_says_how_far_it_has_looked(world: World) -> None:
    await world.publish(1, 2, 3)

    page = await world.page(after=BEGINNING, channels=("silent",))

    assert page.events == []
    assert page.reached == await world.id(3)


@pytest.mark.parametrize("after", [None, BEGINNING, EventId("m1", Position(7))])
async def test_an_empty_stream_is_an_empty_page_and_an_id_is_kept(world: World, after: EventId | None) -> None:
    page = await world.page(after=after)

    assert (page.events, page.gap, page.head) == ([], None, None)
    assert page.reached == (after or BEGINNING)


# what can't be honoured


@pytest.mark.parametrize("ahead", [False, True])
@pytest.mark.parametrize("side", ["after", "before"])
async def test_an_id_of_another_life_or_ahead_is_told_and_answered_with_the_newest(
    world: World, side: str, ahead: bool
) -> None:
    await world.publish(1, 2, 3)
    strange = await world.id(5) if ahead else EventId("m0", Position(2))

    page = await (world.page(after=strange, limit=2) if side == "after" else world.page(before=strange, limit=2))

    assert payloads(page) == [2, 3]
    assert page.gap is not None
    assert (page.gap.reason, page.gap.requested, page.gap.missed) == ("unknown", strange, None)
    assert page.gap.next == await world.id(2)


async def test_the_newest_id_and_the_one_that_will_be_next_are_no_strangers(world: World) -> None:
    await world.publish(1, 2, 3)

    behind = await world.page(after=await world.id(3))
    in_front = await world.page(before=await world.id(4))

    assert (payloads(behind), behind.gap) == ([], None)
    assert (payloads(in_front), in_front.gap) == ([1, 2, 3], None)


async def test_what_the_table_has_deleted_is_a_gap_with_its_length(world: World) -> None:
    await world.publish(1, 2, 3)
    await world.publish(4)
    world.drop(upto=1)

    page = await world.page(after=await world.id(1))

    assert payloads(page) == [4]
    assert page.gap is not None
    assert (page.gap.reason, page.gap.missed, page.gap.next) == ("expired", 2, await world.id(4))
    assert page.bare


async def test_what_has_expired_unread_is_a_gap_also_where_nothing_follows(world: World) -> None:
    await world.publish(1, 2, 3)
    first = await world.id(1)
    world.now += RETENTION.total_seconds()

    page = await world.page(after=first)

    assert page.events == []
    assert page.gap is not None
    assert (page.gap.reason, page.gap.missed) == ("expired", 2)


async def test_who_asks_from_the_beginning_or_for_the_newest_has_lost_nothing(world: World) -> None:
    await world.publish(1, 2, 3)
    await world.publish(4)
    world.drop(upto=1)

    for page in (await world.page(after=BEGINNING), await world.page(), await world.page(before=await world.id(5))):
        assert payloads(page) == [4]
        assert page.gap is None


async def test_what_was_cleared_is_a_gap_and_never_shown(world: World) -> None:
    await world.publish(1, 2)
    await world.publish(3)
    await world.publish(4)
    world.clear(upto=3)

    page = await world.page(after=await world.id(1))

    assert payloads(page) == [4]
    assert page.gap is not None
    assert (page.gap.reason, page.gap.missed, page.gap.next) == ("cleared", 2, await world.id(4))
    assert payloads(await world.page(after=BEGINNING)) == [4]
    assert payloads(await world.page(before=await world.id(4))) == []


async def test_events_that_a_clearing_at_work_has_not_reached_yet_are_not_shown(world: World) -> None:
    await world.publish(1)
    await world.publish(2)
    await world.publish(3)
    items = world.table.items[STREAM]
    items[2] = replace(items[2], events=None, cleared=True)

    page = await world.page(after=BEGINNING)

    assert payloads(page) == [3]


async def test_events_that_a_clearing_at_work_takes_off_a_page_count_as_missed(world: World) -> None:
    for number in range(1, 6):
        await world.publish(number)
    items = world.table.items[STREAM]
    items[4] = replace(items[4], events=None, cleared=True)

    page = await world.page(after=await world.id(1))

    assert payloads(page) == [5]
    assert page.gap is not None
    assert (page.gap.reason, page.gap.missed, page.gap.next) == ("cleared", 3, await world.id(5))


async def test_behind_a_clearing_at_work_a_page_has_as_much_room_as_ever(world: World) -> None:
    for _ in range(8):
        await world.publish("x" * (PAGE_BYTES // 5))
    items = world.table.items[STREAM]
    items[4] = replace(items[4], events=None, cleared=True)

    page = await world.page(after=BEGINNING)

    assert positions(page) == [5, 6, 7, 8]


async def test_a_stream_that_begins_anew_while_it_is_read_is_read_again(world: World) -> None:
    await world.publish(1, 2, 3)
    old = await world.id(3)
    query, times = world.table.query, 0

    async def begin_anew_behind_the_first_reading(*arguments: object, **options: object) -> object:
        nonlocal times
        times += 1
        answer = await query(*arguments, **options)  # type: ignore[arg-type] # handed on as they came
        if times == 1:
            world.drop(upto=3)
            world.now += 1
            world.log = EventLog(table=world.table, now=lambda: world.now)
            await world.publish("new")
        return answer

    world.table.query = begin_anew_behind_the_first_reading  # type: ignore[method-assign,assignment] # in between

    page = await world.page(after=BEGINNING)

    assert payloads(page) == ["new"]
    assert page.reached.generation != old.generation


# bounds


async def test_a_page_ends_where_it_is_large_enough(world: World) -> None:
    for _ in range(8):
        await world.publish("x" * (PAGE_BYTES // 5))

    page = await world.page(after=BEGINNING)

    assert len(page.events) == 5
    assert page.reached == await world.id(5)


async def test_a_page_of_a_rare_channel_ends_after_so_many_readings_and_goes_on_behind(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stream_service.history.READINGS", 2)
    for _ in range(5):
        await world.publish(*["x" * 250_000] * 5)
    await world.publish("rare", channel="rare")

    first = await world.page(after=BEGINNING, channels=("rare",))
    readings = 0
    page = first
    while not page.events:
        readings += 1
        page = await world.page(after=page.reached, channels=("rare",))

    assert first.events == []
    assert first.head is not None
    assert first.reached.position < first.head.position
    assert payloads(page) == ["rare"]
    assert readings <= 3


async def test_few_pages_are_read_at_once_and_the_others_wait(world: World) -> None:
    await world.publish(1)
    world.table.most_at_once = 0
    world.table.gate.clear()
    asked = [asyncio.create_task(world.page()) for _ in range(2 * AT_ONCE)]
    await eventually(lambda: world.table.at_once == AT_ONCE)

    world.table.gate.set()
    pages = await asyncio.gather(*asked)

    assert {len(page.events) for page in pages} == {1}
    assert world.table.most_at_once == AT_ONCE
    assert payloads(await world.page()) == [1]


async def test_a_log_that_fails_is_the_askers_to_hear_of_and_no_turn_is_lost(world: World) -> None:
    await world.publish(1)
    for _ in range(AT_ONCE + 1):
        world.table.errors = [LogUnavailable("away")]
        with pytest.raises(LogUnavailable):
            await world.page()

    assert payloads(await world.page()) == [1]
