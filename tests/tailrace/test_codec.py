"""A batch's events come back as they were stored; what is something else is said to be."""

import sys
import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailrace.codec import (
    COMPRESS_FROM_BYTES,
    MAX_BATCH_BYTES,
    decode_channels,
    decode_events,
    encode_event,
    encode_events,
    pack,
    unpack,
)
from tailrace.errors import InvalidItem
from tailrace.event import MAX_PAYLOAD_DEPTH, Event
from tests.tailrace.strategies import events


@given(st.lists(events, max_size=5))
def test_events_come_back_as_they_were_stored(sent: list[Event]) -> None:
    assert decode_events(unpack(pack(encode_events(sent)))) == tuple(sent)


@given(events)
def test_event_is_a_member_of_the_array(event: Event) -> None:
    assert encode_events([event, event]) == f"[{encode_event(event)},{encode_event(event)}]"


def test_stored_events_are_a_json_array_of_channel_and_payload() -> None:
    assert encode_events([Event.of("names", {"first": "Luke"})]) == '[{"channel":"names","payload":{"first":"Luke"}}]'


@pytest.mark.parametrize(("size", "compressed"), [(COMPRESS_FROM_BYTES - 1, False), (COMPRESS_FROM_BYTES, True)])
def test_text_is_compressed_from_one_kilobyte_on(size: int, *, compressed: bool) -> None:
    text = "[" + " " * (size - 2) + "]"

    assert (len(pack(text)) < size) is compressed
    assert unpack(pack(text)) == text.encode()


@pytest.mark.parametrize("size", [MAX_BATCH_BYTES - 1, MAX_BATCH_BYTES])
def test_batch_of_the_largest_size_is_read_back(size: int) -> None:
    text = "[" + " " * (size - 2) + "]"

    assert unpack(pack(text)) == text.encode()


def test_compressed_bytes_that_swell_beyond_a_batch_are_refused() -> None:
    bomb = zlib.compress(bytes(4 * MAX_BATCH_BYTES))

    with pytest.raises(InvalidItem):
        unpack(bomb)


def test_bytes_that_were_cut_off_are_refused() -> None:
    packed = pack(encode_events([Event.of("texts", "word " * 1000)]))

    with pytest.raises(InvalidItem):
        unpack(packed[:-5])


@given(st.binary(max_size=200))
def test_any_bytes_are_unpacked_or_refused(data: bytes) -> None:
    with suppress(InvalidItem):
        decode_events(unpack(data))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "5",
        "[5]",
        "[null]",
        "[[]]",
        '[{"channel":"a"}]',
        '[{"payload":1}]',
        '[{"channel":5,"payload":1}]',
        '[{"channel":"two\\nlines","payload":1}]',
        '[{"channel":"$gap","payload":1}]',
        '[{"channel":"a","payload":NaN}]',
        '[{"channel":"a","payload":1e999}]',
        '[{"channel":"a","payload":"\\ud800"}]',
        '[{"channel":"a","payload":' + "9" * 5000 + "}]",
        '[{"channel":"a","payload":' + "[" * 100_000 + "]" * 100_000 + "}]",
        '[{"channel":"a","payload":1}',
        b"\xff\xfe",
        b'[{"channel":"\xff","payload":1}]',
    ],
)
def test_what_are_no_events_are_refused(text: str | bytes) -> None:
    with pytest.raises(InvalidItem):
        decode_events(text)


def test_deepest_payload_is_read_where_little_of_the_stack_is_left() -> None:
    payload: object = 1
    for _ in range(MAX_PAYLOAD_DEPTH):
        payload = [payload]
    stored = encode_events([Event.of("deep", payload)])

    def read_from(depth: int) -> tuple[Event, ...]:
        return read_from(depth - 1) if depth else decode_events(stored)

    assert len(read_from(sys.getrecursionlimit() - 400)) == 1


def test_channels_are_read_without_their_payloads() -> None:
    events = [Event.of("a", {"n": 1}), Event.of("\u00e9", "two"), Event.of("a", 3)]

    assert decode_channels(encode_events(events)) == ("a", "\u00e9", "a")


@pytest.mark.parametrize(
    "text", ["", "{}", "[1]", '[{"payload": 1}]', '[{"channel": [], "payload": 1}]', "[" * 100_000]
)
def test_channels_of_what_are_no_events_are_refused(text: str) -> None:
    with pytest.raises(InvalidItem):
        decode_channels(text)
