"""Rules 3 and 4: a stream whose tail runs out is prolonged in time, or ended whole."""

from datetime import timedelta

import pytest

from tailrace.dynamodb import dynamodb_client
from tailrace.event_log import EventLog
from tailrace.in_memory import InMemoryTable
from tailrace.table import Item
from tests.support.log import DAY, MINUTE, NOON, STREAM, World
from tests.support.stepping import Flush, now_or_never

FAST, SLOW = 15 * MINUTE, -15 * MINUTE
"""Clocks differ by a quarter of an hour from the true time at most."""


def three_items_with(minutes_left: float) -> World:
    return items_with(minutes_left, 3)


def items_with(minutes_left: float, count: int) -> World:
    world = World()
    for number in range(count):
        world.append(f"old {number}")
    world.now = NOON + DAY - minutes_left * MINUTE
    return world


@pytest.mark.parametrize(
    ("minutes_left", "operations"),
    [
        (60, ["query", "put"]),
        (59, ["query", "extend", "put"]),
        (15, ["query", "extend", "put"]),
        (14, ["query", "query", "query", "delete", "delete", "delete", "query", "put"]),
        (-1, ["query", "query", "query", "delete", "delete", "delete", "query", "put"]),
    ],
)
def test_rule_03_what_the_tail_has_left_to_live_decides(minutes_left: float, operations: list[str]) -> None:
    world = three_items_with(minutes_left)
    flush = world.writer().flush("run")

    flush.finish()

    assert flush.operations == operations
    assert world.table.items[STREAM][3].expires_at >= world.now + 60 * MINUTE if minutes_left >= 15 else True
    world.check()


def test_rule_03_tail_with_46_minutes_is_extended_since_a_put_may_land_late_and_clocks_differ() -> None:
    world = three_items_with(31)
    slow = world.writer(skew=SLOW).flush("late").until("put")
    land = slow.delay()

    world.now += 2 * MINUTE
    world.append("next", skew=FAST)  # sees 14 minutes, if nobody has extended the tail
    world.now += 12 * MINUTE
    land()

    world.check()


def test_rule_03_extension_that_is_refused_is_no_leave_to_put() -> None:
    world = three_items_with(1)
    slow = world.writer(skew=SLOW).flush("run").until("extend")

    world.append("new life")
    slow.finish()

    world.check()
    assert world.table.landed[-1].position == 2


def test_rule_03_expired_stream_whose_tail_is_deleted_first_is_ended() -> None:
    world = three_items_with(0)

    world.expire(world.table.landed[2])
    world.append("new life")

    world.check()
    assert world.table.landed[-1].position == 1
    assert len(world.table.items[STREAM]) == 1


def test_rule_03_stream_that_expires_by_a_clock_that_is_ahead_is_ended_too() -> None:
    world = three_items_with(0)

    world.expire(world.table.landed[2])
    world.append("new life", skew=SLOW + 1)

    world.check()
    assert world.table.landed[-1].position == 1


def test_rule_03_items_are_deleted_in_ascending_order_the_tail_last() -> None:
    world = three_items_with(14)
    ending = world.writer().flush("a").until("delete")

    ending.step()
    ending.crash()
    world.append("b", skew=SLOW)  # does not see the stream's end yet, and goes on behind its tail

    world.check()
    assert world.table.landed[-1].position == 4


def test_rule_03_tail_that_was_extended_meanwhile_is_not_deleted() -> None:
    world = three_items_with(14)
    ending = step_to_delete_of(3, world.writer().flush("a"))
    slow = world.writer(skew=SLOW).flush("b").until("put")  # has extended the tail

    ending.finish()
    slow.finish()

    world.check()


def test_rule_03_new_life_is_not_deleted_with_the_old_one() -> None:
    world = three_items_with(0)
    ending = world.writer().flush("a").until("delete")
    begun = world.append("b")

    ending.finish()

    assert world.table.items[STREAM][1] == begun
    world.check()


def test_rule_03_stream_is_left_whole_where_its_tail_was_extended_since_it_was_seen() -> None:
    world = three_items_with(20)
    slow = world.writer().flush("a")
    slow.step()
    world.writer().flush("b").until("put")  # has extended the tail

    world.now += 6 * MINUTE
    slow.lose_request()
    slow.finish()

    assert sorted(world.table.items[STREAM]) == [1, 2, 3, 4]
    world.check()


def test_rule_03_events_of_an_extended_item_do_not_become_visible_again() -> None:
    world = three_items_with(30)
    world.append("fourth")
    world.now += 31 * MINUTE
    log = EventLog(table=world.table, retention=timedelta(days=1), now=lambda: world.now)

    reading = now_or_never(log.read(STREAM, 1))
    newest = now_or_never(log.newest(STREAM, 100))

    assert world.table.items[STREAM][3].expires_at > world.now
    assert newest is not None
    assert [batch.position for batch in reading.batches] == [4]
    assert [batch.position for batch in newest.batches] == [4]


def test_rule_04_request_has_ended_long_before_a_quarter_of_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    settings = vars(dynamodb_client().meta.config)["_user_provided_options"]

    seconds = settings["connect_timeout"] + settings["read_timeout"]
    longest = seconds * settings["retries"]["total_max_attempts"]

    assert longest <= MINUTE


def test_rule_04_retention_is_a_day_at_least() -> None:
    with pytest.raises(ValueError, match="needs at least 1 day"):
        EventLog(table=InMemoryTable(), retention=timedelta(hours=23))


def step_to_delete_of(position: int, flush: Flush) -> Flush:
    flush.until("delete")
    while flush.turn and isinstance(flush.turn.item, Item) and flush.turn.item.position != position:
        flush.step()
    return flush
