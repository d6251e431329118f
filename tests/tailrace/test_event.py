"""Events are checked and encoded where they are sent; ids read back what they wrote."""

import json
import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailrace.errors import InvalidChannel, InvalidPayload, InvalidWorkflowId, PayloadTooLarge, TailraceError
from tailrace.event import (
    BEGINNING,
    MAX_CHANNEL_BYTES,
    MAX_PAYLOAD_BYTES,
    MAX_PAYLOAD_DEPTH,
    Event,
    EventId,
    Position,
    workflow_id,
)
from tests.tailrace.strategies import channels, json_values


def nested(depth: int, *, in_dicts: bool = False) -> object:
    value: object = "a [ bracket"
    for _ in range(depth):
        value = {"]": value} if in_dicts else [value]
    return value


@given(channel=channels, payload=json_values)
def test_payload_reads_back_as_it_was_sent(channel: str, payload: object) -> None:
    event = Event.of(channel, payload)

    assert event.channel == channel
    assert json.loads(event.payload) == payload


@given(payload=json_values)
def test_payload_is_one_line_of_ascii(payload: object) -> None:
    text = Event.of("channel", payload).payload

    assert text
    assert text.isascii()
    assert text.isprintable()  # no line break of any kind, of those that clients split at


def test_payload_is_compact() -> None:
    assert Event.of("names", {"first": "Luke", "age": [19, None, True]}).payload == (
        '{"first":"Luke","age":[19,null,true]}'
    )


def test_later_changes_to_the_payload_do_not_count() -> None:
    payload = {"names": ["Luke"]}

    event = Event.of("names", payload)
    payload["names"].append("Leia")

    assert event.payload == '{"names":["Luke"]}'


@pytest.mark.parametrize(
    "channel",
    [None, "", 5, b"bytes", "$gap", "$", "two\nlines", "carriage\rreturn", "nul\0", "\ud800", "a" * 257, "ü" * 129],
)
def test_channel_that_would_break_its_frame_is_refused(channel: object) -> None:
    with pytest.raises(InvalidChannel):
        Event.of(channel, 1)


@pytest.mark.parametrize(
    "channel", ["a" * MAX_CHANNEL_BYTES, "ü" * (MAX_CHANNEL_BYTES // 2), "a$", "open", " ", "\u2028"]
)
def test_channel_within_the_limits_is_kept_as_it_is(channel: str) -> None:
    assert Event.of(channel, 1).channel == channel


@pytest.mark.parametrize(
    "payload",
    [math.nan, math.inf, [-math.inf], {1, 2}, b"bytes", object(), {("a", "b"): 1}, 10**5000, "\ud800", {"\udfff": 1}],
    ids=lambda payload: type(payload).__name__,
)
def test_payload_that_is_not_json_is_refused(payload: object) -> None:
    with pytest.raises(InvalidPayload):
        Event.of("channel", payload)


def test_payload_that_holds_itself_is_refused() -> None:
    payload: list[object] = []
    payload.append(payload)

    with pytest.raises(InvalidPayload):
        Event.of("channel", payload)


@pytest.mark.parametrize("in_dicts", [False, True])
def test_payload_is_nested_to_a_limit_that_every_reader_can_follow(*, in_dicts: bool) -> None:
    Event.of("channel", nested(MAX_PAYLOAD_DEPTH, in_dicts=in_dicts))

    with pytest.raises(InvalidPayload):
        Event.of("channel", nested(MAX_PAYLOAD_DEPTH + 1, in_dicts=in_dicts))


@pytest.mark.parametrize("depth", [500, 5_000, 200_000])
def test_payload_without_a_bottom_is_refused(depth: int) -> None:
    with pytest.raises(InvalidPayload):
        Event.of("channel", nested(depth))


def test_brackets_in_text_are_no_nesting() -> None:
    Event.of("channel", ['"[[[[{{{{\\'] * 1000)


def test_payload_of_the_limit_is_sent_and_one_byte_more_is_not() -> None:
    Event.of("channel", "a" * (MAX_PAYLOAD_BYTES - 2))

    with pytest.raises(PayloadTooLarge, match="262,145 bytes"):
        Event.of("channel", "a" * (MAX_PAYLOAD_BYTES - 1))


@pytest.mark.parametrize(
    ("send", "says"),
    [
        (lambda: Event.of("$gap", 1), "drop the \\$"),
        (lambda: Event.of("a" * 300, 1), "at most 256 fit"),
        (lambda: Event.of("channel", {1, 2}), "Send text, finite numbers"),
        (lambda: Event.of("channel", nested(200)), "flatten it"),
        (lambda: Event.of("channel", "a" * 300_000), "Send a link to it"),
        (lambda: workflow_id("hello"), "write p_"),
    ],
)
def test_error_says_what_to_do(send: Callable[[], object], says: str) -> None:
    with pytest.raises(TailraceError, match=says):
        send()


@given(st.integers(0, 10**16 - 1), st.from_regex(r"[0-9a-z]{1,16}", fullmatch=True))
def test_id_reads_back_as_it_was_written(position: int, generation: str) -> None:
    written = EventId(generation, Position(position))

    assert EventId.parse(str(written)) == written


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "1",
        "a-",
        "-1",
        "a--1",
        "a-01",
        "A-1",
        "a-1 ",
        " a-1",
        "a-1\n",
        "a-\u0661",
        "a-1.0",
        "a-1e3",
        "a" * 17 + "-1",
        "a-" + "1" * 17,
        "a-1-1",
        "\0",
        "\u0663-1",
        "1" * 10_000,
    ],
)
def test_what_is_no_id_is_none(text: str) -> None:
    assert EventId.parse(text) is None


@given(st.text())
def test_any_text_is_an_id_or_none(text: str) -> None:
    parsed = EventId.parse(text)

    assert parsed is None or str(parsed) == text


def test_beginning_is_an_id_that_a_client_can_hold() -> None:
    assert EventId.parse("0-0") == BEGINNING


@pytest.mark.parametrize("text", ["p_hello", "p_a", "p_" + "a" * 64, "p_aB-_9"])
def test_workflow_id_is_pipedreams(text: str) -> None:
    assert workflow_id(text) == text


@pytest.mark.parametrize(
    "text", ["", "p_", "hello", "P_hello", "p_" + "a" * 65, "p_a b", "p_ä", "p_a\n", "p_a/b", "p_a%"]
)
def test_malformed_workflow_id_is_refused(text: str) -> None:
    with pytest.raises(InvalidWorkflowId):
        workflow_id(text)
