"""API Gateway on this machine: an ASGI application that turns requests into a Lambda function's events, and back."""

import asyncio
import logging
import time
from collections.abc import Callable
from uuid import uuid4

from starlette.types import Receive, Scope, Send

from cli.gateway_event import HttpRequest, gateway_event
from cli.gateway_response import HttpResponse, InvalidResult, gateway_message, gateway_response
from cli.lambda_function import LambdaFunction, PayloadTooLarge

logger = logging.getLogger(__name__)

MAX_BODY_BYTES = 10 * 1024 * 1024
"""API Gateway's limit for a request's body."""
TIME_LIMIT = 30.0
"""Seconds after which API Gateway answers by itself."""


class Gateway:
    """Hands every request to one function."""

    def __init__(
        self, function: LambdaFunction, *, time_limit: float = TIME_LIMIT, now: Callable[[], float] = time.time
    ) -> None:
        self._function = function
        self._time_limit = time_limit
        self._now = now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection's request."""
        if scope["type"] != "http":
            raise NotImplementedError(f"API Gateway's HTTP APIs know no {scope['type']}.")
        begun = self._now()
        body = await _read_body(receive)
        if body is None:
            return
        request_id = str(uuid4())
        response = await self._answer(scope, body, request_id)
        await _send(send, response, request_id)
        logger.info(
            "request_answered",
            extra={
                "method": scope["method"],
                "path": scope["path"],
                "status": response.status,
                "ms": round((self._now() - begun) * 1000),
            },
        )

    async def _answer(self, scope: Scope, body: bytes, request_id: str) -> HttpResponse:
        if len(body) > MAX_BODY_BYTES:
            return gateway_message(413, "Request Entity Too Large")
        event = gateway_event(_request(scope, body), request_id=request_id, port=_port(scope), now=self._now())
        try:
            promise = self._function.invoke(event, request_id=request_id)
        except PayloadTooLarge:
            return gateway_message(413, "Request Too Long")
        await asyncio.wait([asyncio.wrap_future(promise)], timeout=self._time_limit)
        if not promise.done():
            logger.error("invocation_timed_out", extra={"request_id": request_id, "seconds": self._time_limit})
            return gateway_message(503, "Service Unavailable")
        try:
            return gateway_response(promise.result())
        except InvalidResult as error:
            logger.error("result_refused", extra={"request_id": request_id, "reason": f"{error}"})  # noqa: TRY400 (the reason says it all)
        except Exception:
            logger.exception("invocation_failed", extra={"request_id": request_id})
        return gateway_message(500, "Internal Server Error")


async def _read_body(receive: Receive) -> bytes | None:
    """Read a request's body, one byte past the limit at least where it is larger; None where the client has gone."""
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        if len(body) <= MAX_BODY_BYTES:
            body += message.get("body", b"")
        more = message.get("more_body", False)
    return bytes(body)


def _request(scope: Scope, body: bytes) -> HttpRequest:
    client = scope.get("client")
    return HttpRequest(
        method=scope["method"],
        path=scope["path"],
        query=scope["query_string"].decode("latin-1"),
        headers=[(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"]],
        body=body,
        source_ip=client[0] if client else "127.0.0.1",
        protocol=f"HTTP/{scope['http_version']}",
    )


def _port(scope: Scope) -> int:
    server = scope.get("server")
    return int(server[1] or 0) if server else 0


async def _send(send: Send, response: HttpResponse, request_id: str) -> None:
    headers = [
        (name.encode("latin-1", "replace"), value.encode("latin-1", "replace"))
        for name, value in (*response.headers, ("apigw-requestid", request_id))
    ]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})
