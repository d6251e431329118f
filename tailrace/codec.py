"""How a batch's events are stored in the table and carried by a notice: a JSON array of channel and payload."""

import json
import zlib
from collections.abc import Iterable
from typing import Any

from tailrace.errors import InvalidItem
from tailrace.event import Event, encode_json

COMPRESS_FROM_BYTES = 1024
MAX_BATCH_BYTES = 4 * 1024 * 1024
"""Of JSON, before compression: what a reader may have to hold to decode one batch."""

_JSON_ARRAY_START = b"["


def encode_events(events: Iterable[Event]) -> str:
    """Write events as one compact JSON array, payloads as they are."""
    return "[" + ",".join(encode_event(event) for event in events) + "]"


def encode_event(event: Event) -> str:
    """Write one event as a member of that array."""
    return f'{{"channel":{encode_json(event.channel)},"payload":{event.payload}}}'


def decode_events(text: str | bytes) -> tuple[Event, ...]:
    """Read what `encode_events` wrote.

    Raises:
        InvalidItem: the text is something else.
    """
    try:
        return tuple(Event.of(member["channel"], member["payload"]) for member in _array(text))
    except (ValueError, TypeError, KeyError, RecursionError) as error:  # an InvalidEvent is a ValueError
        raise InvalidItem("These are not a batch's events: a JSON array of channel and payload is expected.") from error


def decode_channels(text: str | bytes) -> tuple[str, ...]:
    """Read of what `encode_events` wrote each event's channel alone, which leaves the payloads as they are.

    Raises:
        InvalidItem: the text is something else.
    """
    try:
        return tuple(_text(member["channel"]) for member in _array(text))
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise InvalidItem("These are not a batch's events: a JSON array of channel and payload is expected.") from error


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(type(value))
    return value


def _array(text: str | bytes) -> list[Any]:
    value = json.loads(text)
    if not isinstance(value, list):
        raise TypeError(type(value))
    return value


def pack(text: str) -> bytes:
    """Store text, compressed (zlib) from 1 KB on."""
    data = text.encode("ascii")
    return zlib.compress(data) if len(data) >= COMPRESS_FROM_BYTES else data


def unpack(data: bytes) -> bytes:
    """Undo `pack`.

    Raises:
        InvalidItem: the bytes are neither JSON nor zlib, are cut off, or are more than a batch may be.
    """
    if data.startswith(_JSON_ARRAY_START):
        return data
    try:
        decompressor = zlib.decompressobj()
        text = decompressor.decompress(data, MAX_BATCH_BYTES)
    except zlib.error as error:
        raise InvalidItem("An item's events are neither JSON nor zlib.") from error
    if not decompressor.eof:
        raise InvalidItem(f"An item's events are cut off, or are more than {MAX_BATCH_BYTES:,} bytes.")
    return text
