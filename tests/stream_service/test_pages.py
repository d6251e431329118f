"""What one client was given of the log answers the next, for a moment, and not behind the ring's back."""

import pytest

from stream_service.bounds import Bounds
from stream_service.pages import MAX_PAGES, TICKS
from stream_service.question import AskFrom
from stream_service.wish import Wish
from tests.support.hub import SteppedHub
from tests.support.stream_log import Streams


@pytest.fixture
def streams() -> Streams:
    return Streams()


@pytest.fixture
def hub(streams: Streams) -> SteppedHub:
    """A hub whose ring holds little, with one client, of a stream with 30 events."""
    hub = SteppedHub(streams, bounds=Bounds(ring_events=10))
    for _ in range(10):
        streams.append("a", "b", "a")
    hub.follow(replay=0)
    hub.asked.clear()
    return hub


def test_clients_that_come_one_after_another_are_one_question(streams: Streams, hub: SteppedHub) -> None:
    clients = [hub.follow(streams.id(2)) for _ in range(100)]

    assert [type(question) for question in hub.asked] == [AskFrom]
    assert all(client.positions == list(range(3, 31)) for client in clients)


def test_page_answers_for_every_place_in_it(streams: Streams, hub: SteppedHub) -> None:
    hub.follow(streams.id(2))

    clients = [hub.follow(streams.id(position)) for position in range(2, 20)]

    assert len(hub.asked) == 1
    assert [client.positions for client in clients] == [list(range(after + 1, 31)) for after in range(2, 20)]


def test_page_answers_for_every_choice_of_channels(streams: Streams, hub: SteppedHub) -> None:
    all_of_it = hub.follow(streams.id(3))

    chosen = hub.follow(streams.id(3), channels="b")

    assert len(hub.asked) == 1
    assert all_of_it.positions == list(range(4, 31))
    assert chosen.positions == list(range(5, 31, 3))


def test_page_does_not_answer_for_what_stands_before_it(streams: Streams, hub: SteppedHub) -> None:
    hub.follow(streams.id(6))

    client = hub.follow(streams.id(2))

    assert len(hub.asked) == 2
    assert client.positions == list(range(3, 31))


def test_page_is_forgotten_after_some_ticks(streams: Streams, hub: SteppedHub) -> None:
    hub.follow(streams.id(2))
    tick(hub, TICKS)
    hub.follow(streams.id(2))
    assert len(hub.asked) == 1

    tick(hub, TICKS)
    hub.follow(streams.id(2))

    assert len(hub.asked) == 2


def test_only_so_many_pages_are_kept(streams: Streams, hub: SteppedHub) -> None:
    for position in reversed(range(1, MAX_PAGES + 2)):
        hub.follow(streams.id(position))
    asked = len(hub.asked)

    hub.follow(streams.id(MAX_PAGES + 1))

    assert len(hub.asked) == asked  # a later page begins earlier, and answers for it
    assert sum(page is not None for page in hub.hub._pages._all()) == MAX_PAGES


def test_page_from_before_a_clear_answers_nobody(streams: Streams, hub: SteppedHub) -> None:
    hub.follow(streams.id(2))
    hub.offer(streams.clear())
    hub.answer_all()
    asked = len(hub.asked)

    client = hub.follow(streams.id(2))

    assert len(hub.asked) > asked
    assert client.positions == []
    assert [gap[0] for gap in client.gaps] == ["cleared"]


def test_page_that_comes_after_a_clear_was_heard_of_is_for_who_waits_alone(streams: Streams, hub: SteppedHub) -> None:
    hub.subscribe(Wish(cursor=streams.id(2)))
    (waiting,) = hub.pending
    waiting.read()
    hub.offer(streams.clear())
    waiting.answer()
    hub.pending.remove(waiting)
    hub.answer_all()

    client = hub.follow(streams.id(2))

    assert client.positions == []
    assert [gap[0] for gap in client.gaps] == ["cleared"]


def test_page_that_was_read_while_a_clear_was_at_work_answers_nobody_once_that_is_done(
    streams: Streams, hub: SteppedHub
) -> None:
    clear = streams.begin_to_clear()
    hub.offer(streams.append("a"))
    hub.answer_all()
    assert hub.follow(streams.id(2)).positions[:2] == [3, 4]  # nothing is emptied yet
    (mark,) = clear.finish()
    hub.offer(mark)

    client = hub.follow(streams.id(2))

    assert client.positions == [32]
    assert [gap[0] for gap in client.gaps] == ["cleared"]


def test_question_that_was_asked_before_a_clear_was_done_is_not_for_who_comes_after_it(
    streams: Streams, hub: SteppedHub
) -> None:
    clear = streams.begin_to_clear()
    hub.offer(streams.append("a"))
    hub.answer_all()
    early = hub.subscribe(Wish(cursor=streams.id(2)))
    hub.pending[0].read()
    (mark,) = clear.finish()
    hub.offer(mark)

    late = hub.subscribe(Wish(cursor=streams.id(2)))
    hub.answer_all()

    assert early.positions[:2] == [3, 4]
    assert late.positions == [32]
    assert [gap[0] for gap in late.gaps] == ["cleared"]


def tick(hub: SteppedHub, times: int) -> None:
    """Let seconds go by."""
    for _ in range(times):
        hub.hub.tick(0.0)
