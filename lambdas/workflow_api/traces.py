"""Which trace a run belongs to: its caller's, else X-Ray's where that is on, else one of its own."""

import hashlib
import os
import re
import secrets
from collections.abc import Mapping
from typing import Any

from tailrace.trace import TraceContext

_XRAY = re.compile(r"Root=1-([0-9a-f]{8})-([0-9a-f]{24});Parent=([0-9a-f]{16});Sampled=1", re.ASCII)
_HEX_DIGITS = re.compile(r"[0-9a-f]{32}", re.ASCII)


def new_trace_id() -> str:
    """Make up a run's identity. All of its digits are random, by some of which OpenTelemetry samples traces."""
    return secrets.token_hex(16)


def caller_of(trigger_event: Mapping[str, Any], *, environ: Mapping[str, str] = os.environ) -> TraceContext | None:
    """Find what caused a run, by its trigger, and so the trace that it belongs to; None where nobody traces it."""
    return _from_header(trigger_event.get("headers")) or _from_xray(environ.get("_X_AMZN_TRACE_ID", ""))


def own_trace(trace_id: str) -> str:
    """Name a run's own trace, for one that nobody traces; all tries of a run have the same."""
    if _HEX_DIGITS.fullmatch(trace_id) and int(trace_id, 16):
        return trace_id
    return hashlib.sha256(trace_id.encode()).hexdigest()[:32]  # asynchronous runs have Lambda's request id


def _from_header(headers: object) -> TraceContext | None:
    text = headers.get("traceparent") if isinstance(headers, Mapping) else None
    return TraceContext.parse(text) if isinstance(text, str) else None


def _from_xray(text: str) -> TraceContext | None:
    """Read what Lambda sets for each invocation; X-Ray's id without its hyphens is a trace context's.

    Source: AWS X-Ray developer guide, "Sending trace data to AWS X-Ray", on W3C trace ids.
    """
    match = _XRAY.match(text)
    return TraceContext.parse(f"00-{match[1]}{match[2]}-{match[3]}-01") if match else None
