"""A stream is followed through everything that a network does, and each event comes once."""

from itertools import islice

import pytest

from cli.errors import CommandError
from cli.event_stream import Received
from cli.follow import Heard, Lost, Opened, follow
from tests.support.scripted_server import SILENT, STREAM_HEAD, answer, scripted_server

FIRST = STREAM_HEAD + b"retry: 1250\nevent: events\ndata: 1\nid: m1-1\n\n"
SECOND = STREAM_HEAD + b"event: events\ndata: 2\nid: m1-2\n\n"


def events(heard: list[Heard]) -> list[str]:
    return [each.data for each in heard if isinstance(each, Received)]


def test_stream_that_ends_goes_on_behind_the_last_event_after_the_pause_that_it_asked_for() -> None:
    pauses: list[float] = []

    with scripted_server([FIRST, SECOND]) as server:
        url = f"{server.url}/pipelines/p_hello/sse"
        heard = list(islice(follow(url, parameters=[("channel", "a b")], wait=pauses.append), 5))

    assert events(heard) == ["1", "2"]
    assert heard[2] == Lost(reason="The stream ended", pause=1.25)
    assert heard[3] == Opened(url=f"{url}?channel=a+b", cursor="m1-1")
    assert pauses == [1.25]
    assert all("get /pipelines/p_hello/sse?channel=a" in request for request in server.requests)
    assert "last-event-id" not in server.requests[0]
    assert "last-event-id: m1-1" in server.requests[1]


def test_pause_that_was_asked_for_stays_until_another_is() -> None:
    pauses: list[float] = []

    with scripted_server([FIRST, SECOND, SECOND]) as server:
        list(islice(follow(server.url, wait=pauses.append), 8))

    assert pauses == [1.25, 1.25]


def test_stream_that_ends_before_anything_came_may_be_at_another_address() -> None:
    come_back = STREAM_HEAD + b"retry: 15000\n"

    with scripted_server([come_back, come_back, SECOND, come_back]) as server:
        heard = list(islice(follow(server.url, wait=lambda _: None), 9))

    lost = [each.reason for each in heard if isinstance(each, Lost)]
    doubt = "The stream ended before anything came (is this the stream service's address? See --stream-url)"
    assert lost == [doubt, doubt, "The stream ended", "The stream ended"]


def test_stream_of_keepalives_alone_has_begun() -> None:
    with scripted_server([STREAM_HEAD + b"retry: 1250\n:keepalive\n"]) as server:
        heard = list(islice(follow(server.url, wait=lambda _: None), 2))

    assert heard[1] == Lost(reason="The stream ended", pause=1.25)


def test_half_an_event_is_none_and_leaves_no_id() -> None:
    with scripted_server([FIRST + b"event: events\ndata: 2\nid: m1-2\n", SECOND]) as server:
        heard = list(islice(follow(server.url, wait=lambda _: None), 5))

    assert events(heard) == ["1", "2"]
    assert "last-event-id: m1-1" in server.requests[1]


def test_silence_is_a_dead_connection() -> None:
    with scripted_server([FIRST + SILENT, SECOND]) as server:
        heard = list(islice(follow(server.url, silence=0.2, wait=lambda _: None), 5))

    assert heard[2] == Lost(reason="Nothing came for 0.2 seconds", pause=1.25)
    assert events(heard) == ["1", "2"]


@pytest.mark.parametrize("trouble", [answer("503 Service Unavailable"), answer("502 Bad Gateway"), b"", b"HTTP/1.1 2"])
def test_trouble_that_may_pass_is_tried_again(trouble: bytes) -> None:
    with scripted_server([trouble, SECOND]) as server:
        heard = list(islice(follow(server.url, wait=lambda _: None), 3))

    assert isinstance(heard[0], Lost)
    assert events(heard) == ["2"]


def test_server_that_has_gone_is_tried_again() -> None:
    with scripted_server([FIRST]) as server:
        following = follow(server.url, wait=lambda _: None)
        heard = list(islice(following, 3))

    assert isinstance(heard[2], Lost)
    lost = next(following)
    assert isinstance(lost, Lost)
    assert "refused" in lost.reason


def test_nothing_that_answers_at_first_is_an_error() -> None:
    with scripted_server([]) as server:
        url = server.url

    with pytest.raises(CommandError, match="Nothing answers"):
        next(follow(url))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (answer("422 Unprocessable Content", b'{"detail": "replay: too many"}'), "^replay: too many$"),
        (answer("404 Not Found", b"<html>"), "answers 404 Not Found"),
        (answer("200 OK", b"<html>", content_type="text/html"), "is no event stream"),
    ],
)
def test_answer_that_trying_again_cannot_mend_ends_it(text: bytes, message: str) -> None:
    with scripted_server([text]) as server, pytest.raises(CommandError, match=message):
        list(follow(server.url))


def test_stream_that_is_over_for_good_ends_it() -> None:
    with scripted_server([answer("204 No Content")]) as server:
        assert list(follow(server.url)) == []


def test_redirect_is_followed_with_the_cursor() -> None:
    with scripted_server([SECOND]) as there:
        moved = f"HTTP/1.1 307 Temporary Redirect\r\nLocation: {there.url}/sse\r\nContent-Length: 0\r\n\r\n".encode()
        with scripted_server([moved]) as here:
            heard = list(islice(follow(here.url, cursor="m1-1"), 2))

    assert events(heard) == ["2"]
    assert "last-event-id: m1-1" in there.requests[0]
