"""Reads a stream's bytes, more strictly than any client does: docs/wire.md, byte by byte."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tailrace.event import Event, EventId

KEEPALIVE = b":keepalive\n"

_FRAME = re.compile(rb"event: ([^\r\n\0]+)\ndata: ([\x20-\x7e]+)\nid: ([0-9a-z]+-[0-9]+)\n\n")


@dataclass(frozen=True, slots=True)
class Frame:
    """What a client hears of one event, or of one control event."""

    channel: str
    payload: str
    """As it stood behind `data:`."""
    id: EventId

    @property
    def data(self) -> dict[str, Any]:
        """The payload, decoded."""
        data: dict[str, Any] = json.loads(self.payload)
        return data

    @property
    def event(self) -> Event:
        """The workflow's event that this is."""
        return Event(self.channel, self.payload)


def frames_in(written: bytes) -> Iterator[Frame]:
    """Read what was written at once: whole frames with one data line and the id last, and nothing else."""
    at = 0
    while at < len(written):
        match = _FRAME.match(written, at)
        assert match is not None, f"This is not a frame: {written[at : at + 200]!r}"
        channel, payload, event_id = (part.decode() for part in match.groups())
        parsed = EventId.parse(event_id)
        assert parsed is not None, f"Nobody could come back with the id {event_id!r}."
        assert payload == json.dumps(json.loads(payload), separators=(",", ":")), f"This is not compact: {payload!r}"
        yield Frame(channel, payload, parsed)
        at = match.end()
