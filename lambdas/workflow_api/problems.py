"""What the API answers when it cannot do what was asked: one shape for all errors, RFC 9457's problem details."""

from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Scope

from tailrace.errors import TailraceError
from tailrace.event import encode_json
from tailrace.unexpected import UnexpectedErrors

MEDIA_TYPE = "application/problem+json"
_METHODS = ("GET", "POST", "DELETE")


class Problem(TailraceError):
    """A request that ends in an error: its HTTP status, a kind for programs, a sentence for people."""

    def __init__(
        self,
        status: HTTPStatus,
        kind: str | None,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind
        """Words with hyphens; None where the status says it all."""
        self.headers = dict(headers or {})
        self.members = dict(members or {})
        """What else a program may want to know."""

    @property
    def response(self) -> Response:
        """The problem as a response."""
        document = {
            "type": "about:blank" if self.kind is None else f"urn:tailrace:problem:{self.kind}",
            "title": self.status.phrase if self.kind is None else self.kind.replace("-", " ").capitalize(),
            "status": self.status.value,
            "detail": str(self),
            **self.members,
        }
        return Response(encode_json(document), self.status, headers=self.headers, media_type=MEDIA_TYPE)


def answer_problems(app: FastAPI) -> None:
    """Make an application answer every error as a problem, also those that the framework finds by itself."""

    @app.exception_handler(Problem)
    async def answer_problem(_request: Request, problem: Problem) -> Response:
        return problem.response

    @app.exception_handler(HTTPException)
    async def answer_http_exception(request: Request, error: HTTPException) -> Response:
        status, headers = HTTPStatus(error.status_code), dict(error.headers or {})
        detail = f"{request.method} {request.url.path}: {error.detail}. GET /pipelines lists the workflows."
        if status is HTTPStatus.METHOD_NOT_ALLOWED:
            headers["Allow"] = ", ".join(_methods_at(request))
            detail = f"This path does not take {request.method}; it takes {headers['Allow']}."
        return Problem(status, None, detail, headers=headers).response

    @app.exception_handler(RequestValidationError)
    async def answer_invalid_request(_request: Request, error: RequestValidationError) -> Response:
        wrong = [{"where": ".".join(map(str, each["loc"])), "what": each["msg"]} for each in error.errors()]
        detail = "; ".join(f"{each['where']}: {each['what']}" for each in wrong)
        return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-request", detail, members={"errors": wrong}).response

    app.add_middleware(
        UnexpectedErrors,
        answer=lambda scope: _unexpected(scope).response,
        fields=lambda scope: {"request_id": request_id(scope)},
    )


def _methods_at(request: Request) -> list[str]:
    """The methods that a path takes: a router that refuses one names those of a single route."""
    tried = [(method, {**request.scope, "method": method}) for method in _METHODS]
    return [method for method, scope in tried if any(r.matches(scope)[0] is Match.FULL for r in request.app.routes)]


def request_id(scope: Scope) -> str | None:
    """The invocation's id, under which Lambda logs it."""
    return getattr(scope.get("aws.context"), "aws_request_id", None)


def _unexpected(scope: Scope) -> Problem:
    return Problem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "unexpected-error",
        "The API failed at something unexpected; its log says more under this request id.",
        members={"request_id": request_id(scope)},
    )
