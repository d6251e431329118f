"""OpenTelemetry's spans, sent by OTLP over HTTP. Its standard variables (OTEL_*) say where to, and how many."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

from tailrace.spans import NONE, Attributes, Kind, RunSpan, Span
from tailrace.trace import TraceContext

_KINDS = {kind.name.lower(): kind for kind in trace.SpanKind}
_run_id: ContextVar[int | None] = ContextVar("run_id", default=None)


class OtelSpan:
    """A span of OpenTelemetry's."""

    def __init__(self, span: trace.Span) -> None:
        self.inner = span

    @property
    def context(self) -> TraceContext:
        """Its place in its trace."""
        context = self.inner.get_span_context()
        return TraceContext(
            trace.format_trace_id(context.trace_id),
            trace.format_span_id(context.span_id),
            sampled=context.trace_flags.sampled,
        )

    def rename(self, name: str) -> None:
        """Call it what it turns out to be."""
        self.inner.update_name(name)

    def tell(self, attributes: Attributes) -> None:
        """Say what is known by now."""
        self.inner.set_attributes(attributes)

    def fail(self, error_type: str) -> None:
        """Say that it went wrong. Never by the exception itself: its text may hold a payload."""
        self.inner.set_attribute("error.type", error_type)
        self.inner.set_status(trace.StatusCode.ERROR)

    def end(self) -> None:
        """Record it, once."""
        if self.inner.is_recording():
            self.inner.end()


class OtelSpans:
    """`Spans` that go to an OpenTelemetry collector, in batches, by a thread of OpenTelemetry's."""

    def __init__(self, *, service: str) -> None:
        resource = Resource.create({SERVICE_NAME: service}).merge(OTELResourceDetector().detect())
        self._ids = _Ids()
        self.provider = TracerProvider(resource=resource, id_generator=self._ids, shutdown_on_exit=False)
        self.provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        trace.set_tracer_provider(self.provider)  # a step's own spans, and its libraries', go the same way
        self._tracer = self.provider.get_tracer("tailrace")

    @contextmanager
    def run(self, workflow_id: str, /, *, caller: TraceContext | None, trace_id: str) -> Iterator[RunSpan]:
        """Record a run, which is what surrounds its parts."""
        with self._ids.begin_with(trace_id):
            span = self.begin(
                f"run {workflow_id}", kind="server", under=caller, attributes={"tailrace.workflow_id": workflow_id}
            )
        with _current(span):
            yield span.context, span

    @contextmanager
    def part(self, name: str, kind: Kind = "internal", attributes: Attributes = NONE, /) -> Iterator[Span]:
        """Record a part of the run that surrounds it."""
        span = OtelSpan(self._tracer.start_span(name, kind=_KINDS[kind], attributes=dict(attributes)))
        with _current(span):
            yield span

    def begin(
        self,
        name: str,
        *,
        kind: Kind,
        under: TraceContext | None,
        since: float | None = None,
        attributes: Attributes = NONE,
    ) -> OtelSpan:
        """Begin a span that somebody else caused, or nobody; `since` is in seconds of the epoch, now where it is None.

        Whoever begins it ends it.
        """
        started = self._tracer.start_span(
            name,
            context=_remote(under),
            kind=_KINDS[kind],
            attributes=dict(attributes),
            start_time=int((since or time.time()) * 1e9),
        )
        return OtelSpan(started)

    def flush(self) -> None:
        """Let out what was recorded; a collector that does not answer holds this up (OTEL_EXPORTER_OTLP_TIMEOUT)."""
        self.provider.force_flush()

    def close(self) -> None:
        """Let out what was recorded, and end."""
        self.provider.shutdown()


class _Ids(RandomIdGenerator):
    """Gives a run's trace the run's own id, so that a trace is found by what answers and logs name."""

    @contextmanager
    def begin_with(self, trace_id: str) -> Iterator[None]:
        token = _run_id.set(int(trace_id, 16))
        try:
            yield
        finally:
            _run_id.reset(token)

    def generate_trace_id(self) -> int:
        return _run_id.get() or super().generate_trace_id()


@contextmanager
def _current(span: OtelSpan) -> Iterator[None]:
    with trace.use_span(span.inner, end_on_exit=True, record_exception=False, set_status_on_exception=False):
        try:
            yield
        except BaseException as error:
            span.fail(type(error).__name__)
            raise


def _remote(context: TraceContext | None) -> Context:
    if context is None:
        return Context()
    flags = trace.TraceFlags(trace.TraceFlags.SAMPLED if context.sampled else trace.TraceFlags.DEFAULT)
    parent = trace.SpanContext(int(context.trace_id, 16), int(context.span_id, 16), is_remote=True, trace_flags=flags)
    return trace.set_span_in_context(trace.NonRecordingSpan(parent), Context())
