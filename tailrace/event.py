"""The values that travel: what a step sends, what the log keeps, and the id that a client holds."""

import json
import re
from dataclasses import dataclass
from typing import NewType

from tailrace.errors import InvalidChannel, InvalidPayload, InvalidWorkflowId, PayloadTooLarge

WorkflowId = NewType("WorkflowId", str)
Position = NewType("Position", int)
"""An event's place in its stream: 1, 2, 3, … within a generation."""

MAX_CHANNEL_BYTES = 256
MAX_PAYLOAD_BYTES = 256 * 1024
MAX_PAYLOAD_DEPTH = 100
"""Lists and objects inside one another. What is written here is read elsewhere, where less stack may be left."""

WORKFLOW_ID_PATTERN = r"p_[A-Za-z0-9_-]{1,64}"
EVENT_ID_PATTERN = r"([0-9a-z]{1,16})-(0|[1-9][0-9]{0,15})"

_WORKFLOW_ID = re.compile(WORKFLOW_ID_PATTERN, re.ASCII)
_ALL_BUT_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*"|[^"\[\]{}]+')
_ONE_KIND = str.maketrans("{}", "[]")
_EVENT_ID = re.compile(EVENT_ID_PATTERN, re.ASCII)


def workflow_id(text: str) -> WorkflowId:
    """Check that a text is a workflow's id, as in Pipedream's URLs: `p_aBcDeF`."""
    if not _WORKFLOW_ID.fullmatch(text):
        raise InvalidWorkflowId(
            f"{text[:80]!r} is not a workflow id: write p_ and then 1 to 64 letters, digits, underscores or hyphens."
        )
    return WorkflowId(text)


@dataclass(frozen=True, slots=True)
class EventId:
    """An event's id, the same everywhere: which life of the stream, and the place in it."""

    generation: str
    position: Position

    def __str__(self) -> str:
        return f"{self.generation}-{self.position}"

    @classmethod
    def parse(cls, text: str) -> "EventId | None":
        """Read an id such as `m1a2b3c4-17`; anything else is None, since cursors come from strangers."""
        match = _EVENT_ID.fullmatch(text)
        return cls(match[1], Position(int(match[2]))) if match else None


BEGINNING = EventId("0", Position(0))
"""The cursor `0-0`: everything that is retained. Held by a client that came while the stream was empty."""


@dataclass(frozen=True, slots=True)
class Event:
    """What a step sends: a channel and a payload, with no place in the stream yet."""

    channel: str
    payload: str
    """JSON text, compact and ASCII, as it will stand behind `data:`."""

    @classmethod
    def of(cls, channel: object, payload: object) -> "Event":
        """Check and encode what a step sends; later changes to `payload` do not count.

        Raises:
            InvalidChannel: no text, empty, over 256 bytes, begins with `$`, or holds CR, LF or NUL.
            InvalidPayload: not JSON: an unknown type, NaN or an infinity, a lone surrogate, a cycle, nested too deep.
            PayloadTooLarge: more than 256 KiB of JSON.
        """
        checked = check_channel(channel)
        return cls(checked, _encode_payload(checked, payload))


def check_channel(channel: object) -> str:
    """Check that something can be an event's channel.

    Raises:
        InvalidChannel: no text, empty, over 256 bytes, begins with `$`, or holds CR, LF or NUL.
    """
    if not isinstance(channel, str) or not channel:
        raise InvalidChannel(f"A channel is a text that is not empty, such as 'orders'; this one is {channel!r:.80}.")
    if channel.startswith("$"):
        raise InvalidChannel(f"The channel {channel!r:.80} begins with $, which is kept for Tailrace: drop the $.")
    if any(character in channel for character in "\r\n\0"):
        raise InvalidChannel(f"The channel {channel!r:.80} holds a line break or NUL, which would break its frame.")
    try:
        size = len(channel.encode())
    except UnicodeEncodeError as error:
        raise InvalidChannel(f"The channel {channel!r:.80} holds a lone surrogate, which is no character.") from error
    if size > MAX_CHANNEL_BYTES:
        raise InvalidChannel(
            f"The channel {channel[:40]!r}… is {size:,} bytes; at most {MAX_CHANNEL_BYTES} fit. "
            "Put detail in the payload."
        )
    return channel


def _encode_payload(channel: str, payload: object) -> str:
    try:
        text = encode_json(payload)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidPayload(
            f"The payload for channel {channel!r} is not JSON ({error}). "
            "Send text, finite numbers, booleans, None, and lists and dicts of them."
        ) from error
    if _has_lone_surrogate(text, payload):
        raise InvalidPayload(f"The payload for channel {channel!r} holds a lone surrogate, which is no character.")
    if _is_too_deep(text):
        raise InvalidPayload(
            f"The payload for channel {channel!r} nests lists and dicts more than {MAX_PAYLOAD_DEPTH} deep: flatten it."
        )
    if len(text) > MAX_PAYLOAD_BYTES:
        raise PayloadTooLarge(
            f"The payload for channel {channel!r} is {len(text):,} bytes of JSON; at most {MAX_PAYLOAD_BYTES:,} fit "
            "in one event. Send a link to it, or split it into several events."
        )
    return text


def encode_json(value: object) -> str:
    """Encode as compact JSON in ASCII.

    ASCII, since clients split lines at characters such as U+2028 that JSON would otherwise hold raw.

    Raises:
        TypeError, ValueError, RecursionError: the value is not JSON; NaN and infinities are not.
    """
    return json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))


def _has_lone_surrogate(text: str, payload: object) -> bool:
    if "\\ud" not in text:  # json.dumps writes \uXXXX in lower case
        return False
    try:
        json.dumps(payload, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


def _is_too_deep(text: str) -> bool:
    if text.count("[") + text.count("{") <= MAX_PAYLOAD_DEPTH:
        return False
    brackets = _ALL_BUT_BRACKETS.sub("", text).translate(_ONE_KIND)
    for _ in range(MAX_PAYLOAD_DEPTH):
        brackets = brackets.replace("[]", "")  # the innermost level
    return bool(brackets)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What one run sent, as the log keeps it: events at consecutive positions, visible together or not at all."""

    workflow_id: WorkflowId
    generation: str
    position: Position
    """Of the first event."""
    count: int
    events: tuple[Event, ...]
    """As many as `count`; none where the batch was cleared."""
    batch_id: str
    recorded_at: int
    """Epoch milliseconds."""
    cleared: bool = False
    traceparent: str | None = None
    """Of the run that sent it; batches from before there were traces have none."""

    @property
    def end(self) -> Position:
        """The position of the last event."""
        return Position(self.position + self.count - 1)

    @property
    def first_id(self) -> EventId:
        """The first event's id."""
        return EventId(self.generation, self.position)

    @property
    def last_id(self) -> EventId:
        """The last event's id."""
        return EventId(self.generation, self.end)
