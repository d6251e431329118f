"""A collector of OpenTelemetry's spans: what is sent to it by OTLP over HTTP, decoded by its own package."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from cli.ports import HOST

_PATIENCE = 45.0
_PAUSE = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A span as the collector got it."""

    service: str
    name: str
    trace_id: str
    span_id: str
    parent_id: str
    """Empty where it has none."""
    attributes: dict[str, str | int]
    failed: bool
    text: str
    """All that was sent of it."""


@dataclass(slots=True)
class Collector:
    """Where it is, and what has come."""

    url: str
    spans: list[Recorded] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """The variables that send spans here, soon."""
        return {
            "TAILRACE_TRACES": "otlp",
            "OTEL_EXPORTER_OTLP_ENDPOINT": self.url,
            "OTEL_BSP_SCHEDULE_DELAY": "50",
        }

    def wait_for(self, condition: Callable[[Recorded], bool], count: int = 1) -> list[Recorded]:
        """Wait until so many spans have come that fulfil a condition."""
        deadline = time.monotonic() + _PATIENCE
        while len(found := [span for span in self.spans if condition(span)]) < count:
            assert time.monotonic() < deadline, f"Not in time; there are: {self.spans}"
            time.sleep(_PAUSE)
        return found


@contextmanager
def collector() -> Iterator[Collector]:
    """Run a collector until the context ends."""
    itself = Collector("")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.path == "/v1/traces"
            itself.headers.append(dict(self.headers))
            itself.spans.extend(_decode(body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its base's name
            pass

    server = ThreadingHTTPServer((HOST, 0), Handler)
    itself.url = f"http://{HOST}:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield itself
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _decode(body: bytes) -> Iterator[Recorded]:
    for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
        service = _values(resource.resource.attributes)["service.name"]
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield Recorded(
                    service=str(service),
                    name=span.name,
                    trace_id=span.trace_id.hex(),
                    span_id=span.span_id.hex(),
                    parent_id=span.parent_span_id.hex(),
                    attributes=_values(span.attributes),
                    failed=span.status.code == Status.STATUS_CODE_ERROR,
                    text=str(span),
                )


def _values(attributes: Iterator[KeyValue]) -> dict[str, str | int]:
    return {
        each.key: each.value.int_value if each.value.HasField("int_value") else each.value.string_value
        for each in attributes
    }
