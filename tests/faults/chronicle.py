"""What the log's table was told to do, and did: every batch that was ever put, also those that are gone by now.

It is written from the calls that reach the table, whoever makes them, and in the end held against the table itself.
"""

import math
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from tailrace.codec import decode_events, unpack
from tailrace.event import Batch, Event
from tailrace.event_log import EventLog
from tests.faults.aws_call import DYNAMODB, AwsAnswer, AwsCall
from tests.faults.truth import EMPTY, Recorded, Truth, read_batches


@dataclass(slots=True, kw_only=True)
class Entry:
    """A batch as it was put; times in epoch seconds."""

    generation: str
    position: int
    count: int
    batch_id: str
    events: tuple[Event, ...]
    """Empty for the mark of a clear."""
    recorded_at: float
    expires_at: float
    put_at: float

    @property
    def is_mark(self) -> bool:
        """Whether it is the mark of a clear."""
        return not self.events

    def is_as_put(self, batch: Batch) -> bool:
        """Whether the log still holds the same."""
        return (batch.generation, batch.batch_id, batch.events) == (self.generation, self.batch_id, self.events)


class Chronicle:
    """The log's history."""

    def __init__(self, table_name: str) -> None:
        self._table_name = table_name
        self._entries: dict[str, dict[int, Entry]] = {}
        self._cleared_at: dict[tuple[str, int], float] = {}
        """When each batch was first asked to be emptied."""
        self.complaints: list[str] = []

    def note(self, call: AwsCall, answer: AwsAnswer, sent_at: float) -> None:
        """Note a call that reached AWS, and what came of it."""
        if call.service != DYNAMODB or answer.status != HTTPStatus.OK or call.says.get("TableName") != self._table_name:
            return
        if call.action == "PutItem":
            self._put(call.says["Item"], sent_at)
        elif is_emptying(call):
            place = _place(call)
            self._cleared_at[place] = min(sent_at, self._cleared_at.get(place, math.inf))
        elif call.action == "DeleteItem":
            stream, position = _place(call)
            entry = self._entries.get(stream, {}).get(position)
            if entry is None or entry.expires_at > sent_at:
                self.complaints.append(f"{stream}: the batch at {position} was deleted before its time")

    def _put(self, item: dict[str, Any], at: float) -> None:
        stream, entry = item["workflow_id"]["S"], _entry(item, at)
        entries = self._entries.setdefault(stream, {})
        if entry.position in entries:
            self.complaints.append(f"{stream}: the position {entry.position} was used a second time")
        entries[entry.position] = entry

    async def check(self, log: EventLog, stream: str, *, now: float) -> None:
        """Hold it against what the log holds now: nothing may be there, or not be there, without a reason."""
        held: dict[int, Batch] = {batch.position: batch for batch in await read_batches(log, stream)}
        entries = self._entries.setdefault(stream, {})
        for each in held.values():
            entries.setdefault(each.position, _adopted(each))  # the proxy had not heard AWS's answer
        for position, entry in entries.items():
            what, batch = f"{stream}: the batch at {position}", held.get(position)
            if batch is None:
                if entry.expires_at > now:
                    self.complaints.append(f"{what} is gone from the log")
            elif batch.cleared:
                if not entry.is_mark and (stream, position) not in self._cleared_at:
                    self.complaints.append(f"{what} was emptied, and nobody had asked for that")
            elif not entry.is_as_put(batch):
                self.complaints.append(f"{what} is no longer what was put")

    def truth(self, stream: str) -> Truth:
        """What the stream has ever held."""
        entries = dict(sorted(self._entries.get(stream, {}).items()))
        if not entries:
            return EMPTY
        generations = {entry.generation for entry in entries.values()}
        assert len(generations) == 1, f"{stream} has begun a new life: {generations}"
        return Truth(
            generation=generations.pop(),
            events={position: event for entry in entries.values() for position, event in self._recorded(stream, entry)},
            head=max(entry.position + entry.count - 1 for entry in entries.values()),
            marks={position: entry.put_at for position, entry in entries.items() if entry.is_mark},
        )

    def _recorded(self, stream: str, entry: Entry) -> Iterator[tuple[int, Recorded]]:
        for place, event in enumerate(entry.events):
            yield (
                entry.position + place,
                Recorded(
                    channel=event.channel,
                    payload=event.payload,
                    recorded_at=entry.recorded_at,
                    batch_id=entry.batch_id,
                    cleared_at=self._cleared_at.get((stream, entry.position), math.inf),
                    expired_at=entry.expires_at,
                ),
            )


def is_emptying(call: AwsCall) -> bool:
    """Whether a call empties a batch in place, as a clear does."""
    return call.action == "UpdateItem" and "REMOVE events" in call.says.get("UpdateExpression", "")


def _place(call: AwsCall) -> tuple[str, int]:
    key = call.says["Key"]
    return key["workflow_id"]["S"], int(key["position"]["N"])


def _entry(item: dict[str, Any], at: float) -> Entry:
    packed = item.get("events", {}).get("B")
    return Entry(
        generation=item["generation"]["S"],
        position=int(item["position"]["N"]),
        count=int(item["count"]["N"]),
        batch_id=item["batch_id"]["S"],
        events=decode_events(unpack(b64decode(packed))) if packed else (),
        recorded_at=int(item["recorded_at"]["N"]) / 1000,
        expires_at=float(item["expires_at"]["N"]),
        put_at=at,
    )


def _adopted(batch: Batch) -> Entry:
    return Entry(
        generation=batch.generation,
        position=batch.position,
        count=batch.count,
        batch_id=batch.batch_id,
        events=batch.events,
        recorded_at=batch.recorded_at / 1000,
        expires_at=math.inf,
        put_at=batch.recorded_at / 1000,
    )
