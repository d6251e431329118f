"""What the API's answers hold, as JSON Schema: for people who write clients, and for tests that hold the API to it.

Nothing is checked against these while the API runs: its answers are written where they are known.
"""

from typing import Any

from tailrace.event import EVENT_ID_PATTERN, MAX_CHANNEL_BYTES, WORKFLOW_ID_PATTERN
from tailrace.result import RunStatus

ID_PATTERN = f"^{WORKFLOW_ID_PATTERN}$"
CHANNEL_PATTERN = r"^[^$\r\n\u0000][^\r\n\u0000]*$"
_TEXT = {"type": "string"}
_TEXT_OR_NULL = {"type": ["string", "null"]}
_WORKFLOW_ID = {"type": "string", "pattern": ID_PATTERN}
_EVENT_ID_OR_NULL = {"type": ["string", "null"], "pattern": f"^{EVENT_ID_PATTERN}$"}


def reference(name: str) -> dict[str, str]:
    """How a document points to one of `SCHEMAS`."""
    return {"$ref": f"#/components/schemas/{name}"}


def _whole(*optional: str, **members: dict[str, Any]) -> dict[str, Any]:
    """An object that has these members and no others."""
    return _open(*optional, **members) | {"additionalProperties": False}


def _open(*optional: str, **members: dict[str, Any]) -> dict[str, Any]:
    """An object that has these members, and maybe others."""
    return {"type": "object", "properties": members, "required": [name for name in members if name not in optional]}


_WHO = {"trace_id": _TEXT, "workflow_id": _WORKFLOW_ID}

SCHEMAS: dict[str, dict[str, Any]] = {
    "Problem": _open(
        type={"type": "string", "description": "Of this API's: urn:tailrace:problem: and a kind."},
        title=_TEXT,
        status={"type": "integer"},
        detail={"type": "string", "description": "What happened, and what to do about it."},
    ),
    "FailedRun": {
        "allOf": [
            reference("Problem"),
            _open("run", "trace_id", run=reference("Run"), trace_id=_TEXT),
        ],
        "description": "Who holds a key gets the run; a stranger, the id by which its owner finds it.",
    },
    "GatewayMessage": {**_open(message=_TEXT), "description": "What API Gateway answers by itself."},
    "Run": _whole(
        "exit_reason",
        "error",
        "steps_omitted",
        "response_omitted",
        run_id=_TEXT,
        **_WHO,
        status={"type": "string", "enum": [each.value for each in RunStatus]},
        sent=_whole(count={"type": "integer", "minimum": 0}, first_id=_EVENT_ID_OR_NULL, last_id=_EVENT_ID_OR_NULL),
        stream_url=_TEXT,
        steps={"type": "object", "description": "By their names, what they returned and exported."},
        exit_reason=_TEXT,
        error=_whole(step=_TEXT, type=_TEXT, message=_TEXT),
        steps_omitted={"type": "string", "description": "Why `steps` is empty."},
        response_omitted={"type": "string", "description": "Why what `pd.respond` said is not the answer."},
    ),
    "RunOfStranger": _whole(**_WHO, status={"type": "string", "enum": [RunStatus.COMPLETED, RunStatus.EXITED]}),
    "AcceptedRun": _whole("stream_url", **_WHO, status={"const": "Accepted"}, stream_url=_TEXT),
    "Workflow": _whole(
        id=_WORKFLOW_ID,
        description=_TEXT_OR_NULL,
        steps={"type": "array", "items": _TEXT},
        schedule={"anyOf": [_whole(expression=_TEXT, timezone=_TEXT), {"type": "null"}]},
        public={"type": "boolean", "description": "Whether everybody may run it, without a key."},
        stream_url=_TEXT,
    ),
    "Workflows": _whole(
        workflows={"type": "array", "items": reference("Workflow")},
        import_failures={"type": "array", "items": _whole(module=_TEXT, reason=_TEXT)},
    ),
    "Cleared": _whole(
        workflow_id=_WORKFLOW_ID,
        cleared_to={**_EVENT_ID_OR_NULL, "description": "The newest event that is gone; null for an empty stream."},
        announced={"type": "boolean", "description": "Whether those who follow have been told at once."},
    ),
    "Token": _whole(token=_TEXT, expires_at={"type": "string", "format": "date-time"}, stream_url=_TEXT),
}

CHANNEL = {
    "type": "string",
    "pattern": CHANNEL_PATTERN,
    "minLength": 1,
    "maxLength": MAX_CHANNEL_BYTES,
    "description": f"At most {MAX_CHANNEL_BYTES} bytes of UTF-8.",
}
