"""A notice says that a stream has grown, and carries the batch where it fits; it is a hint, never the truth.

On the wire it is one or two lines of ASCII: a JSON header, and the batch's events as the log stores them. A reader
decides by the header alone, and never decodes the events of a stream that nobody watches.
"""

import json
from dataclasses import dataclass
from typing import Protocol

from tailrace.codec import decode_events, encode_events
from tailrace.errors import InvalidItem, InvalidNotice, TailraceError
from tailrace.event import Batch, Event, EventId, Position, WorkflowId, encode_json, workflow_id
from tailrace.trace import TraceContext

MAX_NOTICE_BYTES = 256 * 1024
"""SNS's limit for a message."""
_TOO_LARGE = 10**16
"""For a number in a notice: from here on floating point, and with it JavaScript and our ids, lose count."""


class NoticeFailed(TailraceError):
    """A batch is in the log, but its notice could not be published; streams find the batch by their sweep."""


class Notifier(Protocol):
    """Tells every stream service that a stream has grown."""

    async def announce(self, batch: Batch) -> None:
        """Publish the batch's notice.

        Raises:
            NoticeFailed: it could not be published, also after trying again.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """That a batch stands in the log, and where; its events only where they fitted."""

    workflow_id: WorkflowId
    generation: str
    position: Position
    count: int
    recorded_at: int
    batch_id: str
    cleared: bool = False
    traceparent: str | None = None
    encoded_events: str | None = None

    @property
    def end(self) -> Position:
        """The position of the last event."""
        return Position(self.position + self.count - 1)

    @property
    def size(self) -> int:
        """The bytes of its events, where they came with it."""
        return len(self.encoded_events or "")

    def batch(self) -> Batch | None:
        """The whole batch, or None where the notice came without its events.

        Raises:
            InvalidNotice: the events are not as many as announced, or are no events.
        """
        if self.encoded_events is None and not self.cleared:
            return None
        return Batch(
            workflow_id=self.workflow_id,
            generation=self.generation,
            position=self.position,
            count=self.count,
            events=self._events(),
            batch_id=self.batch_id,
            recorded_at=self.recorded_at,
            cleared=self.cleared,
            traceparent=self.traceparent,
        )

    def _events(self) -> tuple[Event, ...]:
        if self.encoded_events is None:
            return ()
        try:
            events = decode_events(self.encoded_events)
        except InvalidItem as error:
            raise InvalidNotice(str(error)) from error
        if len(events) != self.count:
            raise InvalidNotice(f"The notice announces {self.count} events and carries {len(events)}.")
        return events


@dataclass(frozen=True, slots=True)
class Canary:
    """What a stream service sends to itself through topic and queue, to know that notices reach it."""

    task: str
    number: int


def encode_notice(batch: Batch) -> str:
    """Write a batch's notice, without its events where they would make it larger than SNS admits."""
    traced = {} if batch.traceparent is None else {"traceparent": batch.traceparent}
    header = encode_json(
        {
            "workflow_id": batch.workflow_id,
            "generation": batch.generation,
            "position": batch.position,
            "count": batch.count,
            "recorded_at": batch.recorded_at,
            "batch_id": batch.batch_id,
            "cleared": batch.cleared,
            **traced,
        }
    )
    if batch.cleared:
        return header
    events = encode_events(batch.events)
    return f"{header}\n{events}" if len(header) + 1 + len(events) <= MAX_NOTICE_BYTES else header


def encode_canary(canary: Canary) -> str:
    """Write a canary."""
    return encode_json({"canary": canary.task, "number": canary.number})


def decode_notice(text: str) -> Notice | Canary:
    """Read what `encode_notice` or `encode_canary` wrote; the events stay encoded.

    Raises:
        InvalidNotice: it is neither; anybody who may publish to the topic can send anything.
    """
    header, newline, events = text.partition("\n")
    try:
        fields = json.loads(header)
        if "canary" in fields:
            return Canary(_text(fields["canary"]), _whole(fields["number"]))
        notice = Notice(
            workflow_id=workflow_id(fields["workflow_id"]),
            generation=_text(fields["generation"]),
            position=Position(_whole(fields["position"])),
            count=_whole(fields["count"]),
            recorded_at=_whole(fields["recorded_at"]),
            batch_id=_text(fields["batch_id"]),
            cleared=fields["cleared"] is True,
            traceparent=_traceparent(fields.get("traceparent")),
            encoded_events=events if newline else None,
        )
        _check_place(notice)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise InvalidNotice(f"This is not a notice: {error!r:.200}.") from error
    return notice


def _check_place(notice: Notice) -> None:
    if notice.position < 1 or notice.count < 1:
        raise ValueError("positions and counts begin at 1")
    if EventId.parse(str(EventId(notice.generation, notice.end))) is None:
        raise ValueError("its events would have ids that nobody can resume from")


def _traceparent(value: object) -> str | None:
    """Read what only logs show: what is no trace context costs nobody a notice."""
    return value if isinstance(value, str) and TraceContext.parse(value) is not None else None


def _whole(value: object) -> int:
    if type(value) is not int or not 0 <= value < _TOO_LARGE:  # a bool is an int to isinstance
        raise ValueError(f"{value!r:.40} is no whole number, or too large")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.40} is not a text")
    return value
