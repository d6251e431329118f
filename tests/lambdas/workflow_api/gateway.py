"""Requests and answers as API Gateway's HTTP API hands them to Lambda (payload format 2.0)."""

import base64
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

KEY = "a-key-for-tests-alone"
FORM = "application/x-www-form-urlencoded"

_TEXT = ("text/", "application/json", "application/javascript", "application/xml")

Handler = Callable[[dict[str, Any], Any], dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class LambdaContext:
    """What Lambda tells a function about its invocation."""

    aws_request_id: str = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"
    function_name: str = "workflow-api"
    remaining_milliseconds: int = 30_000

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining_milliseconds


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What API Gateway makes of a function's answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    cookies: tuple[str, ...] = ()

    @property
    def json(self) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(self.body)
        return value


@dataclass(frozen=True, kw_only=True)
class Gateway:
    """Calls a handler as API Gateway does."""

    handler: Handler
    key: str | None = KEY
    address: str = "203.0.113.7"
    context: LambdaContext = field(default_factory=LambdaContext)
    waited_seconds: float = 0.0
    """How long requests have waited for the function to start."""

    def get(self, path: str, **headers: str) -> Answer:
        return self.request("GET", path, headers=headers)

    def post(
        self, path: str, body: str | bytes = b"", content_type: str = "application/json", **headers: str
    ) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.request("POST", path, body=body, headers={"content-type": content_type, **named})

    def request(
        self, method: str, path: str, *, body: str | bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        ours = {} if self.key is None else {"authorization": f"Bearer {self.key}"}
        event = gateway_event(method, path, body=body, headers={**ours, **(headers or {})})
        event["requestContext"]["http"]["sourceIp"] = self.address
        event["requestContext"]["timeEpoch"] -= int(1000 * self.waited_seconds)
        answer = self.handler(json.loads(json.dumps(event)), self.context)
        text: str = json.loads(json.dumps(answer))["body"]
        return Answer(
            status=answer["statusCode"],
            headers=answer.get("headers", {}),
            body=base64.b64decode(text) if answer["isBase64Encoded"] else text.encode(),
            cookies=tuple(answer.get("cookies", ())),
        )


def gateway_event(
    method: str, path: str, *, body: str | bytes = b"", headers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Make the event that API Gateway makes of a request; what is no text by its type travels as base64."""
    raw_path, _, query = path.partition("?")
    data = body.encode() if isinstance(body, str) else body
    sent = {"host": "abc123.execute-api.eu-west-1.amazonaws.com", "x-forwarded-proto": "https", **(headers or {})}
    as_text = sent.get("content-type", "").startswith(_TEXT)
    carried = {"body": data.decode() if as_text else base64.b64encode(data).decode()} if data else {}
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": raw_path,
        "rawQueryString": query,
        "headers": sent,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "abc123",
            "domainName": sent["host"],
            "domainPrefix": "abc123",
            "http": {
                "method": method,
                "path": unquote(raw_path),
                "protocol": "HTTP/1.1",
                "sourceIp": "203.0.113.7",
                "userAgent": "test",
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": "$default",
            "stage": "$default",
            "time": "01/Jan/2026:00:00:00 +0000",
            "timeEpoch": int(1000 * time.time()),
        },
        **carried,
        "isBase64Encoded": bool(data) and not as_text,
    }
