"""A stream: clears as clients see them, and how few readings many clients need."""

import pytest

from stream_service.question import AskFrom, AskHead, AskStart
from stream_service.turns import CLIENTS_AT_ONCE
from stream_service.wish import Wish
from tests.support.hub import SteppedHub
from tests.support.log import DAY
from tests.support.stream_log import Streams, notice_of

MANY = 5_000


@pytest.fixture
def streams() -> Streams:
    return Streams()


@pytest.fixture
def hub(streams: Streams) -> SteppedHub:
    return SteppedHub(streams)


# --- clears


def test_clear_is_told_to_who_sees_it_live(streams: Streams, hub: SteppedHub) -> None:
    streams.append_many(3)
    client = hub.follow()

    hub.offer(streams.clear())
    hub.answer_all()
    hub.offer(streams.append_many(1))

    assert client.gaps == [("cleared", streams.id(3), streams.id(5), 1, streams.id(4))]
    assert client.positions == [1, 2, 3, 5]


def test_clear_is_told_to_who_missed_it(streams: Streams, hub: SteppedHub) -> None:
    streams.append_many(3)
    streams.clear()

    client = hub.follow(streams.id(1))

    assert client.gaps == [("cleared", streams.id(1), streams.id(5), 3, streams.id(4))]
    assert client.positions == []


def test_clear_that_is_interrupted_has_emptied_what_it_has_emptied() -> None:
    streams = Streams(page_bytes=1)
    hub = SteppedHub(streams)
    for _ in range(3):
        streams.append_many(2)
    interrupted = streams.begin_to_clear()
    interrupted.step()  # one page, which is one batch
    interrupted.crash()
    hub.follow()

    client = hub.follow(streams.id(0))

    assert client.gaps == [
        ("cleared", streams.id(0), streams.id(3), 2, streams.id(2)),
        ("cleared", streams.id(6), streams.id(8), 1, streams.id(7)),
    ]
    assert client.positions == [3, 4, 5, 6]


def test_newcomer_to_a_cleared_stream_gets_nothing_and_an_id(streams: Streams, hub: SteppedHub) -> None:
    streams.append_many(3)
    streams.clear()

    client = hub.follow()

    assert (client.positions, client.gaps, client.syncs) == ([], [], [streams.id(4)])


def test_clear_is_the_same_from_a_notice_that_came_without_its_events(streams: Streams, hub: SteppedHub) -> None:
    streams.append_many(3)
    client = hub.follow()

    hub.hub.offer(notice_of(streams.clear(), with_events=False))
    hub.answer_all()

    assert [gap[0] for gap in client.gaps] == ["cleared"]


def test_several_clears_are_told_once_to_who_missed_them_all(streams: Streams, hub: SteppedHub) -> None:
    streams.append_many(3)
    streams.clear()
    streams.append_many(2)
    streams.clear()
    streams.append_many(1)

    client = hub.follow(streams.id(2))

    assert client.gaps == [("cleared", streams.id(2), streams.id(8), 5, streams.id(7))]
    assert client.positions == [8]


# --- how often the log is read


def test_many_clients_at_one_old_cursor_are_one_question(streams: Streams, hub: SteppedHub) -> None:
    streams.append_many(5)
    hub.follow()
    hub.ring.shrink(0)
    asked = len(hub.asked)

    clients = [hub.subscribe(Wish(cursor=streams.id(2))) for _ in range(MANY)]

    assert hub.waits_for() == [AskFrom]
    hub.answer_all()
    assert len(hub.asked) == asked + 1
    assert all(client.positions == [3, 4, 5] for client in clients)


def test_many_clients_hear_an_answer_in_groups(streams: Streams, hub: SteppedHub) -> None:
    streams.append_many(5)
    hub.follow()
    hub.ring.shrink(0)
    hub.paced = True
    clients = [hub.subscribe(Wish(cursor=streams.id(2))) for _ in range(2 * CLIENTS_AT_ONCE + 1)]

    hub.answer(AskFrom)
    assert sum(client.positions == [3, 4, 5] for client in clients) == CLIENTS_AT_ONCE
    hub.turn()
    assert sum(client.positions == [3, 4, 5] for client in clients) == 2 * CLIENTS_AT_ONCE

    hub.turn()
    assert all(client.positions == [3, 4, 5] for client in clients)


def test_many_clients_with_one_wish_are_one_question(streams: Streams, hub: SteppedHub) -> None:
    for _ in range(60):
        streams.append("a", "b", "b")
    hub.follow()

    clients = [hub.subscribe(Wish(replay=50, channels=frozenset("a"))) for _ in range(100)]
    hub.subscribe(Wish(replay=40, channels=frozenset("a")))

    assert hub.waits_for() == [AskStart, AskStart]
    hub.answer_all()
    assert all(len(client.events) == 50 for client in clients)


def test_question_for_the_head_joins_none_that_began_earlier(streams: Streams, hub: SteppedHub) -> None:
    streams.append_many(1)
    hub.follow()

    for _ in range(100):
        hub.subscribe(Wish(cursor="0other-3"))
    assert hub.waits_for() == [AskHead]
    hub.answer(AskHead)

    assert hub.waits_for() == [AskHead]  # one for the 99 who came while the first was under way
    hub.answer(AskHead)
    assert hub.waits_for() == []


def test_question_about_another_life_is_not_joined(streams: Streams, hub: SteppedHub) -> None:
    streams.append_many(3)
    hub.follow()
    hub.ring.shrink(0)
    hub.subscribe(Wish(cursor=streams.id(1)))
    streams.now += DAY
    hub.offer(streams.append_many(3))
    hub.pending.pop().answer()
    hub.ring.shrink(0)

    hub.subscribe(Wish(cursor=streams.id(1)))

    assert hub.waits_for().count(AskFrom) == 2


def test_client_that_left_is_written_nothing_when_its_answer_comes(streams: Streams, hub: SteppedHub) -> None:
    streams.append_many(3)
    clients = [hub.subscribe(Wish(cursor=cursor)) for cursor in (None, streams.id(1), "0other-3")]
    hub.pending[0].read()

    for client in clients:
        client.leave()
    hub.answer_all()

    assert all(client.written == [] for client in clients)


@pytest.mark.parametrize("cursor", ["id", "0other-3", "ahead"])
def test_client_that_leaves_while_the_log_is_asked_for_it_is_written_nothing(
    streams: Streams, hub: SteppedHub, cursor: str
) -> None:
    streams.append_many(3)
    hub.follow()
    hub.ring.shrink(0)
    client = hub.subscribe(Wish(cursor={"id": streams.id(1), "ahead": streams.id(9)}.get(cursor, cursor)))

    client.leave()
    hub.answer_all()

    assert client.written == []


def test_question_of_a_client_that_has_gone_is_not_wanted(streams: Streams, hub: SteppedHub) -> None:
    streams.append_many(5)
    hub.follow()
    hub.ring.shrink(0)

    for wish in (Wish(cursor=streams.id(2)), Wish(replay=3, channels=frozenset("a")), Wish(cursor="other-5")):
        client = hub.subscribe(wish)
        assert hub.pending[-1].question.wanted()
        client.leave()
        assert not hub.pending[-1].question.wanted()


def test_question_is_wanted_until_the_last_who_waits_has_gone(streams: Streams, hub: SteppedHub) -> None:
    streams.append_many(5)
    hub.follow()
    hub.ring.shrink(0)
    one, two = (hub.subscribe(Wish(cursor=streams.id(2))) for _ in range(2))
    one.leave()
    assert hub.pending[0].question.wanted()

    hub.answer_all()

    assert one.written == []
    assert two.positions == [3, 4, 5]


@pytest.mark.parametrize("cursor", ["2", "other"])
def test_client_joins_no_question_that_nobody_wanted(streams: Streams, hub: SteppedHub, cursor: str) -> None:
    streams.append_many(5)
    hub.follow()
    hub.ring.shrink(0)
    wish = Wish(cursor=streams.id(2) if cursor == "2" else "other-7")
    hub.subscribe(wish).leave()
    hub.pending.clear()  # the reader drops what is not wanted

    client = hub.subscribe(wish)
    hub.answer_all()

    assert client.positions[-3:] == [3, 4, 5]


def test_head_is_read_for_who_came_while_nobody_wanted_the_reading_before(streams: Streams, hub: SteppedHub) -> None:
    streams.append_many(5)
    hub.follow()
    first, second = (hub.subscribe(Wish(cursor="other-7")) for _ in range(2))
    assert hub.waits_for() == [AskHead]
    third = hub.subscribe(Wish(cursor="other-7"))

    first.leave()
    second.leave()
    third.leave()
    hub.pending.clear()
    fourth = hub.subscribe(Wish(cursor="other-7"))
    hub.answer_all()

    assert fourth.positions == [1, 2, 3, 4, 5]
