"""An event stream's bytes, taken apart into events as the standard has it."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from cli.errors import CommandError

MAX_LINE_BYTES = 16 * 1024 * 1024
"""Far above what a stream of Tailrace's has; what is longer comes from something else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """An event as it came."""

    channel: str
    data: str
    id: str


@dataclass(slots=True)
class EventStreamParser:
    """Takes a body in pieces of any size; lines end with LF, or with CR LF."""

    retry: float | None = None
    """Seconds that the server wants its clients to wait before they come back; None while it has not said so."""
    silent: bool = True
    """Whether nothing has come but when to come back: no event, no keepalive."""
    _rest: bytes = b""
    _id: str = ""
    _fields: dict[str, str] = field(default_factory=dict)

    def feed(self, piece: bytes) -> Iterator[Received]:
        """Take a piece; yield the events that it completes."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        if len(self._rest) > MAX_LINE_BYTES:
            raise CommandError("The stream has a line without an end.", hint="See that the address is a stream's.")
        for line in lines:
            event = self._take(line.removesuffix(b"\r").decode(errors="replace"))
            if event is not None:
                yield event

    def _take(self, line: str) -> Received | None:
        if not line:
            return self._complete()
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data" and "data" in self._fields:
            value = f"{self._fields['data']}\n{value}"
        if name == "retry":
            if value.isascii() and value.isdigit():
                self.retry = int(value) / 1000
            return None
        self.silent = False
        if name in {"data", "event"} or (name == "id" and "\0" not in value):
            self._fields[name] = value
        return None

    def _complete(self) -> Received | None:
        fields, self._fields = self._fields, {}
        self._id = fields.get("id", self._id)
        if "data" not in fields:
            return None
        return Received(channel=fields.get("event") or "message", data=fields["data"], id=self._id)
