"""A client's place: what each cursor gets, what a replay holds, and which ids a quiet client is given."""

import pytest

from stream_service.question import AskNewest, AskStart
from stream_service.subscription import QUIET_SECONDS
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


# --- replay


def test_client_without_a_cursor_gets_the_newest_hundred_and_then_what_comes(streams: Streams, hub: SteppedHub) -> None:
    for _ in range(50):
        streams.append_many(3)

    client = hub.follow()
    hub.offer(streams.append_many(2))

    assert client.positions == list(range(51, 153))
    assert (client.gaps, client.syncs) == ([], [])


@pytest.mark.parametrize("replay", [1, 7, 100, 101, 149, 150, 151, 1000])
def test_replay_is_as_long_as_was_asked(streams: Streams, hub: SteppedHub, replay: int) -> None:
    for _ in range(50):
        streams.append_many(3)

    client = hub.follow(replay=replay)

    assert client.positions == list(range(max(1, 151 - replay), 151))
    assert (client.gaps, client.syncs) == ([], [])


def test_replay_of_nothing_gives_an_id_and_then_only_what_is_new(streams: Streams, hub: SteppedHub) -> None:
    streams.append_many(3)

    client = hub.follow(replay=0)
    hub.offer(streams.append_many(2))

    assert client.frames[0].data == {"head": streams.id(3), "live": True}
    assert (client.syncs, client.positions) == ([streams.id(3)], [4, 5])


def test_client_of_an_empty_stream_gets_what_comes_though_it_asked_for_no_replay(
    streams: Streams, hub: SteppedHub
) -> None:
    client = hub.follow(replay=0)

    assert client.frames[0].data == {"head": "0-0", "live": True}
    hub.offer(streams.append_many(2))
    hub.answer_all()

    assert client.positions == [1, 2]


def test_replay_begins_behind_what_expired_and_says_nothing_of_it(streams: Streams, hub: SteppedHub) -> None:
    streams.append_many(3)
    streams.now += 20 * HOUR
    streams.append_many(2)
    streams.now += 10 * HOUR

    client = hub.follow(replay=1000)

    assert (client.positions, client.gaps) == ([4, 5], [])


def test_replay_of_a_stream_whose_log_is_empty_by_now_is_what_this_task_still_holds(
    streams: Streams, hub: SteppedHub
) -> None:
    for _ in range(3):
        streams.append_many(100)
    hub.follow()
    streams.now += 2 * DAY
    for position in tuple(streams.items):
        streams.expire(position)

    client = hub.follow(replay=300)

    assert client.positions == list(range(201, 301))


def test_nothing_is_sent_before_the_log_has_answered(streams: Streams, hub: SteppedHub) -> None:
    streams.append_many(1)

    client = hub.subscribe(Wish(control=True, cursor=streams.id(1)))
    hub.hub.keep_alive(0)

    assert (client.frames, client.keepalives) == ([], 1)


# --- cursors


def test_cursor_gets_everything_behind_it_and_then_what_comes(streams: Streams, hub: SteppedHub) -> None:
    for _ in range(100):
        streams.append_many(3)

    client = hub.follow(streams.id(20), replay=5)
    hub.offer(streams.append_many(2))

    assert client.positions == list(range(21, 303))
    assert (client.gaps, client.syncs) == ([], [])


def test_cursor_at_the_head_is_told_that_it_is(streams: Streams, hub: SteppedHub) -> None:
    streams.append_many(3)

    client = hub.follow(streams.id(3))

    assert (client.positions, client.syncs, client.gaps) == ([], [streams.id(3)], [])


def test_cursor_0_0_gets_everything_that_is_retained(streams: Streams, hub: SteppedHub) -> None:
    for _ in range(100):
        streams.append_many(3)

    client = hub.follow("0-0")

    assert client.positions == list(range(1, 301))
    assert client.gaps == []


def test_cursor_0_0_is_told_of_what_it_missed_meanwhile(streams: Streams, hub: SteppedHub) -> None:
    streams.append_many(3)
    streams.now += 20 * HOUR
    streams.append_many(2)
    streams.now += 10 * HOUR

    client = hub.follow("0-0")

    assert client.gaps == [("expired", "0-0", streams.id(4), 3, streams.id(3))]
    assert client.positions == [4, 5]


def test_client_of_a_stream_that_was_empty_is_told_of_its_first_loss_by_the_id_that_it_was_given(
    streams: Streams, hub: SteppedHub
) -> None:
    client = hub.follow()
    assert client.syncs == ["0-0"]

    streams.append_many(3)
    streams.clear()
    hub.offer(streams.append_many(2))
    hub.answer_all()

    assert client.gaps == [("cleared", "0-0", streams.id(5), 4, streams.id(4))]
    assert client.positions == [5, 6]


@pytest.mark.parametrize("cursor", ["17", "m1-", "-5", "m1--5", "M1-5", "m1-05", "", "x" * 128, "é\u2028", "m1-5\n"])
def test_cursor_that_is_no_id_gets_the_newest_hundred_behind_a_gap(
    streams: Streams, hub: SteppedHub, cursor: str
) -> None:
    for _ in range(50):
        streams.append_many(3)

    client = hub.follow(cursor, replay=3)

    assert client.gaps == [("unknown", cursor, streams.id(51), None, streams.id(50))]
    assert client.positions == list(range(51, 151))


def test_cursor_that_is_no_id_waits_on_an_empty_stream_and_is_told_when_it_fills(
    streams: Streams, hub: SteppedHub
) -> None:
    client = hub.follow("no id")
    assert client.syncs == ["0-0"]

    hub.offer(streams.append_many(2))
    hub.answer_all()

    assert client.gaps == [("unknown", "no id", streams.id(1), None, streams.id(0))]
    assert client.positions == [1, 2]


def test_who_follows_into_a_new_life_is_told_of_its_own_last_id(streams: Streams, hub: SteppedHub) -> None:
    streams.append_many(3)
    client = hub.follow()
    last = str(client.frames[-1].id)

    hub.offer(streams.begin_again("a"))
    hub.answer_all()

    assert client.gaps == [("unknown", last, streams.id(1), None, streams.id(0))]


def test_gap_names_what_came_also_where_the_stream_begins_anew_before_it_is_told(
    streams: Streams, hub: SteppedHub
) -> None:
    streams.append_many(3)
    hub.follow()
    hub.ring.shrink(0)
    client = hub.subscribe(Wish(cursor="no id"))
    client.pause()
    hub.answer(AskStart)

    hub.offer(streams.begin_again("a"))
    client.resume()
    hub.answer_all()

    assert client.gaps == [("unknown", "no id", streams.id(1), None, streams.id(0))]


# --- channels


def test_chosen_channels_alone_are_sent(streams: Streams, hub: SteppedHub) -> None:
    streams.append("a", "b", "c", "a")

    client = hub.follow(channels="ac")
    hub.offer(streams.append("b", "c"))

    assert [(frame.id.position, frame.channel) for frame in client.events] == [(1, "a"), (3, "c"), (4, "a"), (6, "c")]


def test_replay_of_a_rare_channel_looks_back_in_the_log(streams: Streams, hub: SteppedHub) -> None:
    for _ in range(150):
        streams.append("rare", "often", "often")

    client = hub.follow(channels=["rare"])

    assert client.positions == list(range(151, 450, 3))


def test_replay_of_a_channel_that_never_was_ends_at_the_head(streams: Streams, hub: SteppedHub) -> None:
    for _ in range(50):
        streams.append_many(3)

    client = hub.follow(channels=["silent"])

    assert [type(question) for question in hub.asked][:2] == [AskNewest, AskStart]
    assert (client.syncs, client.positions) == ([streams.id(150)], [])


def test_resuming_on_a_channel_passes_over_the_others(streams: Streams, hub: SteppedHub) -> None:
    for _ in range(60):
        streams.append("a", "b", "b")

    client = hub.follow(streams.id(3), channels="a")

    assert client.positions == list(range(4, 181, 3))
    assert client.gaps == []


def test_quiet_client_gets_the_head_as_its_id_once_a_minute(streams: Streams, hub: SteppedHub) -> None:
    streams.append("a")
    client = hub.follow(channels="a")
    seconds = range(0, 10 * int(QUIET_SECONDS), 15)

    for now in seconds:
        hub.offer(streams.append("b"))
        hub.hub.keep_alive(now)

    assert client.keepalives == len(seconds)
    assert len(client.syncs) == 10 * QUIET_SECONDS // (QUIET_SECONDS + 15)
    assert client.positions == [1]


def test_quiet_client_of_a_stream_that_rests_gets_no_more_than_keepalives(streams: Streams, hub: SteppedHub) -> None:
    streams.append("a", "b")
    client = hub.follow(channels="a")
    for now in range(0, 600, 15):
        hub.hub.keep_alive(now)
    before = len(client.frames)

    for now in range(600, 1200, 15):
        hub.hub.keep_alive(now)

    assert len(client.frames) == before


# --- control


def test_control_gives_a_sync_behind_the_replay_and_with_each_keepalive(streams: Streams, hub: SteppedHub) -> None:
    streams.append_many(2)
    client = hub.follow(control=True)
    assert [frame.channel for frame in client.frames] == ["numbers", "numbers", "$sync"]

    hub.hub.keep_alive(0)
    hub.offer(streams.append_many(1))
    hub.hub.keep_alive(15)

    assert client.syncs == [streams.id(2), streams.id(2), streams.id(3)]


def test_control_gives_a_sync_with_each_keepalive_of_an_empty_stream_too(hub: SteppedHub) -> None:
    clients = [hub.follow(cursor, control=True) for cursor in (None, "0-0", "no id")]

    hub.hub.keep_alive(0)

    assert [client.syncs for client in clients] == [["0-0", "0-0"]] * 3


def test_without_control_there_is_no_sync_behind_a_replay(streams: Streams, hub: SteppedHub) -> None:
    streams.append_many(2)
    client = hub.follow()

    hub.hub.keep_alive(0)

    assert client.syncs == []
