"""An HTTP request as API Gateway's HTTP APIs give it to a Lambda function: payload format 2.0.

Where AWS's documentation is silent, this does what was observed: paths arrive decoded and query strings do not, and any
body but text/*, JSON, XML and JavaScript is base64, also a form's, and one without a content type.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qsl

_TEXT_TYPES = frozenset({"application/json", "application/javascript", "application/xml"})
_ACCOUNT = "123456789012"
_API = "local"
_ROUTE = "$default"
_STAGE = "$default"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """A request as a web server hands it over."""

    method: str
    path: str
    """Decoded."""
    query: str
    """As it was sent, without the question mark."""
    headers: Sequence[tuple[str, str]]
    """Names in lower case; a name may come more than once."""
    body: bytes
    source_ip: str
    protocol: str


def gateway_event(request: HttpRequest, *, request_id: str, port: int, now: float) -> dict[str, object]:
    """Write a request as the event that the function gets."""
    cookies, headers = _cookies_and_headers(request, port=port, request_id=request_id, now=now)
    text = _text(request.body, headers.get("content-type", ""))
    event: dict[str, object] = {
        "version": "2.0",
        "routeKey": _ROUTE,
        "rawPath": request.path,
        "rawQueryString": request.query,
        "headers": headers,
        "requestContext": _context(request, headers=headers, request_id=request_id, now=now),
        "isBase64Encoded": text is None,
    }
    if cookies:
        event["cookies"] = cookies
    if parameters := _joined(parse_qsl(request.query, keep_blank_values=True)):
        event["queryStringParameters"] = parameters
    if request.body:
        event["body"] = base64.b64encode(request.body).decode() if text is None else text
    return event


def _cookies_and_headers(
    request: HttpRequest, *, port: int, request_id: str, now: float
) -> tuple[list[str], dict[str, str]]:
    cookies = [
        cookie for name, value in request.headers if name == "cookie" for cookie in value.split("; ") if cookie.strip()
    ]
    headers = _joined([(name, value) for name, value in request.headers if name != "cookie"])
    forwarded = headers.get("x-forwarded-for")
    added = {
        "x-amzn-trace-id": f"Root=1-{int(now):08x}-{request_id.replace('-', '')[:24]}",
        "x-forwarded-for": f"{forwarded}, {request.source_ip}" if forwarded else request.source_ip,
        "x-forwarded-port": str(port),
        "x-forwarded-proto": "http",
    }
    return cookies, headers | added


def _joined(pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Bring what has the same name together, separated by commas."""
    joined: dict[str, str] = {}
    for name, value in pairs:
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def _context(request: HttpRequest, *, headers: Mapping[str, str], request_id: str, now: float) -> dict[str, object]:
    domain = headers.get("host", "")
    return {
        "accountId": _ACCOUNT,
        "apiId": _API,
        "domainName": domain,
        "domainPrefix": domain.partition(".")[0],
        "http": {
            "method": request.method,
            "path": request.path,
            "protocol": request.protocol,
            "sourceIp": request.source_ip,
            "userAgent": headers.get("user-agent", ""),
        },
        "requestId": request_id,
        "routeKey": _ROUTE,
        "stage": _STAGE,
        "time": datetime.fromtimestamp(now, UTC).strftime("%d/%b/%Y:%H:%M:%S %z"),
        "timeEpoch": int(now * 1000),
    }


def _text(body: bytes, content_type: str) -> str | None:
    """A body as text, or None where it travels as base64."""
    media_type = content_type.partition(";")[0].strip().lower()
    if body and media_type not in _TEXT_TYPES and not media_type.startswith("text/"):
        return None
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None
