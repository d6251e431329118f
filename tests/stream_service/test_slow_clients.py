"""A client whose socket is full: it costs nobody anything, and goes on where it was, or is cut."""

import pytest

from stream_service.bounds import Bounds
from stream_service.counts import End
from stream_service.pages import TICKS
from stream_service.question import AskFrom
from stream_service.slices import SLICE_BYTES
from stream_service.wish import Wish
from tests.support.hub import SteppedHub
from tests.support.log import HOUR
from tests.support.stream_log import Streams

BOUNDS = Bounds(ring_events=10, patience=60)


@pytest.fixture
def streams() -> Streams:
    return Streams()


@pytest.fixture
def hub(streams: Streams) -> SteppedHub:
    return SteppedHub(streams, bounds=BOUNDS)


def test_paused_client_goes_on_from_the_ring(streams: Streams, hub: SteppedHub) -> None:
    client = hub.follow()
    client.pause()
    for _ in range(5):
        hub.offer(streams.append_many(1))
        hub.answer_all()
    assert client.events == []
    asked = len(hub.asked)

    client.resume()

    assert client.positions == [1, 2, 3, 4, 5]
    assert len(hub.asked) == asked


def test_paused_client_that_the_ring_has_passed_goes_on_from_the_log(streams: Streams, hub: SteppedHub) -> None:
    streams.append_many(1)
    client = hub.follow()
    client.pause()
    for _ in range(30):
        hub.offer(streams.append_many(1))

    client.resume()
    hub.answer(AskFrom)

    assert client.positions == list(range(1, 32))


def test_slow_client_makes_no_other_wait(streams: Streams, hub: SteppedHub) -> None:
    slow, fast = hub.follow(), hub.follow()
    hub.offer(streams.append_many(1))
    hub.answer_all()
    slow.pause()

    hub.offer(streams.append_many(2))

    assert (slow.positions, fast.positions) == ([1], [1, 2, 3])


def test_client_is_given_a_slice_at_a_time_as_its_socket_takes_it(streams: Streams) -> None:
    hub = SteppedHub(streams)
    for _ in range(8):
        streams.append(*["x" * 200] * 200)  # long channels make large frames

    client = hub.follow(replay=1000, room=1)

    turns = 0
    while len(client.events) < 1000:
        assert client.subscription.paused
        assert len(client.written[-1]) < SLICE_BYTES + 1000
        client.resume(room=1)
        hub.answer_all()
        turns += 1
    assert client.positions == list(range(601, 1601))
    assert turns >= 3


def test_batch_from_the_log_is_given_in_slices_too(streams: Streams, hub: SteppedHub) -> None:
    streams.append(*["x" * 200] * 1000)
    hub.follow()

    client = hub.follow(streams.id(0), room=1)
    while client.subscription.paused:
        assert len(client.written[-1]) < SLICE_BYTES + 1000
        client.resume(room=1)
        hub.answer_all()

    assert client.positions == list(range(1, 1001))
    assert len(client.written) > 3


def test_keepalives_wait_for_the_socket_too(streams: Streams, hub: SteppedHub) -> None:
    streams.append_many(1)
    client = hub.follow(control=True)
    client.pause()
    before = len(client.written)

    hub.hub.keep_alive(0)
    assert len(client.written) == before

    client.resume()
    hub.hub.keep_alive(15)
    assert client.keepalives == 1


def test_keepalive_that_fills_the_socket_is_followed_by_nothing(hub: SteppedHub) -> None:
    client = hub.follow(control=True)
    client.room = 1

    hub.hub.keep_alive(0)

    assert (client.keepalives, len(client.syncs)) == (1, 1)


def test_gap_that_fills_the_socket_is_followed_by_nothing(streams: Streams, hub: SteppedHub) -> None:
    streams.append_many(3)
    streams.now += 20 * HOUR
    streams.append_many(2)
    streams.now += 10 * HOUR

    client = hub.follow(streams.id(1), room=1)
    assert [frame.channel for frame in client.frames] == ["$gap"]

    client.resume()
    hub.answer_all()
    assert client.positions == [4, 5]
    assert len(client.gaps) == 1


@pytest.mark.parametrize("ticks", [0, 2 * TICKS])
def test_page_that_comes_for_a_full_socket_is_written_later(streams: Streams, hub: SteppedHub, ticks: int) -> None:
    streams.append_many(30)
    hub.follow(replay=0)
    client = hub.subscribe(Wish(cursor=streams.id(2)))
    client.pause()
    hub.answer(AskFrom)
    assert client.written == []
    for _ in range(ticks):  # with so many, it is read again
        hub.hub.tick(0.0)

    client.resume()
    hub.answer_all()

    assert client.positions == list(range(3, 31))


def test_client_that_does_not_read_is_cut_when_patience_ends(hub: SteppedHub) -> None:
    slow, quick = hub.follow(), hub.follow()
    slow.pause()

    for now in range(60):
        hub.hub.tick(now)
        quick.pause()
        quick.resume()
    before = slow.aborted
    hub.hub.tick(60)

    assert (before, slow.aborted, quick.aborted) == (False, True, False)
    assert (hub.hub.connections, hub.hub.counts.ended[End.SLOW]) == (1, 1)


def test_slow_client_is_cut_and_counted_once(streams: Streams, hub: SteppedHub) -> None:
    slow = hub.follow()
    slow.pause()

    for now in range(300):
        hub.hub.tick(now)
    slow.leave()

    assert (hub.hub.connections, hub.hub.counts.ended[End.SLOW]) == (0, 1)
    hub.offer(streams.append_many(1))
    slow.resume()
    assert slow.events == []


def test_client_that_was_cut_comes_back_and_has_lost_nothing(streams: Streams, hub: SteppedHub) -> None:
    slow = hub.follow()
    hub.offer(streams.append_many(2))
    hub.answer_all()
    slow.pause()
    for _ in range(30):
        hub.offer(streams.append_many(1))
    hub.hub.tick(0)
    hub.hub.tick(60)

    again = hub.follow(str(slow.frames[-1].id))

    assert again.positions == list(range(3, 33))
    assert again.gaps == []
