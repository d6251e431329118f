"""What a client is told when there can be no stream: problem details (RFC 9457), with what to do about it."""

from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

_HINTS = {
    404: "There is nothing at this path. A stream is at /pipelines/{workflow id}/sse.",
    405: "This path does not take this method.",
}


def explain_errors(app: FastAPI) -> None:
    """Let every error of the application's be answered as a problem."""
    app.add_exception_handler(RequestValidationError, _explain_validation)
    app.add_exception_handler(HTTPException, _explain_status)


def problem(status: int, detail: str, *, headers: dict[str, str] | None = None) -> JSONResponse:
    """Make a problem's response."""
    content = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return JSONResponse(content, status, headers=headers, media_type="application/problem+json")


async def _explain_validation(_: Request, error: Exception) -> JSONResponse:
    wrong = error.errors() if isinstance(error, RequestValidationError) else []
    reasons = [f"{'.'.join(map(str, each['loc'][1:]))}: {each['msg'].removeprefix('Value error, ')}" for each in wrong]
    return problem(422, "; ".join(reasons))


async def _explain_status(_: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        raise error
    detail = _HINTS.get(error.status_code, error.detail)
    return problem(error.status_code, detail, headers=dict(error.headers or {}))
