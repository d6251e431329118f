"""The reader's rules 15 to 19: one ring a stream, and when the log is read for it."""

import pytest

from stream_service.question import AskFrom, AskHead, AskNewest
from stream_service.stream import MAX_HELD, MAX_HELD_BYTES
from stream_service.wish import Wish
from tests.support.hub import SteppedHub
from tests.support.log import DAY, HOUR, STREAM
from tests.support.stream_log import Streams, notice_of


@pytest.fixture
def streams() -> Streams:
    return Streams()


@pytest.fixture
def hub(streams: Streams) -> SteppedHub:
    return SteppedHub(streams)


def test_rule_15_ring_is_one_unbroken_run_in_whatever_order_notices_come(streams: Streams, hub: SteppedHub) -> None:
    batches = [streams.append_many(2)]
    client = hub.follow()
    batches += [streams.append_many(2) for _ in range(4)]

    for batch in (batches[3], batches[1], batches[4], batches[4], batches[2]):
        hub.offer(batch)
        hub.answer_all()

    assert client.positions == list(range(1, 11))
    assert [frame.event for frame in client.events] == [event for batch in batches for event in batch.events]


def test_rule_15_notice_that_comes_while_the_log_is_read_is_held(streams: Streams, hub: SteppedHub) -> None:
    client = hub.subscribe(Wish())
    hub.offer(streams.append_many(1), streams.append_many(1))

    assert hub.waits_for() == [AskNewest]

    hub.answer(AskNewest)
    assert hub.waits_for() == []
    assert client.positions == [1, 2]
    assert hub.hub.counts.notices_seen == 2


def test_rule_15_sweep_that_comes_while_the_log_is_read_is_made_afterwards(streams: Streams, hub: SteppedHub) -> None:
    client = hub.subscribe(Wish())
    hub.pending[0].read()
    streams.append_many(1)
    hub.sweep()
    hub.sweep()

    assert hub.waits_for() == [AskNewest]

    hub.answer(AskNewest, AskHead, AskNewest)
    assert client.positions == [1]
    assert hub.waits_for() == []


def test_rule_15_with_too_many_notices_to_hold_the_log_is_read_once_again(streams: Streams, hub: SteppedHub) -> None:
    streams.append_many(1)
    client = hub.subscribe(Wish())
    hub.pending[0].read()
    for _ in range(MAX_HELD + 10):
        hub.offer(streams.append_many(1))

    hub.answer_all()

    assert client.positions == list(range(1, MAX_HELD + 12))


def test_notices_held_while_the_ring_is_loaded_have_few_bytes(streams: Streams, hub: SteppedHub) -> None:
    streams.append_many(1)
    client = hub.subscribe(Wish())
    hub.pending[0].read()
    for _ in range(5):
        hub.offer(streams.append(*["x" * 200] * 40))  # half of what is held

    stream = hub.hub._streams[STREAM]
    assert sum(notice.size for notice in stream._held) <= MAX_HELD_BYTES
    hub.answer_all()

    assert client.positions == list(range(1, 202))
    assert (stream._held_bytes, len(stream._held)) == (0, 0)


def test_rule_16_event_recorded_while_the_ring_is_loaded_comes_once(streams: Streams, hub: SteppedHub) -> None:
    streams.append_many(1)
    client = hub.subscribe(Wish())
    hub.pending[0].read()
    hub.offer(streams.append_many(1))

    hub.answer(AskNewest)

    assert client.positions == [1, 2]


def test_rule_16_ring_is_loaded_with_the_newest_hundred(streams: Streams, hub: SteppedHub) -> None:
    for _ in range(60):
        streams.append_many(2)

    hub.follow()

    assert (hub.ring.first, hub.ring.next, hub.ring.whole) == (21, 121, False)


def test_rule_16_client_that_waited_for_the_ring_is_served_when_it_is_loaded(streams: Streams, hub: SteppedHub) -> None:
    streams.append_many(3)

    client = hub.subscribe(Wish())
    assert client.frames == []
    hub.answer(AskNewest)

    assert client.positions == [1, 2, 3]


def test_rule_16_ring_of_an_expired_stream_goes_on_behind_its_newest_item(streams: Streams, hub: SteppedHub) -> None:
    streams.append_many(3)
    streams.now += 2 * DAY

    client = hub.follow()

    assert (client.positions, client.syncs, hub.ring.next) == ([], [streams.id(3)], 4)


def test_rule_16_empty_answer_changes_nothing(streams: Streams, hub: SteppedHub) -> None:
    last = streams.begin_again("a", "b")
    client = hub.follow()
    streams.now += 2 * DAY
    streams.expire(1)

    hub.sweep()
    hub.answer_all()
    hub.hub.offer(notice_of(Streams().append_many(1)))  # late, of another life
    hub.answer(AskNewest)

    assert (hub.ring.generation, hub.ring.next) == (last.generation, 3)
    assert client.positions == [1, 2]


def test_rule_17_notice_of_another_life_has_the_ring_loaded_anew(streams: Streams, hub: SteppedHub) -> None:
    streams.append_many(2)
    client = hub.follow()

    hub.offer(streams.begin_again("a", "b", "c"))
    hub.answer_all()

    assert [str(frame.id) for frame in client.events[2:]] == [streams.id(1), streams.id(2), streams.id(3)]


def test_rule_17_notice_of_a_former_life_that_comes_late_changes_nothing(streams: Streams, hub: SteppedHub) -> None:
    old = streams.append_many(5)
    new = streams.begin_again("a")
    client = hub.follow()

    hub.offer(old)
    hub.answer_all()
    hub.offer(streams.append_many(1))
    hub.answer_all()

    assert [frame.id.generation for frame in client.events] == [new.generation] * 2


def test_rule_17_notice_that_was_seen_is_dropped(streams: Streams, hub: SteppedHub) -> None:
    client = hub.follow()
    hub.offer(first := streams.append_many(1))
    hub.answer_all()
    hub.offer(mark := streams.clear(), streams.append_many(1))
    hub.answer_all()

    hub.offer(mark, first)
    hub.answer_all()
    hub.offer(streams.append_many(1))
    hub.answer_all()

    assert client.positions == [1, 3, 4]
    assert hub.ring.first == 3
    assert hub.hub.counts.notices_seen == 2


def test_rule_17_hole_before_a_notice_is_read_from_the_log(streams: Streams, hub: SteppedHub) -> None:
    client = hub.follow()
    streams.append_many(1)
    hub.offer(streams.append_many(1))
    hub.answer(AskNewest)
    streams.append_many(2)

    hub.offer(streams.append_many(1))

    hub.answer(AskFrom)
    assert client.positions == [1, 2, 3, 4, 5]
    assert (hub.hub.counts.holes_repaired, hub.hub.counts.holes_unresolved) == (1, 0)


def test_rule_17_ring_goes_on_behind_what_expired_unread(streams: Streams, hub: SteppedHub) -> None:
    streams.append_many(1)
    client = hub.follow()
    streams.append_many(2)
    streams.now += 20 * HOUR
    streams.append_many(2)
    streams.now += 10 * HOUR

    hub.sweep()
    hub.answer_all()

    assert client.positions == [1, 4, 5]
    assert (hub.ring.first, hub.ring.next) == (4, 6)


def test_rule_17_what_is_cleared_empties_the_ring(streams: Streams, hub: SteppedHub) -> None:
    streams.append_many(3)
    hub.follow()

    hub.offer(streams.clear())

    assert (hub.ring.first, hub.ring.next, hub.ring.size, hub.ring.whole) == (5, 5, 0, True)


def test_rule_17_of_a_batch_the_part_from_next_on_is_taken(streams: Streams, hub: SteppedHub) -> None:
    batch = streams.append_many(3)
    hub.follow()
    ring = hub.ring
    ring.skip_to(batch.end)

    hub.offer(batch)

    client = hub.follow()
    assert (ring.first, ring.next, client.positions) == (3, 4, [3])


def test_rule_17_notice_without_its_events_is_read_from_the_log(streams: Streams, hub: SteppedHub) -> None:
    streams.append_many(1)
    client = hub.follow()

    hub.hub.offer(notice_of(streams.append_many(2), with_events=False))

    hub.answer(AskFrom)
    assert client.positions == [1, 2, 3]


def test_rule_18_reading_begins_with_the_batch_that_contains_the_position(streams: Streams, hub: SteppedHub) -> None:
    streams.append_many(5)
    streams.append_many(100)

    client = hub.follow(streams.id(2))

    assert client.positions == list(range(3, 106))
    assert client.gaps == []


def test_rule_18_reading_goes_on_page_by_page(
    streams: Streams, hub: SteppedHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tailrace.log_reader.READING_BYTES", 1)
    streams.append_many(1)
    client = hub.follow()
    for _ in range(3):
        streams.append_many(1)

    hub.sweep()

    hub.answer(AskHead, AskFrom, AskFrom, AskFrom)
    assert client.positions == [1, 2, 3, 4]


def test_rule_19_sweep_finds_what_no_notice_told_of(streams: Streams, hub: SteppedHub) -> None:
    streams.append_many(1)
    client = hub.follow()
    streams.append_many(2)

    hub.sweep()

    hub.answer(AskHead, AskFrom)
    assert client.positions == [1, 2, 3]


def test_rule_19_sweep_finds_a_new_life_that_is_shorter_than_the_former(streams: Streams, hub: SteppedHub) -> None:
    streams.append_many(5)
    client = hub.follow()
    streams.begin_again("a")

    hub.sweep()
    hub.answer_all()

    assert client.positions == [1, 2, 3, 4, 5, 1]


def test_rule_19_sweep_finds_a_new_life_that_is_longer_than_the_former(streams: Streams, hub: SteppedHub) -> None:
    streams.append_many(2)
    client = hub.follow()
    streams.begin_again("a", "b", "c")

    hub.sweep()

    hub.answer(AskHead, AskNewest)
    hub.answer_all()
    assert client.positions == [1, 2, 1, 2, 3]


def test_rule_19_sweep_of_a_stream_that_has_not_grown_is_one_reading(streams: Streams, hub: SteppedHub) -> None:
    streams.append_many(2)
    hub.follow()

    hub.sweep()

    hub.answer(AskHead)
    assert hub.waits_for() == []
