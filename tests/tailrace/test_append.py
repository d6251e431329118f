"""Rules 1 and 2, and 5 to 10: a batch takes the place behind the tail, once, whatever becomes of answers."""

from datetime import timedelta

import pytest

from tailrace.draft import new_generation
from tailrace.errors import LogUnavailable
from tailrace.event import BEGINNING
from tests.support.log import DAY, HOUR, MINUTE, NOON, RecordingTable, World, some_events


def test_rule_01_remembered_tail_is_relied_on_for_five_minutes_by_the_wall_clock() -> None:
    world = World()
    writer = world.writer()
    writer.flush("first").finish()

    operations = []
    for seconds in (5 * MINUTE - 1, 5 * MINUTE, -1):
        world.now += seconds
        flush = writer.flush(f"after {seconds}")
        flush.finish()
        operations.append(flush.operations)

    assert operations == [["put"], ["query", "put"], ["query", "put"]]


def test_rule_01_process_that_was_frozen_for_a_day_does_not_extend_a_tail_of_yesterday() -> None:
    world = World()
    frozen = world.writer()
    frozen.flush("first").finish()
    world.now += 1
    second = world.append("second")

    world.now += DAY - 30 * MINUTE
    thawed = frozen.flush("third")
    thawed.step()  # were it to extend the first item, that one would outlive the second
    thawed.crash()
    world.now += 31 * MINUTE
    world.expire(second)
    world.append("fourth")

    world.check()


def test_rule_01_own_batch_that_a_retry_finds_is_not_taken_for_the_tail() -> None:
    world = World()
    world.writer().flush("run", floor=BEGINNING).finish()
    world.now += 1
    second = world.append("second")

    world.now += DAY - 30 * MINUTE
    retry = world.writer()
    retry.flush("run", floor=BEGINNING).finish()
    third = retry.flush("third")
    third.step()  # were it to extend the first item, that one would outlive the second
    third.crash()
    world.now += 31 * MINUTE
    world.expire(second)
    world.append("fourth")

    world.check()


def test_rule_01_that_a_stream_is_empty_is_never_taken_for_granted() -> None:
    world = World()
    first = world.append("first")
    world.now += HOUR
    world.append("second")
    world.now += DAY - HOUR
    world.expire(first)  # position 1 is free

    third = world.append("third")

    assert third.position == 3
    world.check()


def test_rule_02_two_cold_writers_on_an_empty_stream_begin_one_generation() -> None:
    world = World()
    flushes = [world.writer().flush("a").until("put"), world.writer(skew=1).flush("b").until("put")]

    for flush in flushes:
        flush.finish()

    assert [(item.position, item.generation) for item in world.table.landed] == [
        (1, new_generation(NOON)),
        (2, new_generation(NOON)),
    ]


@pytest.mark.parametrize(("now", "name"), [(0.0, "0"), (0.035, "z"), (0.036, "10"), (NOON, "mywpiww0")])
def test_rule_02_generation_is_named_after_its_millisecond_in_base_36(now: float, name: str) -> None:
    assert new_generation(now) == name
    assert int(name, 36) == int(now * 1000)


def test_rule_05_item_behind_one_that_is_kept_for_longer_is_kept_as_long() -> None:
    world = World()
    first = world.append("first", retention=timedelta(days=30))
    second = world.append("retention was lowered", retention=timedelta(days=1))

    world.now += DAY + 1
    if second.expires_at <= world.now:
        world.expire(second)
    world.append("third")

    assert second.expires_at == first.expires_at
    world.check()


def test_rule_05_time_of_recording_never_runs_backwards_along_a_stream() -> None:
    world = World()
    first = world.append("first", skew=10 * MINUTE)
    second = world.append("second")

    assert second.recorded_at == first.recorded_at


def test_rule_06_warm_append_is_one_put() -> None:
    world = World()
    writer = world.writer()
    writer.flush("first", some_events(3)).finish()

    flush = writer.flush("second")
    (batch,) = flush.finish()

    assert flush.operations == ["put"]
    assert batch.position == 4


def test_rule_07_own_batch_in_the_way_is_an_earlier_success() -> None:
    world = World()
    flush = world.writer().flush("run").until("put")

    flush.lose_answer()
    (batch,) = flush.finish()

    world.check()
    assert (batch.position, batch.batch_id) == (1, "run:0")


def test_rule_07_what_the_log_holds_is_what_is_returned() -> None:
    world = World()
    tries = [world.writer().flush("run", some_events(count)).until("put") for count in (1, 2)]

    first, second = (flush.finish() for flush in tries)

    assert first == second
    assert second[0].events == some_events(1)


def test_rule_08_item_in_the_way_is_the_tail() -> None:
    world = World()
    flush = world.writer().flush("run").until("put")
    world.append("faster", count=5)

    (batch,) = flush.finish()

    assert flush.operations == ["query", "put", "put"]
    assert batch.position == 6


def test_rule_08_writer_that_is_far_behind_reads_forward_instead_of_walking() -> None:
    world = World()
    flush = world.writer().flush("run").until("put")
    for number in range(50):
        world.append(f"faster {number}")

    flush.finish()

    assert flush.operations == ["query", "put", "put", "query", "put"]
    world.check()


def test_rule_09_put_whose_answer_was_lost_is_tried_at_the_same_position() -> None:
    world = World()
    flush = world.writer().flush("run").until("put")

    flush.lose_answer()
    world.append("faster")
    (batch,) = flush.finish()

    world.check()
    assert batch.position == 1


def test_rule_09_put_that_lands_late_finds_its_place_taken() -> None:
    world = World()
    flush = world.writer().flush("run").until("put")

    land = flush.delay()
    world.append("faster")
    flush.finish()
    land()

    world.check()
    assert [item.batch_id for item in world.table.landed] == ["faster:0", "run:0"]


def test_rule_09_append_that_meets_only_failures_gives_up_when_patience_ends() -> None:
    world = World()
    flush = world.writer(patience=20).flush("run")

    for _ in range(3):
        world.now -= DAY  # a clock that is set back adds nothing to patience
        flush.lose_request()
    world.now += 20

    with pytest.raises(LogUnavailable):
        flush.lose_request()


def test_rule_10_batch_whose_put_may_have_landed_is_looked_for_from_where_the_put_stood() -> None:
    world = World()
    world.append("first")
    world.now += DAY - HOUR
    flush, rival = (world.writer().flush(name).until("put") for name in ("run", "rival"))

    world.now += 5 * MINUTE
    flush.lose_answer()
    rival.lose_request()
    world.append("faster")
    rival.step()
    flush.finish()  # its own extension of the first item is refused, so that it has to read

    assert flush.operations[-2:] == ["extend", "query"]
    world.check()


def test_rule_10_forward_read_turns_every_page() -> None:
    world = World(table=RecordingTable(page_bytes=1))
    flush = world.writer().flush("run").until("put")
    for number in range(50):
        world.append(f"faster {number}")

    (batch,) = flush.finish()

    assert flush.operations.count("put") == 3
    assert batch.position == 51


def test_rule_10_forward_read_begins_at_the_beginning_where_the_generation_is_another() -> None:
    world = World()
    world.append("long ago", count=49)
    world.append("first")
    flush = world.writer().flush("run").until("put")

    world.now += DAY
    flush.lose_request()
    for number in range(3):
        world.append(f"new life {number}")
    (batch,) = flush.finish()

    assert flush.operations.count("put") == 2  # the lost one, and one that knows its place
    assert batch.position == 4
    world.check()
