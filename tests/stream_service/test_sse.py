"""The frames: docs/wire.md's bytes."""

import json

import pytest

from stream_service import sse
from tailrace.event import BEGINNING, Event, EventId, Position
from tests.support.frames import Frame, frames_in

ID = EventId("m1a2b3c4", Position(17))


def test_event_is_channel_then_data_then_id() -> None:
    frame = sse.encode(Event.of("orders", {"name": "Luke", "ids": [1, 2]}), ID)

    assert frame == b'event: orders\ndata: {"name":"Luke","ids":[1,2]}\nid: m1a2b3c4-17\n\n'


@pytest.mark.parametrize("character", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\n", "\r", "\0", "é", "😀"])
def test_payload_is_one_line_of_ascii_whatever_it_holds(character: str) -> None:
    event = Event.of("texts", f"before{character}after")

    (frame,) = frames_in(sse.encode(event, ID))

    assert frame == Frame("texts", event.payload, ID)
    assert json.loads(frame.payload) == f"before{character}after"


@pytest.mark.parametrize("channel", ["é", "with space", "a:b", " led", "data: x"])
def test_channel_may_be_any_text_without_line_breaks(channel: str) -> None:
    (frame,) = frames_in(sse.encode(Event.of(channel, 1), ID))

    assert frame.channel == channel


def test_time_to_wait_is_a_line_that_opens_the_first_block() -> None:
    assert sse.retry(2500) == b"retry: 2500\n"


def test_keepalive_is_a_comment_without_a_blank_line() -> None:
    assert sse.KEEPALIVE == b":keepalive\n"


def test_sync_says_where_live_begins_and_gives_an_id() -> None:
    assert sse.sync(head=ID, event_id=ID) == (
        b'event: $sync\ndata: {"head":"m1a2b3c4-17","live":true}\nid: m1a2b3c4-17\n\n'
    )
    assert sse.sync(head=BEGINNING, event_id=BEGINNING) == (
        b'event: $sync\ndata: {"head":"0-0","live":true}\nid: 0-0\n\n'
    )


def test_gap_says_what_was_lost_and_gives_the_id_of_the_last_of_it() -> None:
    assert sse.gap(reason="expired", requested="m1a2b3c4-5", last_lost=ID, missed=12) == (
        b'event: $gap\ndata: {"reason":"expired","requested":"m1a2b3c4-5","next":"m1a2b3c4-18","missed":12}\n'
        b"id: m1a2b3c4-17\n\n"
    )


def test_gap_repeats_a_strangers_cursor_as_harmless_text() -> None:
    (frame,) = frames_in(sse.gap(reason="unknown", requested="é\r\n\nid: 1\0", last_lost=ID, missed=None))

    assert frame.data == {"reason": "unknown", "requested": "é\r\n\nid: 1\0", "next": "m1a2b3c4-18", "missed": None}
