"""What a task records for who traces: its requests, and the deliveries of batches, each in its caller's trace.

A request's span ends with the answer's headers, since a stream goes on for an hour behind them. Nothing here is loaded
where nobody traces.
"""

from collections.abc import Iterable
from http import HTTPStatus

from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stream_service.unwritten import Delivered
from tailrace.otel import OtelSpan, OtelSpans
from tailrace.trace import TraceContext

_TOLD = ("/pipelines/", "/streams/")
"""Where clients' requests begin; the load balancer's own, every few seconds, would hide them."""


class TaskSpans:
    """The spans of one task."""

    def __init__(self) -> None:
        self._otel = OtelSpans(service="tailrace-stream-service")

    def record_requests(self, app: FastAPI) -> None:
        """Record the requests that an application answers."""
        app.add_middleware(RequestSpans, spans=self._otel)

    def delivered(self, batch: Delivered) -> None:
        """Record the way of a batch from the log to all who follow it here, where its run's trace is wanted."""
        run = TraceContext.parse(batch.traceparent) if batch.traceparent else None
        if run is None or not run.sampled:
            return
        told = {"tailrace.workflow_id": batch.workflow_id, "tailrace.last_id": f"{batch.generation}-{batch.end}"}
        self._otel.begin(
            f"deliver {batch.workflow_id}",
            kind="consumer",
            under=run,
            since=batch.recorded_at / 1000,
            attributes=told,
        ).end()

    def close(self) -> None:
        """Let out what was recorded."""
        self._otel.close()


class RequestSpans:
    """Middleware that records requests in the traces that their `traceparent` names, or in traces of their own."""

    def __init__(self, app: ASGIApp, *, spans: OtelSpans) -> None:
        self._app = app
        self._spans = spans

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http" or not scope["path"].startswith(_TOLD):
            await self._app(scope, receive, send)
            return
        caller = _caller(scope["headers"])
        span = self._spans.begin(scope["method"], kind="server", under=caller)

        async def send_and_record(message: Message) -> None:
            await send(message)
            if message["type"] == "http.response.start":
                _describe(span, scope, message["status"])
                span.end()

        try:
            await self._app(scope, receive, send_and_record)
        finally:
            span.end()  # of an answer that never began


def _caller(headers: Iterable[tuple[bytes, bytes]]) -> TraceContext | None:
    for name, value in headers:
        if name == b"traceparent":
            return TraceContext.parse(value.decode("latin-1"))
    return None


def _describe(span: OtelSpan, scope: Scope, status: int) -> None:
    """Say what was asked for, never with its query, in which a token may stand."""
    route = getattr(scope.get("route"), "path", None)
    if route is not None:
        span.rename(f"{scope['method']} {route}")
        span.tell({"http.route": route})
    span.tell(
        {
            "http.request.method": scope["method"],
            "http.response.status_code": status,
            "tailrace.workflow_id": str(scope.get("path_params", {}).get("workflow_id", "")),
        }
    )
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        span.fail(str(status))
