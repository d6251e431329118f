"""Rule 14: a clear is a mark behind all that the stream holds, and empties that in place, however often it is tried."""

from dataclasses import replace

import pytest

from tailrace.draft import new_generation
from tailrace.errors import LogUnavailable
from tailrace.event import BEGINNING
from tailrace.table import Item
from tests.support.log import DAY, HOUR, MINUTE, NOON, STREAM, RecordingTable, World


def standing(world: World) -> list[Item]:
    """What the table holds, by position."""
    return [item for _, item in sorted(world.table.items[STREAM].items())]


def emptied(*items: Item) -> list[Item]:
    """The items as a clear leaves them."""
    return [replace(item, events=None, cleared=True) for item in items]


def test_rule_14_mark_is_a_batch_of_one_position_behind_all_that_there_is() -> None:
    world = World()
    world.append("first", count=3)

    (mark,) = world.writer().clear("clear").finish()

    assert (mark.position, mark.count, mark.cleared, mark.events) == (4, 1, True, ())
    assert (mark.generation, mark.batch_id) == (new_generation(NOON), "clear")
    world.check()


def test_rule_14_what_stands_before_the_mark_loses_its_events_and_nothing_else() -> None:
    world = World()
    before = [world.append("first", count=3), world.append("second")]

    mark = world.clear()

    assert standing(world) == [*emptied(*before), mark]


def test_rule_14_what_comes_behind_the_mark_is_left_alone() -> None:
    world = World()
    world.append("first")
    clear = world.writer().clear("clear").until("empty")
    after = world.append("after")

    clear.finish()

    assert standing(world)[-1] == after
    world.check()


def test_rule_14_batch_that_overtakes_the_mark_is_cleared_too() -> None:
    world = World()
    world.append("first")
    clear = world.writer().clear("clear").until("put")
    faster = world.append("faster")

    (mark,) = clear.finish()

    assert mark.position == faster.end + 1
    assert all(item.cleared for item in standing(world))
    world.check()


def test_rule_14_emptying_turns_every_page() -> None:
    world = World(table=RecordingTable(page_bytes=1))
    for number in range(20):
        world.append(f"batch {number}")

    clear = world.writer().clear("clear")
    clear.finish()

    assert clear.operations.count("empty") == 20
    assert all(item.cleared for item in standing(world))


def test_rule_14_late_put_and_cold_writer_use_no_position_again() -> None:
    world = World()
    first = world.append("first")
    late = world.writer().flush("late").until("put")
    land = late.delay()
    world.append("second")

    world.clear()
    land()
    world.append("third")

    assert [item.position for item in standing(world)] == [1, 2, 3, 4]
    assert standing(world)[0].batch_id == first.batch_id
    world.check()


def test_rule_14_clear_that_was_interrupted_is_finished_by_the_next_under_the_same_mark() -> None:
    world = World(table=RecordingTable(page_bytes=1))
    before = [world.append(f"batch {number}") for number in range(3)]
    interrupted = world.writer().clear("clear").until("empty")
    interrupted.step()
    interrupted.crash()

    mark = world.clear("again")

    assert mark.batch_id == "clear"
    assert standing(world) == [*emptied(*before), mark]
    world.check()


def test_rule_14_mark_whose_answer_was_lost_stands_once() -> None:
    world = World()
    world.append("first")
    clear = world.writer().clear("clear").until("put")

    clear.lose_answer()
    world.append("after")
    (mark,) = clear.finish()

    assert mark.position == 2
    assert [item.cleared for item in standing(world)] == [True, True, False]
    world.check()


def test_rule_14_emptying_whose_answer_is_lost_is_done_again() -> None:
    world = World(table=RecordingTable(page_bytes=1))
    before = [world.append(f"batch {number}") for number in range(3)]
    clear = world.writer().clear("clear").until("empty")

    clear.lose_request()
    clear.until("empty").lose_answer()
    clear.finish()

    assert standing(world)[:-1] == emptied(*before)


def test_rule_14_clear_that_meets_only_failures_gives_up_when_patience_ends() -> None:
    world = World()
    world.append("first")
    clear = world.writer(patience=20).clear("clear").until("empty")

    clear.lose_request()
    clear.until("empty")
    world.now += 20

    with pytest.raises(LogUnavailable):
        clear.lose_request()


def test_rule_14_clear_of_a_stream_that_holds_nothing_appends_nothing() -> None:
    world = World()

    marks = world.writer().clear("clear").finish()

    assert marks == ()
    assert standing(world) == []


def test_rule_14_clear_of_a_cleared_stream_appends_nothing() -> None:
    world = World()
    world.append("first")
    mark = world.clear()

    assert world.clear("again") == mark

    assert [item.batch_id for item in world.table.landed] == ["first:0", "clear"]


def test_rule_14_clear_near_the_end_of_a_life_ends_it_and_marks_the_next() -> None:
    world = World()
    first = world.append("first", count=3)
    world.now += DAY - 10 * MINUTE

    mark = world.clear()

    assert standing(world) == [mark]
    assert (mark.position, mark.cleared) == (1, True)
    assert mark.generation != first.generation
    world.check()


def test_rule_14_clear_that_slept_empties_nothing_of_the_next_life() -> None:
    world = World()
    world.append("first")
    asleep = world.writer().clear("clear").until("empty")
    world.now += 2 * DAY
    new_life = world.append("new life")

    asleep.finish()

    assert standing(world) == [new_life]


def test_rule_14_clear_that_was_read_before_a_life_ended_empties_nothing_of_the_next() -> None:
    world = World(table=RecordingTable(page_bytes=1))
    world.append("first")
    world.append("second")
    asleep = world.writer().clear("clear").until("empty")
    asleep.step()
    world.now += 2 * DAY
    new_life = [world.append("new life", count=1), world.append("its second")]

    asleep.finish()

    assert standing(world) == new_life


def test_rule_14_writer_goes_on_behind_the_mark_that_it_put() -> None:
    world = World()
    writer = world.writer()
    writer.flush("first").finish()
    writer.clear("clear").finish()

    flush = writer.flush("second")
    (batch,) = flush.finish()

    assert flush.operations == ["put"]
    assert batch.position == 3


def test_rule_14_run_that_is_tried_again_finds_its_batch_though_it_was_cleared() -> None:
    world = World()
    world.writer().flush("run", floor=BEGINNING).finish()
    world.now += HOUR
    world.clear()

    (again,) = world.writer().flush("run", floor=BEGINNING).finish()

    assert (again.position, again.cleared, again.events) == (1, True, ())
    world.check()
