"""What goes over the wire: frames of server-sent events, as bytes that every client reads alike.

The frame's order and ASCII payloads come from how real clients parse (docs/wire.md); the format itself is
https://html.spec.whatwg.org/multipage/server-sent-events.html.
"""

from tailrace.event import Event, EventId, encode_json

CONTENT_TYPE = "text/event-stream"
KEEPALIVE = b":keepalive\n"
"""No blank line behind it: with one, several clients report an empty message."""


def frame(channel: str, data: str, event_id: EventId) -> bytes:
    """Encode one event; the id is last, so that a frame cut in half never moves a client's cursor."""
    return f"event: {channel}\ndata: {data}\nid: {event_id}\n\n".encode()


def encode(event: Event, event_id: EventId) -> bytes:
    """Encode a workflow's event."""
    return frame(event.channel, event.payload, event_id)


def retry(milliseconds: int) -> bytes:
    """Encode the time to wait before reconnecting; it opens the stream, and belongs to the first event's block."""
    return b"retry: %d\n" % milliseconds


def sync(*, head: EventId, event_id: EventId) -> bytes:
    """Encode `$sync`: what follows is live. It gives the client an id to come back with."""
    return frame("$sync", encode_json({"head": str(head), "live": True}), event_id)


def gap(*, reason: str, requested: str, last_lost: EventId, missed: int | None) -> bytes:
    """Encode `$gap`: what stood between the client's cursor and `last_lost` can't be had any more."""
    following = EventId(last_lost.generation, type(last_lost.position)(last_lost.position + 1))
    data = {"reason": reason, "requested": requested, "next": str(following), "missed": missed}
    return frame("$gap", encode_json(data), last_lost)
