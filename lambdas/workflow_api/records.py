"""What is kept of a run that may be asked for twice: who runs it, where its events may begin, what was answered.

Powertools' idempotency utility keeps such records too, and these use its attributes' names; but its own records cannot
hold a floor. A try that takes over puts a whole new item, a try that fails deletes the item, and by either the floor
would be lost that the log's rule 11 asks for. It also raises where an answer is larger than an item may be.
"""

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from starlette.responses import Response

from tailrace.errors import TailraceError
from tailrace.event import EventId, encode_json

MAX_ANSWER_BYTES = 256 * 1024
"""Of an answer as it is kept, compressed; DynamoDB's limit for an item is 400 KB."""
REPLAYED = ("idempotency-replayed", "true")
"""The header that tells an answer given again from the first one."""


class RecordsUnavailable(TailraceError):
    """The table of records did not answer, or refused: nobody knows whether the run was asked for before."""


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """An answer that can be given again, byte for byte."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @classmethod
    def of(cls, response: Response) -> "KeptAnswer":
        """Keep a response."""
        headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in response.raw_headers)
        return cls(response.status_code, headers, bytes(response.body))

    def again(self) -> Response:
        """The response, marked as one that was given before."""
        response = Response(self.body, self.status)
        headers = (*self.headers, REPLAYED)
        response.raw_headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        return response

    def pack(self) -> bytes:
        """Encode for the table."""
        head = encode_json({"status": self.status, "headers": self.headers})
        return zlib.compress(head.encode() + b"\n" + self.body)

    @classmethod
    def unpack(cls, packed: bytes) -> "KeptAnswer":
        """Read what `pack` has made."""
        head, _, body = zlib.decompress(packed).partition(b"\n")
        fields: Mapping[str, object] = json.loads(head)
        status, headers = fields["status"], fields["headers"]
        assert isinstance(status, int)  # noqa: S101 (for mypy: `pack` wrote it)
        assert isinstance(headers, list)  # noqa: S101
        return cls(status, tuple((name, value) for name, value in headers), body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What is kept of a run: by `id`, for a day."""

    id: str
    trace_id: str
    """What the run's batches are named after; new with each record, since a key may be used again after its day."""
    floor: EventId
    """Where every try of the run begins to look for its batch in the log."""
    fingerprint: str
    """Of what was asked."""
    try_id: str
    """Who has the run in hand, or had it when it finished."""
    leased_until: int
    """Epoch milliseconds: until then the try is taken to go on."""
    expires_at: int
    """Epoch seconds."""
    finished: bool = False
    answer: bytes | None = None
    """As `KeptAnswer.pack` made it; None of a run for which nobody waits."""


class RecordTable(Protocol):
    """Where records are kept. Every method may raise RecordsUnavailable."""

    async def create(self, record: Record, *, now: float) -> Record | None:
        """Keep a record where none is, or one that has expired; where one is, change nothing and return that one."""

    async def change(self, record: Record, *, seen: Record) -> Record | None:
        """Put a record in the place of `seen`, if that run is still unfinished and in hand of the same try.

        Else change nothing and return the record that stands.
        """
