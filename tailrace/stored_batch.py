"""A batch read from its item: its events, or where those of some channels stand."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeVar

from tailrace.codec import decode_channels, decode_events, unpack
from tailrace.errors import InvalidItem
from tailrace.event import Batch
from tailrace.table import Item

_Part = TypeVar("_Part")

SMALL_BYTES = 4 * 1024
"""Of an item: so much is looked through in a millisecond or two; what is larger, in a thread."""


def batch_of(item: Item) -> Batch:
    """Decode an item.

    Raises:
        InvalidItem: its events cannot be read, or are not as many as the item says.
    """
    events = () if item.events is None else _decoded(item, item.events, decode_events)
    return Batch(
        workflow_id=item.workflow_id,
        generation=item.generation,
        position=item.position,
        count=item.count,
        events=events,
        batch_id=item.batch_id,
        recorded_at=item.recorded_at,
        cleared=item.events is None,
        traceparent=item.traceparent,
    )


async def places_of(item: Item, channels: frozenset[str]) -> Sequence[int]:
    """The positions of an item's events of these channels, or of all.

    Raises:
        InvalidItem: its events cannot be read, or are not as many as the item says.
    """
    places = range(item.position, item.end + 1)
    if not channels:
        return places
    if len(item.events or b"") < SMALL_BYTES:
        return _find_places(item, channels)
    # Anybody may ask for channels that are nowhere, and has all pages read: others' turns must come in between.
    return await asyncio.to_thread(_find_places, item, channels)


def _find_places(item: Item, channels: frozenset[str]) -> Sequence[int]:
    names = _decoded(item, item.events or b"[]", decode_channels)
    return [place for place, name in enumerate(names, item.position) if name in channels]


def _decoded(item: Item, stored: bytes, decode: Callable[[bytes], tuple[_Part, ...]]) -> tuple[_Part, ...]:
    try:
        events = decode(unpack(stored))
    except InvalidItem as error:
        raise InvalidItem(f"The item at {item.position} cannot be read. {error}") from error
    if len(events) != item.count:
        raise InvalidItem(f"The item at {item.position} says {item.count} events and holds {len(events)}.")
    return events
