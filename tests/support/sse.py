"""Reads event streams byte by byte, as the standard says: chunks of HTTP/1.1 first, then frames."""

import re
from dataclasses import dataclass, field
from typing import Any

_CHUNK_SIZE = re.compile(rb"([0-9a-f]+)\r\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """An event as a client sees it."""

    event: str
    data: str
    id: str


class ChunkedBody:
    """Takes the chunks of a body apart."""

    def __init__(self) -> None:
        self.ended = False
        """Whether the terminal chunk has come."""
        self._rest = b""

    def feed(self, data: bytes) -> bytes:
        """Take raw bytes, and return what of the body is complete chunks or parts of them."""
        assert not (self.ended and data), f"Bytes behind the terminal chunk: {data[:80]!r}"
        self._rest += data
        body: list[bytes] = []
        while match := _CHUNK_SIZE.match(self._rest):
            size, begin = int(match[1], 16), match.end()
            if len(self._rest) < begin + size + 2:
                break
            assert self._rest[begin + size : begin + size + 2] == b"\r\n"
            body.append(self._rest[begin : begin + size])
            self._rest = self._rest[begin + size + 2 :]
            if size == 0:
                self.ended = True
                assert not self._rest
        return b"".join(body)


@dataclass(slots=True)
class FrameParser:
    """Takes a body's text apart; the standard's rules, whose id counts once its frame is complete."""

    retry: int | None = None
    comments: int = 0
    last_id: str = ""
    """What an EventSource would send as Last-Event-ID."""
    _rest: bytes = b""
    _fields: dict[str, str] = field(default_factory=dict)

    @property
    def at_boundary(self) -> bool:
        """Whether the bytes so far end where a frame, or a line between frames, ends."""
        return not self._rest and not self._fields

    def feed(self, body: bytes) -> list[Frame]:
        """Take bytes, and return the frames that they complete."""
        *lines, self._rest = (self._rest + body).split(b"\n")
        return [frame for line in lines if (frame := self._line(line.decode())) is not None]

    def _line(self, line: str) -> Frame | None:
        assert "\r" not in line
        if not line:
            return self._dispatch()
        if line.startswith(":"):
            self.comments += 1
            return None
        name, _, value = line.partition(": ")
        if name == "retry":
            self.retry = int(value)
        else:
            assert name in {"event", "data", "id"}, line
            assert name not in self._fields, f"Two lines of {name}."
            self._fields[name] = value
        return None

    def _dispatch(self) -> Frame:
        fields: dict[str, Any] = self._fields
        self._fields = {}
        frame = Frame(**fields)
        self.last_id = frame.id
        return frame
