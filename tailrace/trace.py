"""Trace context: by what the logs of several services are known to be about one run.

Source: W3C Recommendation "Trace Context", https://www.w3.org/TR/trace-context/ (the header `traceparent`, version 00).
"""

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace

_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})", re.ASCII)
_SAMPLED = 1


def _new_span_id() -> str:
    return secrets.token_hex(8)


@dataclass(frozen=True, slots=True)
class TraceContext:
    """Which trace something belongs to, and what in it caused it; as text, a `traceparent`."""

    trace_id: str
    span_id: str
    sampled: bool
    """Whether whoever began the trace wants to see it."""

    def __str__(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-{int(self.sampled):02x}"

    @classmethod
    def parse(cls, text: str) -> "TraceContext | None":
        """Read a `traceparent`; anything else is None, since strangers send it."""
        match = _TRACEPARENT.fullmatch(text)
        if match is None or not int(match[1], 16) or not int(match[2], 16):
            return None
        return cls(match[1], match[2], sampled=bool(int(match[3], 16) & _SAMPLED))

    @classmethod
    def begin(cls, trace_id: str, *, new_span_id: Callable[[], str] = _new_span_id) -> "TraceContext":
        """Begin a trace that nobody asked for, under an id of 32 hexadecimal digits."""
        return cls(trace_id, new_span_id(), sampled=False)

    def child(self, *, new_span_id: Callable[[], str] = _new_span_id) -> "TraceContext":
        """Go on with a trace, under an id of one's own in it."""
        return replace(self, span_id=new_span_id())
