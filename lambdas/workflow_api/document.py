"""The API's description of itself, as OpenAPI: what routes take, and every answer that they may give."""

from typing import Annotated, Any, TypeAlias

from fastapi import FastAPI, Path

from lambdas.workflow_api.preferences import KEY_PATTERN, MAX_KEY
from lambdas.workflow_api.schemas import ID_PATTERN, SCHEMAS, reference

Answers: TypeAlias = dict[int | str, dict[str, Any]]

WORKFLOW = Path(description="A workflow's id, such as p_hello.", json_schema_extra={"pattern": ID_PATTERN})
"""An id in a path, as it came: routes check it when they know who asks."""
WorkflowIdText = Annotated[str, WORKFLOW]

KEY: list[dict[str, list[str]]] = [{"key": []}]
KEY_OR_NONE: list[dict[str, list[str]]] = [{"key": []}, {}]
"""Of what strangers may do, too, where the workflow is public."""

IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": {"type": "string", "minLength": 1, "maxLength": MAX_KEY, "pattern": KEY_PATTERN},
    "description": "Names the request: sent again within a day, it is answered as it was, and nothing runs again.",
}
PREFER = {
    "name": "Prefer",
    "in": "header",
    "schema": {"type": "string"},
    "description": "`respond-async`: answer before the run.",
}

_TEXT = {"schema": {"type": "string"}}
_RETRY_AFTER = {"Retry-After": {"schema": {"type": "integer", "minimum": 0}, "description": "Seconds."}}
TRACE_ID = {"Tailrace-Trace-Id": {**_TEXT, "required": True, "description": "Of all tries of the run."}}
RUN_IDS = {**TRACE_ID, "Tailrace-Run-Id": {**_TEXT, "required": True, "description": "Of this try of the run."}}
_GATEWAY = "application/json", {"schema": reference("GatewayMessage")}
_PROBLEM = "application/problem+json", {"schema": reference("Problem")}


def answer(status: int, schema: dict[str, Any], description: str, headers: dict[str, Any] | None = None) -> Answers:
    """One answer of a route that did what it was asked for."""
    content = {"application/json": {"schema": schema}}
    return {status: {"description": description, "content": content, "headers": headers or {}}}


def refusal(
    status: int, description: str, headers: dict[str, Any] | None = None, *, schema: str = "Problem"
) -> Answers:
    """One answer of a route that did not."""
    content = {"application/problem+json": {"schema": reference(schema)}}
    return {status: {"description": description, "content": content, "headers": headers or {}}}


EVERY_REFUSAL: Answers = {
    **refusal(401, "There is no key, or it is none of the API's.", {"WWW-Authenticate": {**_TEXT, "required": True}}),
    **refusal(403, "The key may not do this: `missing` says which verb or workflow it lacks."),
    429: {
        "description": "This address, without a key, or this key has made too many requests in this minute; or API "
        "Gateway has too many at once, which it says in a message of its own.",
        "content": dict([_PROBLEM, _GATEWAY]),
        "headers": _RETRY_AFTER,
    },
    500: {"description": "Something failed that nobody expected.", "content": dict([_PROBLEM, _GATEWAY])},
    503: {
        "description": "Something that is needed does not answer; nothing was done unless it says so.",
        "content": dict([_PROBLEM, _GATEWAY]),
        "headers": _RETRY_AFTER,
    },
}
"""What every route may answer in place of what it is for."""
NO_ID = refusal(422, "That is no workflow's id.")
UNKNOWN = refusal(404, "There is no such workflow; `workflows` are those that the key may read.")
TOO_LARGE: Answers = {
    413: {"description": "The body is too large.", "content": dict([_PROBLEM, _GATEWAY])},
}
UNREADABLE: Answers = {
    **refusal(400, "The body is not what it says."),
    **refusal(415, "The body is of a kind that can't be read, or compressed."),
}
IN_PROGRESS = refusal(409, "The first request with this Idempotency-Key is still being answered.", _RETRY_AFTER)


class DescribedApi(FastAPI):
    """An application whose document has what routes refer to."""

    def openapi(self) -> dict[str, Any]:
        """The document, which is made once."""
        if self.openapi_schema is None:
            parts = super().openapi().setdefault("components", {})
            parts["schemas"] = SCHEMAS | parts.get("schemas", {})
            parts["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer", "description": "An API key."}}
        return super().openapi()
