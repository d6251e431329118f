"""Whatever a step may send arrives as it was, through a parser that others wrote; the rest is refused in words."""

import json
from collections.abc import Iterator
from itertools import pairwise

import httpx
import pytest
from httpx_sse import EventSource, ServerSentEvent
from hypothesis import assume, example, given
from hypothesis import strategies as st

from stream_service import sse
from tailrace.errors import InvalidChannel, InvalidEvent, InvalidPayload, PayloadTooLarge
from tailrace.event import MAX_CHANNEL_BYTES, MAX_PAYLOAD_BYTES, MAX_PAYLOAD_DEPTH, Event, EventId, Position

LINE_BREAKERS = "\u2028\u2029\u0085\x0b\x0c\x1c\x1d\x1e\r\n\0"
TROUBLE = st.sampled_from([*LINE_BREAKERS, "\ufeff", "😀", "\ud800", "\udfff", "data: x", ":", " ", '"', "\\", "\x7f"])
TEXTS = st.lists(st.one_of(TROUBLE, st.text(max_size=5)), max_size=6).map("".join)
CHARACTERS = st.characters(exclude_categories=["Cs"])
GOOD_TEXTS = st.text(CHARACTERS | st.sampled_from("\u2028\r\n\0\ufeff😀"), max_size=20)
GOOD_PAYLOADS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | GOOD_TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(GOOD_TEXTS, inner, max_size=4),
    max_leaves=20,
)
ID = EventId("mwu2x7x9", Position(17))


def parsed(*pieces: bytes) -> list[ServerSentEvent]:
    """Read a stream that came in these pieces."""

    def body() -> Iterator[bytes]:
        yield from pieces

    response = httpx.Response(200, headers={"Content-Type": sse.CONTENT_TYPE}, content=body())
    return list(EventSource(response).iter_sse())


def is_text(text: str) -> bool:
    """Whether a text has no lone surrogates."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def is_channel(text: str) -> bool:
    """What docs/writing-workflows.md says that a channel is."""
    return (
        0 < len(text.encode("utf-8", "surrogatepass")) <= MAX_CHANNEL_BYTES
        and not text.startswith("$")
        and not set("\r\n\0") & set(text)
        and is_text(text)
    )


@given(channel=TEXTS, payload=TEXTS)
@example(channel="a\u2028b", payload="\ud83d")
def test_text_is_refused_in_words_or_arrives_as_it_was(channel: str, payload: str) -> None:
    if is_channel(channel) and is_text(payload):
        (heard,) = parsed(sse.encode(Event.of(channel, payload), ID))
        assert (heard.event, json.loads(heard.data), heard.id) == (channel, payload, str(ID))
        assert heard.data.isascii()
    else:
        with pytest.raises(InvalidEvent, match=r"channel") as refusal:
            Event.of(channel, payload)
        assert str(refusal.value).endswith((".", "}"))


@given(channel=GOOD_TEXTS.filter(is_channel), payload=GOOD_PAYLOADS, cuts=st.lists(st.integers(0, 400), max_size=5))
def test_payload_arrives_as_it_was_however_the_bytes_are_cut(channel: str, payload: object, cuts: list[int]) -> None:
    event = Event.of(channel, payload)
    stream = sse.retry(1000) + sse.encode(event, ID) + sse.KEEPALIVE + sse.encode(event, EventId("a", Position(18)))
    edges = [0, *sorted(cuts), len(stream)]

    heard = parsed(*(stream[begin:end] for begin, end in pairwise(edges)))

    assert [(each.event, json.loads(each.data), each.id) for each in heard] == [
        (channel, payload, str(ID)),
        (channel, payload, "a-18"),
    ]
    assert [each.retry for each in heard] == [1000, None]
    assert stream.count(b"\n") == 1 + 4 + 1 + 4
    assert b"\r" not in stream


@pytest.mark.parametrize("character", ["x", "\u2028", "é", "😀", '"', "\0"])
def test_payload_of_256_kib_in_ascii_arrives_and_one_more_is_refused(character: str) -> None:
    escaped = len(json.dumps(character)) - 2
    count, rest = divmod(MAX_PAYLOAD_BYTES - 2, escaped)
    payload = character * count + "x" * rest

    (heard,) = parsed(sse.encode(Event.of("c", payload), ID))

    assert len(heard.data) == MAX_PAYLOAD_BYTES
    assert json.loads(heard.data) == payload
    with pytest.raises(PayloadTooLarge, match=r"262,145 bytes of JSON; at most 262,144 fit .* split it"):
        Event.of("c", payload + "x")


@given(shape=st.lists(st.booleans(), min_size=MAX_PAYLOAD_DEPTH, max_size=MAX_PAYLOAD_DEPTH))
def test_payload_may_nest_a_hundred_deep_and_not_deeper(shape: list[bool]) -> None:
    payload: object = None
    for is_list in shape[1:]:
        payload = [payload] if is_list else {"a": payload}
    deepest = [payload] if shape[0] else {"[": payload}

    (heard,) = parsed(sse.encode(Event.of("c", deepest), ID))

    assert json.loads(heard.data) == deepest
    with pytest.raises(InvalidPayload, match="more than 100 deep: flatten it"):
        Event.of("c", [deepest])


@pytest.mark.parametrize("where", ["{}", "a{}", "{}b", "😀{}😀"])
@pytest.mark.parametrize("code_points", [[0xD800], [0xDBFF], [0xDC00], [0xDFFF], [0xDC00, 0xD800]])
def test_lone_surrogate_is_refused_in_words_wherever_it_stands(where: str, code_points: list[int]) -> None:
    text = where.format("".join(map(chr, code_points)))
    for payload in (text, [text], {"key": text}, {text: 1}):
        with pytest.raises(InvalidPayload, match=r"channel 'c' holds a lone surrogate, which is no character\."):
            Event.of("c", payload)
    with pytest.raises(InvalidChannel, match="lone surrogate"):
        Event.of(text, 1)


@given(st.text(CHARACTERS, min_size=1, max_size=300))
def test_channel_has_as_many_bytes_as_fit(channel: str) -> None:
    assume(not channel.startswith("$") and not set("\r\n\0") & set(channel))
    fits = len(channel.encode()) <= MAX_CHANNEL_BYTES

    if fits:
        assert Event.of(channel, 1).channel == channel
    else:
        with pytest.raises(InvalidChannel, match="at most 256 fit"):
            Event.of(channel, 1)
