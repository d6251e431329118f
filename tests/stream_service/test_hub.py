"""The hub: which streams it holds, how much, and for how long."""

from dataclasses import replace

import pytest

from stream_service.bounds import Bounds
from stream_service.turns import CLIENTS_AT_ONCE
from stream_service.wish import Wish
from tailrace.event import WorkflowId, workflow_id
from tests.support.hub import SteppedHub
from tests.support.log import STREAM
from tests.support.stepped_client import Client
from tests.support.stream_log import Streams

OTHER = workflow_id("p_other")


@pytest.fixture
def streams() -> Streams:
    return Streams()


def hub_with(streams: Streams, **bounds: int) -> SteppedHub:
    return SteppedHub(streams, bounds=replace(Bounds(), **bounds))


def test_stream_that_nobody_watches_costs_nothing(streams: Streams) -> None:
    hub = hub_with(streams)

    hub.offer(streams.append_many(3))
    hub.sweep()

    assert (hub.hub.streams, hub.hub.size, hub.asked) == (0, 0, [])
    assert hub.hub.counts.notices_unwatched == 1


def test_second_client_of_a_stream_asks_the_log_nothing(streams: Streams) -> None:
    streams.append_many(3)
    hub = hub_with(streams)
    hub.follow()

    hub.follow()

    assert len(hub.asked) == 1
    assert (hub.hub.streams, hub.hub.connections) == (1, 2)


def test_streams_have_nothing_to_do_with_each_other(streams: Streams) -> None:
    hub = hub_with(streams)
    client, other = hub.follow(), Client()
    hub.hub.subscribe(WorkflowId("p_other"), other, Wish(), introduce=other.follow)

    hub.offer(streams.append_many(1))
    hub.answer_all()

    assert set(hub.hub.watched()) == {STREAM, "p_other"}
    assert (client.positions, other.positions) == ([1], [])


def test_ring_goes_a_while_after_its_last_client(streams: Streams) -> None:
    streams.append_many(3)
    hub = hub_with(streams, linger=30)
    client = hub.follow()
    client.leave()

    hub.hub.tick(100)
    hub.hub.tick(129)
    assert hub.hub.streams == 1

    hub.hub.tick(130)
    assert (hub.hub.streams, hub.hub.size) == (0, 0)


def test_client_that_comes_while_a_stream_lingers_finds_its_ring(streams: Streams) -> None:
    streams.append_many(3)
    hub = hub_with(streams, linger=30)
    hub.follow().leave()
    hub.hub.tick(100)
    hub.offer(streams.append_many(1))

    client = hub.follow()
    hub.hub.tick(130)
    client.leave()
    hub.hub.tick(140)
    hub.hub.tick(169)

    assert client.positions == [1, 2, 3, 4]
    assert (hub.hub.streams, len(hub.asked)) == (1, 1)


def test_question_of_a_stream_that_was_let_go_is_not_wanted(streams: Streams) -> None:
    hub = hub_with(streams, linger=30)
    client = hub.subscribe(Wish())
    question = hub.asked[0]
    assert question.wanted()

    client.leave()
    hub.hub.tick(0)
    hub.hub.tick(30)
    assert not question.wanted()

    hub.subscribe(Wish())
    assert not question.wanted()
    assert hub.asked[1].wanted()


def test_a_ring_has_its_bounds(streams: Streams) -> None:
    hub = hub_with(streams, ring_events=10, ring_bytes=300)
    hub.follow()

    for _ in range(30):
        hub.offer(streams.append_many(1))
        hub.answer_all()
        assert hub.hub.size <= 300

    assert 0 < hub.ring.next - hub.ring.first <= 10


def test_all_rings_together_have_a_bound(streams: Streams) -> None:
    hub = hub_with(streams, all_rings_bytes=1000)
    client = hub.follow()
    hub.offer(streams.append_many(100))
    hub.answer_all()
    assert hub.hub.size > 4000

    for now in range(3):
        hub.hub.tick(now)

    assert 0 < hub.hub.size <= 1000
    assert hub.hub.counts.rings_shrunk == 3
    assert hub.follow(streams.id(1)).positions == client.positions[1:]


def test_stream_ends_politely_when_its_time_is_up_and_no_other_does(streams: Streams) -> None:
    hub = hub_with(streams)
    bounded = [hub.subscribe(Wish(until=until)) for until in (100.0, 101.0)]
    endless = hub.follow()

    hub.hub.tick(99.9)
    before = [client.ended for client in (*bounded, endless)]
    hub.hub.tick(100)

    assert before == [False, False, False]
    assert [client.ended for client in (*bounded, endless)] == [True, False, False]
    assert not any(client.aborted for client in bounded)


def test_streams_whose_time_is_up_together_end_in_groups(streams: Streams) -> None:
    hub = hub_with(streams)
    hub.paced = True
    clients = [hub.subscribe(Wish(until=100)) for _ in range(2 * CLIENTS_AT_ONCE)]
    clients[-1].leave()

    hub.hub.tick(100)
    assert sum(client.ended for client in clients) < CLIENTS_AT_ONCE
    while hub.turn():
        pass

    assert all(client.ended for client in clients[:-1])
    assert not clients[-1].ended


def test_client_that_takes_no_data_when_its_time_is_up_is_cut_like_any_other(streams: Streams) -> None:
    hub = hub_with(streams, patience=60)
    client = hub.subscribe(Wish(until=100))
    client.pause()

    hub.hub.tick(100)
    hub.hub.tick(160)

    assert (client.ended, client.aborted) == (True, True)
    assert hub.hub.connections == 0


def test_hub_is_full_when_it_has_as_many_clients_as_it_may(streams: Streams) -> None:
    hub = hub_with(streams, connections=2)
    full = [hub.hub.is_full(STREAM)]

    clients = [hub.follow()]
    full.append(hub.hub.is_full(STREAM))
    clients.append(hub.follow())
    full.append(hub.hub.is_full(STREAM))
    clients[0].leave()
    clients[0].leave()
    full.append(hub.hub.is_full(STREAM))

    assert full == [False, False, True, False]


def test_stream_is_full_when_it_has_as_many_clients_as_one_may(streams: Streams) -> None:
    hub = hub_with(streams, stream_connections=2)

    clients = [hub.follow() for _ in range(2)]
    full = [hub.hub.is_full(STREAM), hub.hub.is_full(OTHER)]
    clients[0].leave()

    assert full == [True, False]
    assert not hub.hub.is_full(STREAM)


def test_streams_that_nobody_follows_any_more_make_room_for_others(streams: Streams) -> None:
    hub = hub_with(streams, connections=3)
    stays = hub.follow()

    for number in range(10):
        client = Client()
        hub.hub.subscribe(workflow_id(f"p_{number}"), client, Wish(), introduce=client.follow)
        client.leave()
        assert hub.hub.streams <= 3

    assert STREAM in hub.hub.watched()
    assert not stays.ended
    assert hub.hub.connections == 1


def test_everyone_gets_keepalives(streams: Streams) -> None:
    hub = hub_with(streams)
    clients = [hub.follow() for _ in range(3)]
    waiting = hub.subscribe(Wish(cursor="0other-3"))

    hub.hub.keep_alive(0)

    assert [client.keepalives for client in (*clients, waiting)] == [1, 1, 1, 1]


def test_deliveries_are_counted(streams: Streams) -> None:
    streams.append_many(2)
    hub = hub_with(streams)
    hub.follow()
    hub.follow(channels="z")

    hub.offer(streams.append("z", "y"))

    assert hub.hub.counts.deliveries == 2 + 2 + 1
    assert hub.hub.counts.notices_taken == 1


def test_clients_that_stand_at_one_place_are_written_the_same_bytes(streams: Streams) -> None:
    hub = hub_with(streams)
    clients = [hub.follow() for _ in range(3)]
    hub.offer(streams.append_many(1))
    hub.answer_all()

    hub.offer(streams.append_many(2))

    assert clients[0].written[-1] is clients[1].written[-1] is clients[2].written[-1]
    assert clients[0].positions == [1, 2, 3]
