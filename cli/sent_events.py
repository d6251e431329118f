"""What a run sent, read back from its stream."""

import time
from collections.abc import Iterator

import httpx

from cli.event_stream import EventStreamParser, Received
from cli.http_client import http_client
from tailrace.event import BEGINNING, EventId, Position

PATIENCE = 5.0
"""Seconds for all of them; what has not come by then is left out."""


def read_sent(stream_url: str, *, first_id: str, last_id: str, at_most: int) -> list[Received]:
    """Read the events from the first to the last, as many as are wanted; none where the stream does not answer."""
    first, last = EventId.parse(first_id), EventId.parse(last_id)
    if first is None or last is None:
        return []
    before = EventId(first.generation, Position(first.position - 1)) if first.position > 1 else BEGINNING
    events: list[Received] = []
    try:
        for event in _replayed(stream_url, cursor=str(before)):
            read = EventId.parse(event.id)
            ours = read is not None and read.generation == first.generation and read.position >= first.position
            if ours and not event.channel.startswith("$"):
                events.append(event)
            if len(events) == at_most or (ours and read is not None and read.position >= last.position):
                break
    except (httpx.HTTPError, httpx.InvalidURL):
        return events
    return events


def _replayed(stream_url: str, *, cursor: str) -> Iterator[Received]:
    until = time.monotonic() + PATIENCE
    parser = EventStreamParser()
    with (
        http_client(stream_url, timeout=httpx.Timeout(PATIENCE)) as client,
        client.stream("GET", stream_url, headers={"Last-Event-ID": cursor}) as response,
    ):
        if not response.is_success:
            return
        for piece in response.iter_bytes():
            yield from parser.feed(piece)
            if time.monotonic() > until:
                return
