"""What a stream counts: when each batch has been written to all who follow it live, and what became of holes."""

import pytest

from stream_service.question import AskFrom, AskHead, AskNewest
from tests.support.hub import SteppedHub
from tests.support.log import HOUR
from tests.support.stream_log import Streams


@pytest.fixture
def streams() -> Streams:
    return Streams()


@pytest.fixture
def hub(streams: Streams) -> SteppedHub:
    return SteppedHub(streams)


def test_batch_is_measured_once_however_many_follow(streams: Streams, hub: SteppedHub) -> None:
    streams.append_many(1)
    for _ in range(3):
        hub.follow()

    batch = streams.append_many(10)
    hub.offer(batch)

    assert hub.delivered == [batch.recorded_at]


def test_first_batch_of_a_stream_is_measured(streams: Streams, hub: SteppedHub) -> None:
    client = hub.follow()

    first = streams.append_many(2)
    hub.offer(first)
    hub.answer(AskNewest)

    assert client.positions == [1, 2]
    assert hub.delivered == [first.recorded_at]


def test_batch_is_measured_when_the_pass_has_come_to_the_last_client(streams: Streams, hub: SteppedHub) -> None:
    streams.append_many(1)
    clients = [hub.follow() for _ in range(3)]
    hub.paced = True
    hub.offer(streams.append_many(1))

    hub.turn()
    after_the_first = list(hub.delivered)
    while hub.turn():
        pass

    assert after_the_first == []
    assert len(hub.delivered) == 1
    assert all(client.positions == [1, 2] for client in clients)


def test_batch_that_no_notice_brought_is_measured_when_it_is_read(streams: Streams, hub: SteppedHub) -> None:
    streams.append_many(1)
    hub.follow()
    missed = streams.append_many(1)

    hub.sweep()
    hub.answer_all()

    assert hub.delivered == [missed.recorded_at]


def test_what_is_replayed_is_no_lag(streams: Streams, hub: SteppedHub) -> None:
    streams.append_many(5)

    hub.follow()

    assert hub.delivered == []


def test_batch_of_a_stream_without_clients_is_not_measured(streams: Streams, hub: SteppedHub) -> None:
    streams.append_many(1)
    hub.follow().leave()

    hub.offer(streams.append_many(1))
    hub.follow()
    hub.offer(late := streams.append_many(1))

    assert hub.delivered == [late.recorded_at]


# --- holes


def test_hole_that_the_log_fills_is_repaired(streams: Streams, hub: SteppedHub) -> None:
    streams.append_many(1)
    hub.follow()
    streams.append_many(1)
    hub.offer(streams.append_many(1))

    before = hub.hub.counts.holes_repaired
    hub.answer(AskFrom)

    assert (before, hub.hub.counts.holes_repaired, hub.hub.counts.holes_unresolved) == (0, 1, 0)


def test_hole_that_the_log_does_not_fill_is_unresolved(streams: Streams, hub: SteppedHub) -> None:
    streams.append_many(1)
    hub.follow()
    other = Streams()
    other.append_many(1)
    other.append_many(1)
    ahead = other.append_many(1)  # of a log that this one is no copy of, yet with the same generation
    assert ahead.generation == hub.ring.generation

    hub.offer(ahead)
    hub.answer_all()

    assert (hub.hub.counts.holes_repaired, hub.hub.counts.holes_unresolved) == (0, 1)


@pytest.mark.parametrize("what_follows", [0, 2])
def test_events_that_expired_unread_are_a_hole_that_nothing_resolves(
    streams: Streams, hub: SteppedHub, what_follows: int
) -> None:
    streams.append_many(1)
    hub.follow()
    streams.append_many(2)
    streams.now += 20 * HOUR
    for _ in range(what_follows):
        streams.append_many(1)
    streams.now += 10 * HOUR

    hub.sweep()
    hub.answer_all()

    assert (hub.hub.counts.holes_repaired, hub.hub.counts.holes_unresolved) == (0, 1)


def test_stream_that_began_anew_has_no_hole(streams: Streams, hub: SteppedHub) -> None:
    streams.append_many(1)
    hub.follow()
    streams.begin_again("numbers")

    hub.sweep()
    hub.answer(AskHead, AskNewest)

    assert (hub.hub.counts.holes_repaired, hub.hub.counts.holes_unresolved) == (0, 0)
