from urllib.parse import urlencode

import pytest
from fastapi import Request
from fastapi.exceptions import RequestValidationError

from stream_service.query import MAX_CURSOR_CHARACTERS, StreamQuery, read_cursor, read_query


def asking(*query: tuple[str, str], header: str | None = None) -> Request:
    """A request with this query, and this Last-Event-ID."""
    headers = [] if header is None else [(b"last-event-id", header.encode())]
    return Request({"type": "http", "headers": headers, "query_string": urlencode(query).encode()})


def cursor_of(request: Request) -> str | None:
    return read_cursor(request, read_query(request))


def test_request_that_asks_for_nothing_gets_what_is_usual() -> None:
    query = read_query(asking())

    assert (query.replay, query.channel, query.control) == (100, (), False)


def test_every_channel_counts_and_of_other_parameters_the_last() -> None:
    query = read_query(asking(("channel", "a"), ("replay", "1"), ("channel", "b"), ("replay", "2"), ("control", "1")))

    assert query == StreamQuery(channel=("a", "b"), replay=2, control=True)


def test_what_is_unknown_is_passed_over() -> None:
    assert read_query(asking(("utm_source", "letter"))) == StreamQuery()


def test_header_wins_over_the_query_and_an_empty_one_says_nothing() -> None:
    assert cursor_of(asking(("last_event_id", "g-1"), header="g-2")) == "g-2"
    assert cursor_of(asking(("lastEventId", "g-1"), header="")) == "g-1"
    assert cursor_of(asking(header="")) is None


def test_cursor_is_cut_to_what_may_be_repeated() -> None:
    assert cursor_of(asking(header="9" * 1000)) == "9" * MAX_CURSOR_CHARACTERS


def test_all_that_is_wrong_is_said_with_its_place() -> None:
    with pytest.raises(RequestValidationError) as raised:
        read_query(asking(("replay", "1001"), ("channel", "a"), ("channel", "")))

    assert [error["loc"] for error in raised.value.errors()] == [("query", "replay"), ("query", "channel", 1)]
