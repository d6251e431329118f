"""The stream service's description of itself, as OpenAPI: every answer that its routes may give, and what is in it."""

from typing import Any, TypeAlias

from fastapi import FastAPI

from stream_service import sse
from stream_service.guard import PARAMETER
from stream_service.request_head import MAX_HEAD_BYTES
from tailrace.access import COOKIE
from tailrace.event import EVENT_ID_PATTERN, MAX_CHANNEL_BYTES, WORKFLOW_ID_PATTERN

Answers: TypeAlias = dict[int | str, dict[str, Any]]

_TEXT = {"type": "string"}
_ID = {"type": "string", "pattern": f"^{EVENT_ID_PATTERN}$"}
_LINK = {"type": ["string", "null"], "description": "An address of this service; null where there is nothing more."}


def _object(**members: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": members, "required": list(members), "additionalProperties": False}


_SCHEMAS: dict[str, dict[str, Any]] = {
    "Problem": _object(
        type={"type": "string", "description": "urn:tailrace:problem: and a kind, or about:blank."},
        title=_TEXT,
        status={"type": "integer"},
        detail={"type": "string", "description": "What is wrong, and what to do about it."},
    ),
    "Frame": {
        "type": "object",
        "properties": {
            "event": {"type": "string", "description": "The channel; with a $, it is this service that speaks."},
            "data": {"type": "string", "contentMediaType": "application/json"},
            "id": _ID,
            "retry": {"type": "integer", "minimum": 1000, "description": "Milliseconds; once, at the start."},
        },
        "required": ["event", "data", "id"],
    },
    "Event": _object(
        id=_ID,
        channel={"type": "string", "minLength": 1, "maxLength": MAX_CHANNEL_BYTES},
        recorded_at={"type": "string", "format": "date-time"},
        payload={},
    ),
    "Gap": _object(
        reason={"enum": ["expired", "cleared", "unknown"]},
        requested=_ID,
        next=_ID,
        missed={"type": ["integer", "null"], "minimum": 0},
    ),
    "Page": _object(
        workflow_id={"type": "string", "pattern": f"^{WORKFLOW_ID_PATTERN}$"},
        events={"type": "array", "items": {"$ref": "#/components/schemas/Event"}},
        gap={"anyOf": [{"$ref": "#/components/schemas/Gap"}, {"type": "null"}]},
        cursor={**_ID, "description": "Of the last event that was looked at: go on behind it."},
        next=_LINK,
        previous=_LINK,
    ),
}
_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "cookie": {"type": "apiKey", "in": "cookie", "name": COOKIE},
    "query": {"type": "apiKey", "in": "query", "name": PARAMETER},
}
_STREAMS = "streams"
"""The tag of what takes a token, where anything does."""
_RETRY_AFTER = {"Retry-After": {"required": True, "schema": {"type": "integer", "minimum": 1}}}


def _problem(description: str, **headers: dict[str, Any]) -> dict[str, Any]:
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {"description": description, "content": content, "headers": headers}


def _plain(description: str) -> dict[str, Any]:
    return {"description": description, "content": {"text/plain": {"schema": _TEXT}}}


_ANY: Answers = {
    400: _plain("That is no HTTP."),
    431: _plain(f"The request's first line and headers are more than {MAX_HEAD_BYTES:,} bytes."),
}
REFUSALS: Answers = {
    **_ANY,
    401: _problem(
        "A token is needed, and there is none, or it is not good.",
        **{"WWW-Authenticate": {"required": True, "schema": _TEXT}},
    ),
    403: _problem("The token is good, but for other streams, or for other channels."),
    422: _problem("The id, or a parameter, is not as it must be."),
}
"""How a stream, its page and its history are refused."""
STREAM: Answers = {
    200: {
        "description": "The stream, until one side ends it; where something passes by itself, that is at once.",
        "content": {sse.CONTENT_TYPE: {"itemSchema": {"$ref": "#/components/schemas/Frame"}}},
    },
    **REFUSALS,
}
_LIMITED: Answers = {
    429: _problem(
        "Too many come from this address, or with this subscriber's tokens, or for pages of history.", **_RETRY_AFTER
    )
}
HISTORY: Answers = {
    200: {"description": "A page.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Page"}}}},
    **REFUSALS,
    **_LIMITED,
    503: _problem("The event log, or the keys of tokens, can't be read at the moment.", **_RETRY_AFTER),
}


def _ready(*states: str) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": _object(status={"enum": list(states)})}}}


READY: Answers = {
    200: {**_ready("ready", "degraded"), "description": "They should; degraded, what is new may come late."},
    503: {**_ready("starting", "draining"), "description": "They should not."},
    **_ANY,
}
PLAIN: Answers = {200: _plain("As text."), **_ANY}


class DescribedService(FastAPI):
    """An application whose document has what its routes refer to."""

    def __init__(self, *, takes_tokens: bool, **options: Any) -> None:  # noqa: ANN401 (FastAPI's own)
        """Where streams take tokens, the document says so, and is not served: nobody without one has a use for it."""
        super().__init__(openapi_url=None if takes_tokens else "/openapi.json", **options)
        self._takes_tokens = takes_tokens

    def openapi(self) -> dict[str, Any]:
        """The document, which is made once."""
        if self.openapi_schema is None:
            document = super().openapi()
            parts = document.setdefault("components", {})
            parts["schemas"] = {**parts.get("schemas", {}), **_SCHEMAS}
            if self._takes_tokens:
                parts["securitySchemes"] = _SCHEMES
                for operation in (each for path in document["paths"].values() for each in path.values()):
                    if _STREAMS in operation["tags"]:
                        operation["security"] = [{name: []} for name in _SCHEMES]
        return super().openapi()
