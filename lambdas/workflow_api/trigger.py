"""The event that starts a workflow: a request to the API, as Pipedream's HTTP trigger shows it to steps."""

import re
from collections.abc import Sequence
from urllib.parse import parse_qsl

from fastapi import Request

from lambdas.workflow_api.body import read_body
from lambdas.workflow_api.forms import gather
from tailrace.access import COOKIE

_OURS = frozenset({"authorization"})
"""What steps don't see: the API's key. A step may send its trigger on, to everybody who listens."""
_COOKIE = re.compile(rf"(^|[;,])[ \t]*{COOKIE}[ \t]*=[^;,]*")
"""Nor a subscriber's token, if one should come."""


def trigger_event(request: Request, body: bytes) -> dict[str, object]:
    """Make `pd.steps["trigger"]["event"]` of a request.

    Raises:
        Problem: 400 or 415, where the body cannot be read.
    """
    headers = request.headers
    return {
        "method": request.method,
        "path": request.url.path,
        "query": gather(parse_qsl(request.url.query, keep_blank_values=True)),
        "headers": {name: _shown(name, headers.getlist(name)) for name in headers if name not in _OURS},
        "client_ip": request.client.host if request.client else None,
        "url": str(request.url),
        "body": read_body(
            body,
            content_type=headers.get("content-type", ""),
            content_encoding=headers.get("content-encoding", ""),
        ),
    }


def _shown(name: str, values: Sequence[str]) -> str:
    text = ", ".join(values)
    return _COOKIE.sub("", text).lstrip(";, \t") if name == "cookie" else text
