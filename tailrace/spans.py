"""Spans: what took how long in a run, for who traces. Off by default; then this records nothing and costs nothing."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from importlib.util import find_spec
from typing import Annotated, Literal, Protocol, TypeAlias

from pydantic import AfterValidator

from tailrace.trace import TraceContext

Attributes: TypeAlias = Mapping[str, str | int]
"""What a span says of itself: names and numbers, never a payload, a message or a token."""
Kind: TypeAlias = Literal["internal", "server", "client", "producer", "consumer"]
NONE: Attributes = {}


def _has_packages(traces: str) -> str:
    if traces == "otlp" and not (find_spec("opentelemetry.sdk") and find_spec("opentelemetry.exporter")):
        raise ValueError('the packages for it are missing: pip install "tailrace[otel]"')
    return traces


Traces: TypeAlias = Annotated[Literal["off", "otlp"], AfterValidator(_has_packages)]
"""A setting: whether spans go to an OpenTelemetry collector, which the standard variables OTEL_* name."""


class Span(Protocol):
    """Something that runs, and is recorded once it has ended."""

    def tell(self, attributes: Attributes) -> None:
        """Say what is known by now."""

    def fail(self, error_type: str) -> None:
        """Say that it went wrong, and how that is called."""


RunSpan: TypeAlias = tuple[TraceContext, Span]
"""A run's span, and its place in a trace, which goes with what the run sends."""


class Spans(Protocol):
    """Where a function's spans go."""

    def run(
        self, workflow_id: str, /, *, caller: TraceContext | None, trace_id: str
    ) -> AbstractContextManager[RunSpan]:
        """Record a run, in the caller's trace, or in one of its own under that id."""

    def part(
        self, name: str, kind: Kind = "internal", attributes: Attributes = NONE, /
    ) -> AbstractContextManager[Span]:
        """Record a part of the run that surrounds it."""

    def flush(self) -> None:
        """Let out what was recorded: a function that has answered is frozen."""


class NoSpans:
    """`Spans` where nobody traces."""

    def run(
        self, _workflow_id: str, /, *, caller: TraceContext | None, trace_id: str
    ) -> AbstractContextManager[RunSpan]:
        """Find the run's place in a trace: logs name it all the same."""
        return nullcontext((caller.child() if caller else TraceContext.begin(trace_id), _NO_SPAN))

    def part(
        self, _name: str, _kind: Kind = "internal", _attributes: Attributes = NONE, /
    ) -> AbstractContextManager[Span]:
        """Record nothing."""
        return _NOTHING

    def flush(self) -> None:
        """Let out nothing."""


class _NoSpan:
    def tell(self, attributes: Attributes) -> None: ...

    def fail(self, error_type: str) -> None: ...


_NO_SPAN = _NoSpan()
_NOTHING = nullcontext(_NO_SPAN)


def make_spans(traces: Traces, *, service: str) -> Spans:
    """Make what the setting asks for; OpenTelemetry is loaded by who uses it alone."""
    if traces == "off":
        return NoSpans()
    from tailrace.otel import OtelSpans  # noqa: PLC0415 - a tenth of a second that others don't pay

    return OtelSpans(service=service)
