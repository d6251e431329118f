"""Rules 11 and 12: a run that is tried again, by whatever process, is in the log once."""

from datetime import timedelta

import pytest

from tailrace.event import BEGINNING, Event, EventId
from tailrace.event_log import EventLog
from tests.support.log import DAY, HOUR, MINUTE, STREAM, RecordingTable, World, some_events
from tests.support.stepping import now_or_never


def floor_of(world: World) -> EventId:
    log = EventLog(table=world.table, retention=timedelta(days=1), now=lambda: world.now)
    return now_or_never(log.floor(STREAM))


def test_rule_11_floor_is_the_tails_place_or_the_beginning() -> None:
    world = World()
    empty = floor_of(world)

    first = world.append("first", count=3)

    assert empty == BEGINNING
    assert floor_of(world) == EventId(first.generation, first.position)


def test_rule_11_retry_finds_its_batch_behind_those_of_others() -> None:
    world = World(table=RecordingTable(page_bytes=1))
    floor = floor_of(world)
    (first_try,) = world.writer().flush("run", floor=floor).finish()
    for number in range(5):
        world.append(f"another {number}")

    (second_try,) = world.writer().flush("run", floor=floor).finish()

    assert second_try == first_try
    world.check()


def test_rule_11_process_that_tries_again_does_not_go_behind_its_own_batch() -> None:
    world = World()
    writer, floor = world.writer(), floor_of(world)

    tries = [writer.flush("run", floor=floor).finish() for _ in range(3)]

    assert tries[0] == tries[1] == tries[2]
    world.check()


def test_rule_11_slow_first_try_finds_what_the_retry_has_appended_meanwhile() -> None:
    world = World()
    world.append("before")
    floor = floor_of(world)
    slow = world.writer().flush("run", floor=floor)

    world.writer().flush("run", floor=floor).finish()
    world.append("another")
    slow.finish()

    world.check()


def test_rule_11_warm_first_try_begins_from_the_floor_too() -> None:
    world = World()
    warm = world.writer()
    warm.flush("before").finish()
    floor = floor_of(world)

    world.writer().flush("run", floor=floor).finish()
    warm.flush("another").finish()  # remembers a tail behind the run's batch
    warm.flush("run", floor=floor).finish()

    world.check()


def test_rule_11_crashed_first_try_of_several_items_is_completed() -> None:
    world = World()
    floor = floor_of(world)
    events = [Event.of("texts", f"{number}" + "word " * 50_000) for number in range(40)]
    crashed = world.writer().flush("run", events, floor=floor).until("put")
    crashed.step()
    crashed.crash()
    world.append("another")

    batches = world.writer().flush("run", events, floor=floor).finish()

    assert [item.batch_id for item in world.table.landed] == ["run:0+", "another:0", "run:1+", "run:2"]
    assert [event for batch in batches for event in batch.events] == events
    world.check()


@pytest.mark.parametrize("sent_by_retry", [0, 1, 11, 40])
def test_rule_12_retry_that_sends_less_answers_with_all_that_the_log_holds(sent_by_retry: int) -> None:
    world = World()
    floor = floor_of(world)
    events = [Event.of("texts", f"{number}" + "word " * 50_000) for number in range(40)]
    first = world.writer().flush("run", events, floor=floor).finish()

    again = world.writer().flush("run", events[:sent_by_retry], floor=floor).finish()

    assert again == first
    world.check()


def test_rule_12_retry_goes_on_behind_as_many_events_as_the_log_holds_of_a_crashed_try() -> None:
    world = World()
    floor = floor_of(world)
    large = [Event.of("texts", f"{number}" + "word " * 50_000) for number in range(40)]
    crashed = world.writer().flush("run", large, floor=floor).until("put")
    crashed.step()
    crashed.crash()
    small = [Event.of("small", number) for number in range(40)]  # fits one item, where the first try needed four

    batches = world.writer().flush("run", small, floor=floor).finish()

    assert [event for batch in batches for event in batch.events] == [*large[:10], *small[10:]]
    world.check()


def test_rule_11_retry_in_another_life_of_the_stream_appends_there() -> None:
    world = World()
    world.append("before", count=50)
    world.append("floor")
    floor = floor_of(world)

    world.now += DAY
    world.append("new life")
    (batch,) = world.writer().flush("run", floor=floor).finish()

    assert batch.position == 2
    world.check()


def test_rule_11_try_that_finds_its_batch_after_hours_still_knows_it() -> None:
    world = World()
    floor = floor_of(world)
    world.writer().flush("run", floor=floor).finish()

    world.now += DAY - HOUR - MINUTE
    world.writer().flush("run", floor=floor).finish()

    world.check()


def test_rule_12_events_in_the_log_win_over_those_of_a_retry() -> None:
    world = World()
    floor = floor_of(world)
    first_try = world.writer().flush("run", some_events(2), floor=floor).finish()
    world.append("another")

    second_try = world.writer().flush("run", some_events(5), floor=floor).finish()

    assert second_try == first_try
    assert len(second_try[0].events) == 2
