"""The limits of a send are the same in both languages: one list of cases drives both."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from tailrace.errors import InvalidEvent
from tailrace.event import MAX_CHANNEL_BYTES, MAX_PAYLOAD_BYTES, MAX_PAYLOAD_DEPTH, Event
from tests.support.node import NodeSteps

CHANNELS: Sequence[Any] = (
    "events",
    "open",
    "é😀 with spaces",
    "\u2028\x7f\t",
    "a" * MAX_CHANNEL_BYTES,
    "a" * (MAX_CHANNEL_BYTES + 1),
    "é" * (MAX_CHANNEL_BYTES // 2),
    "é" * (MAX_CHANNEL_BYTES // 2) + "a",
    "",
    "$sync",
    "a$",
    "a\nb",
    "a\rb",
    "a\x00b",
    "\ud800",
    "a\udc00b",
    "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"),
    None,
    5,
    True,
    ["events"],
    {"a": 1},
)


def nested(depth: int, *, innermost: object = 1) -> object:
    """Lists and dicts inside one another, so many of them."""
    value = innermost
    for level in range(depth):
        value = [value] if level % 2 else {"a": value}
    return value


def long(character: str, *, more: int = 0) -> str:
    """A text whose JSON is as large as a payload may be, and so much more."""
    width = len(json.dumps(character)) - 2
    room = MAX_PAYLOAD_BYTES - 2 + more
    return character * (room // width) + "a" * (room % width)


PAYLOADS: Sequence[Any] = (
    None,
    True,
    0,
    -1.5,
    2**53,
    1e21,
    "",
    "text",
    "a\nb",
    [],
    {},
    {"name": "Luke", "é": "😀"},
    {"__proto__": 1, "constructor": 2},
    "\ud800",
    {"\udfff": 1},
    ["a\\", "\\ud800", "\\\\ud800"],
    ["\\\ud800"],
    '"[{[{"',
    nested(MAX_PAYLOAD_DEPTH),
    nested(MAX_PAYLOAD_DEPTH + 1),
    nested(MAX_PAYLOAD_DEPTH, innermost=[]),
    nested(MAX_PAYLOAD_DEPTH, innermost="[[[" + '"]'),
    nested(MAX_PAYLOAD_DEPTH // 2, innermost=[nested(MAX_PAYLOAD_DEPTH // 2 - 1), "{", nested(3)]),
    *(long(character, more=more) for character in ["a", '"', "\\", "\n", "\x01", "\x7f", "é", "😀"] for more in (0, 1)),
)

SEND = """
try {
  $.send.sse(steps.trigger.event.body);
  return null;
} catch (error) {
  return error.name;
}
"""


def verdict_of_python(channel: object, payload: object) -> str | None:
    """The error's name, or None where the event can be sent."""
    try:
        Event.of(channel, payload)
    except InvalidEvent as error:
        return type(error).__name__
    return None


def verdict_of_node(node: NodeSteps, channel: object, payload: object) -> str | None:
    run = node.run({"channel": channel, "payload": payload})
    assert run.error is None, run.error
    verdict: str | None = run.steps["code"]["$return_value"]
    if verdict is None:
        assert run.sent == [(channel, payload)]
    return verdict


@pytest.fixture
def sender(node: NodeSteps) -> NodeSteps:
    node.code("code", SEND)
    return node


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda channel: f"{channel!a:.20}")
def test_a_channel_is_judged_alike_in_both_languages(sender: NodeSteps, channel: object) -> None:
    assert verdict_of_node(sender, channel, 1) == verdict_of_python(channel, 1)


@pytest.mark.parametrize("payload", PAYLOADS, ids=lambda payload: f"{payload!a:.20}")
def test_a_payload_is_judged_alike_in_both_languages(sender: NodeSteps, payload: object) -> None:
    assert verdict_of_node(sender, "events", payload) == verdict_of_python("events", payload)


def test_the_cases_have_both_verdicts() -> None:
    assert {verdict_of_python(channel, 1) for channel in CHANNELS} == {None, "InvalidChannel"}
    assert {verdict_of_python("events", payload) for payload in PAYLOADS} == {
        None,
        "InvalidPayload",
        "PayloadTooLarge",
    }
