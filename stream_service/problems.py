"""What a client is told when there can be no stream: problem details (RFC 9457), with what to do about it."""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Match

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_NOTHING_HERE = "There is nothing at this path. A stream is at /pipelines/{workflow id}/sse."


class Problem(HTTPException):
    """A request that is refused: its status, a kind for programs, a sentence for people."""

    def __init__(self, status: int, kind: str, detail: str, *, headers: dict[str, str]) -> None:
        super().__init__(status, detail, headers)
        self.kind = kind
        """Words with hyphens."""


def explain_errors(app: FastAPI) -> None:
    """Let every error of the application's be answered as a problem."""
    app.add_exception_handler(RequestValidationError, _explain_validation)
    app.add_exception_handler(HTTPException, _explain_status)


def problem(
    status: int, detail: str, *, kind: str | None = None, headers: dict[str, str] | None = None
) -> JSONResponse:
    """Make a problem's response; without a kind, the status says it all."""
    content = {
        "type": "about:blank" if kind is None else f"urn:tailrace:problem:{kind}",
        "title": HTTPStatus(status).phrase if kind is None else kind.replace("-", " ").capitalize(),
        "status": status,
        "detail": detail,
    }
    return JSONResponse(content, status, headers=headers, media_type="application/problem+json")


async def _explain_validation(_: Request, error: Exception) -> JSONResponse:
    wrong = error.errors() if isinstance(error, RequestValidationError) else []
    said = (f"{'.'.join(map(str, each['loc'][1:]))}: {_reason(each)}" for each in wrong)
    return problem(422, "; ".join(dict.fromkeys(said)))  # what two dependencies check is said once


def _reason(wrong: dict[str, Any]) -> str:
    if wrong["type"] == "bool_parsing":
        return "Input should be 0 or 1"
    return str(wrong["msg"]).removeprefix("Value error, ")


async def _explain_status(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        raise error
    if isinstance(error, Problem):
        return problem(error.status_code, error.detail, kind=error.kind, headers=dict(error.headers or {}))
    headers = dict(error.headers or {})
    detail = error.detail
    if error.status_code == HTTPStatus.NOT_FOUND:
        detail = _NOTHING_HERE
    elif error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(_methods_at(request))
        detail = f"This path does not take {request.method}; it takes {headers['Allow']}."
    return problem(error.status_code, detail, headers=headers)


def _methods_at(request: Request) -> list[str]:
    """The methods that a path takes: a router that refuses one names those of a single route."""
    routes = request.app.routes
    return [
        method
        for method in _METHODS
        if any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in routes)
    ]
