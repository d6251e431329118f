"""The reader's rules 20 to 25: from a client's cursor to live."""

import pytest

from stream_service.question import AskFrom, AskHead, AskNewest, AskStart
from stream_service.wish import Wish
from tests.support.hub import SteppedHub
from tests.support.log import DAY, HOUR
from tests.support.stream_log import Streams


@pytest.fixture
def streams() -> Streams:
    return Streams()


@pytest.fixture
def hub(streams: Streams) -> SteppedHub:
    return SteppedHub(streams)


def let_the_first_expire(streams: Streams, *, count: int, then: int) -> None:
    """Append, and append again, and let the first batch expire."""
    streams.append_many(count)
    streams.now += 20 * HOUR
    streams.append_many(then)
    streams.now += 10 * HOUR


# --- rule 20: no cursor


def test_rule_20_client_without_a_cursor_is_served_from_the_ring(streams: Streams, hub: SteppedHub) -> None:
    streams.append_many(5)
    hub.follow()

    client = hub.follow(replay=3)

    assert client.positions == [3, 4, 5]
    assert [type(question) for question in hub.asked] == [AskNewest]


def test_rule_20_sync_gives_an_id_where_there_is_nothing_to_replay(streams: Streams, hub: SteppedHub) -> None:
    empty = hub.follow()
    hub.offer(streams.append_many(2))
    hub.answer_all()

    silent = hub.follow(channels="z")
    only_new = hub.follow(replay=0)
    up_to_date = hub.follow(streams.id(2))

    assert empty.syncs == ["0-0"]
    assert [client.syncs for client in (silent, only_new, up_to_date)] == [[streams.id(2)]] * 3


# --- rule 21: an empty stream


def test_rule_21_cursor_is_kept_while_the_stream_is_empty(streams: Streams, hub: SteppedHub) -> None:
    cursor = Streams().append_many(3).last_id
    client = hub.follow(str(cursor))

    assert (client.syncs, client.gaps) == ([str(cursor)], [])

    hub.offer(streams.begin_again("a"))
    hub.answer_all()
    assert client.gaps == [("unknown", str(cursor), streams.id(1), None, streams.id(0))]
    assert client.positions == [1]


def test_rule_21_who_came_to_an_empty_stream_gets_all_that_it_ever_had(streams: Streams, hub: SteppedHub) -> None:
    client = hub.follow(replay=0)
    client.leave()
    streams.append_many(150)
    hub.sweep()
    hub.answer_all()

    again = hub.follow(client.syncs[0])

    assert again.positions == list(range(1, 151))
    assert again.gaps == []


# --- rule 22: a cursor that the ring can't explain


def test_rule_22_cursor_that_another_task_gave_is_good_though_this_ring_lags(streams: Streams, hub: SteppedHub) -> None:
    streams.append_many(1)
    hub.follow()
    streams.append_many(2)

    client = hub.subscribe(Wish(cursor=streams.id(3)))
    hub.answer(AskHead)
    assert client.syncs == [streams.id(3)]
    hub.answer_all()
    hub.offer(streams.append_many(1))

    assert (client.positions, client.gaps) == ([4], [])


def test_rule_22_head_is_read_in_a_reading_that_begins_now(streams: Streams, hub: SteppedHub) -> None:
    streams.append_many(1)
    hub.follow()
    hub.subscribe(Wish(cursor="0other-3"))
    hub.pending[0].read()
    streams.append_many(1)

    client = hub.subscribe(Wish(cursor=streams.id(2)))
    hub.answer_all()

    assert (client.syncs, client.gaps) == ([streams.id(2)], [])


def test_rule_22_cursor_of_another_life_gets_the_newest_behind_a_gap(streams: Streams, hub: SteppedHub) -> None:
    cursor = str(streams.append_many(3).last_id)
    streams.begin_again(*"a" * 70)
    streams.append_many(70)

    client = hub.follow(cursor)

    assert client.positions == list(range(41, 141))
    assert client.gaps == [("unknown", cursor, streams.id(41), None, streams.id(40))]


def test_rule_22_cursor_that_is_ahead_of_the_log_is_unknown(streams: Streams, hub: SteppedHub) -> None:
    streams.append_many(2)

    client = hub.follow(streams.id(99))

    assert client.positions == [1, 2]
    assert client.gaps == [("unknown", streams.id(99), streams.id(1), None, streams.id(0))]


def test_rule_22_unknown_cursor_stays_unknown_though_what_it_gets_instead_is_cleared(
    streams: Streams, hub: SteppedHub
) -> None:
    streams.append("rare")
    streams.append_many(70)
    streams.append_many(70)
    hub.follow()
    client = hub.subscribe(Wish(cursor=streams.id(999), channels=frozenset({"rare"})))
    hub.answer(AskHead)

    hub.pending[0].read()
    streams.clear()
    hub.answer_all()
    hub.sweep()
    hub.answer_all()

    assert client.gaps == [("unknown", streams.id(999), streams.id(143), None, streams.id(142))]


def test_rule_22_cursor_is_not_vouched_for_in_the_next_life(streams: Streams, hub: SteppedHub) -> None:
    streams.append_many(1)
    hub.follow()
    streams.append_many(2)
    client = hub.subscribe(Wish(cursor=streams.id(3)))
    hub.answer(AskHead)

    streams.begin_again(*"a" * 9)
    hub.answer_all()

    assert client.positions == list(range(1, 10))
    assert [gap[0] for gap in client.gaps] == ["unknown"]


def test_rule_22_answer_about_a_former_life_judges_nobody(streams: Streams, hub: SteppedHub) -> None:
    streams.append_many(2)
    hub.follow()
    client = hub.subscribe(Wish(cursor="0other-3"))
    judgement = hub.pending.pop()
    judgement.read()
    hub.offer(streams.begin_again("a"))
    hub.answer_all()

    judgement.answer()
    hub.answer_all()

    assert client.positions == [1]


# --- rule 23: a cursor before the ring


def test_rule_23_cursor_before_the_ring_is_served_from_the_log(streams: Streams, hub: SteppedHub) -> None:
    for _ in range(100):
        streams.append_many(5)

    client = hub.follow(streams.id(7))

    assert client.positions == list(range(8, 501))
    assert client.gaps == []


def test_rule_23_what_expired_behind_the_cursor_is_told(streams: Streams, hub: SteppedHub) -> None:
    let_the_first_expire(streams, count=5, then=2)

    client = hub.follow(streams.id(2))

    assert client.gaps == [("expired", streams.id(2), streams.id(6), 3, streams.id(5))]
    assert client.positions == [6, 7]
    assert [frame.channel for frame in client.frames] == ["$gap", "numbers", "numbers"]


def test_rule_23_what_was_cleared_behind_the_cursor_is_told(streams: Streams, hub: SteppedHub) -> None:
    streams.append_many(5)
    streams.clear()
    streams.append_many(2)

    client = hub.follow(streams.id(2))

    assert client.gaps == [("cleared", streams.id(2), streams.id(7), 4, streams.id(6))]
    assert client.positions == [7, 8]


def test_rule_23_new_life_that_begins_while_pages_are_read_is_noticed(streams: Streams, hub: SteppedHub) -> None:
    streams.append_many(5)
    streams.append_many(100)
    hub.follow()
    cursor = streams.id(2)
    client = hub.subscribe(Wish(cursor=cursor))

    streams.begin_again(*"a" * 9)
    hub.answer(AskFrom, AskHead)
    hub.answer_all()

    assert client.gaps == [("unknown", cursor, streams.id(1), None, streams.id(0))]
    assert client.positions == list(range(1, 10))


# --- rule 24: good cursors


def test_rule_24_cursor_just_before_the_first_retained_event_is_good(streams: Streams, hub: SteppedHub) -> None:
    let_the_first_expire(streams, count=5, then=120)
    streams.expire(1)
    hub.follow()
    hub.ring.shrink(0)

    client = hub.follow(streams.id(5))

    assert client.gaps == []
    assert client.positions == list(range(6, 126))


# --- rule 25: gaps


def test_rule_25_gap_is_told_once_also_to_who_comes_back(streams: Streams, hub: SteppedHub) -> None:
    let_the_first_expire(streams, count=5, then=2)
    client = hub.subscribe(Wish(cursor=streams.id(2)), room=1)
    hub.answer_all()
    assert [frame.channel for frame in client.frames] == ["$gap"]
    client.leave()

    again = hub.follow(str(client.frames[0].id))

    assert again.gaps == []
    assert again.positions == [6, 7]


def test_rule_25_losses_in_a_row_are_told_at_once(streams: Streams, hub: SteppedHub) -> None:
    let_the_first_expire(streams, count=5, then=2)
    streams.clear()
    streams.append_many(2)

    client = hub.follow(streams.id(2))

    assert client.gaps == [("cleared", streams.id(2), streams.id(9), 6, streams.id(8))]
    assert client.positions == [9, 10]


def test_rule_25_loss_that_is_known_is_told_after_a_pause(streams: Streams, hub: SteppedHub) -> None:
    streams.append_many(2)
    client = hub.subscribe(Wish(cursor="no id"))
    client.pause()
    hub.answer_all()

    client.resume()

    assert client.gaps == [("unknown", "no id", streams.id(1), None, streams.id(0))]


def test_rule_25_who_came_without_a_cursor_has_lost_nothing(streams: Streams, hub: SteppedHub) -> None:
    let_the_first_expire(streams, count=5, then=2)

    client = hub.follow()

    assert client.gaps == []
    assert client.positions == [6, 7]


def test_rule_25_replay_that_expires_before_it_is_read_is_no_loss(streams: Streams, hub: SteppedHub) -> None:
    streams.append_many(150)
    streams.append_many(150)
    hub.follow()
    hub.ring.shrink(hub.ring.size // 2)
    client = hub.subscribe(Wish(replay=200))
    hub.answer(AskStart)

    streams.now += 2 * DAY
    streams.expire(1)
    streams.expire(151)
    hub.answer_all()

    assert client.gaps == []
    assert client.positions == list(range(hub.ring.first, 301))  # what this task still holds


def test_rule_25_replay_that_begins_in_a_former_life_is_no_loss(streams: Streams, hub: SteppedHub) -> None:
    streams.append_many(150)
    streams.append_many(150)
    hub.follow()
    client = hub.subscribe(Wish(replay=200))
    hub.answer(AskStart)

    streams.begin_again(*["a"] * 120)
    hub.answer_all()

    assert client.gaps == []
    assert client.positions == list(range(1, 121))


def test_rule_25_page_of_a_former_life_takes_nothing_away_from_the_next(streams: Streams, hub: SteppedHub) -> None:
    streams.append_many(200)
    hub.follow()
    hub.ring.shrink(0)
    hub.subscribe(Wish(cursor=streams.id(5)))
    streams.now += 2 * DAY
    streams.expire(1)
    page = hub.pending.pop()
    page.read()
    hub.offer(streams.append_many(200))
    hub.answer_all()
    hub.ring.shrink(0)

    client = hub.subscribe(Wish(cursor=streams.id(5)))
    page.answer()
    hub.answer_all()

    assert client.gaps == []
    assert client.positions == list(range(6, 201))
