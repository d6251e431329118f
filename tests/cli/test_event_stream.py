"""A stream's bytes are taken apart as the standard has it, however they are cut into pieces."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.errors import CommandError
from cli.event_stream import MAX_LINE_BYTES, EventStreamParser, Received

STREAM = (
    b'retry: 2500\nevent: events\ndata: {"name":"Luke"}\nid: m1-1\n\n'
    b':keepalive\nevent: $sync\ndata: {"head":"m1-1","live":true}\nid: m1-1\n\n:keepalive\n'
    b"event: names\r\ndata: 1\r\nid: m1-2\r\n\r\n"
)
EVENTS = [
    Received(channel="events", data='{"name":"Luke"}', id="m1-1"),
    Received(channel="$sync", data='{"head":"m1-1","live":true}', id="m1-1"),
    Received(channel="names", data="1", id="m1-2"),
]


@given(cuts=st.sets(st.integers(min_value=0, max_value=len(STREAM))))
def test_events_are_the_same_however_the_stream_is_cut(cuts: set[int]) -> None:
    parser = EventStreamParser()

    ends = sorted(cuts | {0, len(STREAM)})
    events = [event for begin, end in pairwise(ends) for event in parser.feed(STREAM[begin:end])]

    assert events == EVENTS
    assert parser.retry == 2.5


def test_id_stays_until_another_comes_and_an_event_needs_data() -> None:
    parser = EventStreamParser()

    events = list(parser.feed(b"id: 7\n\nevent: silent\n\ndata: a\ndata: b\n\nid: \0\ndata: c\n\nretry: soon\n"))

    assert events == [Received(channel="message", data="a\nb", id="7"), Received(channel="message", data="c", id="7")]
    assert parser.retry is None


def test_line_without_an_end_is_no_stream() -> None:
    with pytest.raises(CommandError, match="without an end"):
        list(EventStreamParser().feed(b"x" * (MAX_LINE_BYTES + 1)))
